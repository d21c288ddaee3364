import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { firstVersion } from '../../domain/compatibility.ts';
import { toIsoString } from '../../domain/epoch-millis.ts';
import { messageOf } from '../../domain/errors.ts';
import { CountedWarnings } from '../../pipeline/counted-warnings.ts';
import type { Ingest, Sender } from '../../pipeline/ingest.ts';
import type { Clock } from '../../pipeline/ports/clock.ts';
import type { Logger } from '../../pipeline/ports/logger.ts';
import type { Metrics } from '../../pipeline/ports/metrics.ts';
import { RateLimit } from '../../pipeline/rate-limit.ts';
import { INTERNAL_ERROR, type Refusal, rateLimited } from '../../pipeline/refusal.ts';
import { batchBody } from './batch-reply.ts';
import { BearerTokens } from './bearer-token.ts';
import { type BodyOutcome, BodyReader } from './body-reader.ts';
import { ClientAddresses, plainAddress } from './client-address.ts';
import { type BodyFormat, formatOf } from './content-type.ts';
import { Cors } from './cors.ts';
import type { HttpApiOptions } from './options.ts';
import { Replies } from './replies.ts';

export interface HttpApiParts {
  readonly ingest: Ingest;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** What is remembered of a connection, so that the next request on it costs less. */
interface Connection {
  readonly peer: string;
  /** To the newest request. */
  response: ServerResponse;
  /** A header that was found to hold a right token: who sends it again has it. */
  authorization: string | undefined;
  clientKey: string;
}

export interface ConnectionState {
  /** `silent`: no request came yet; `answered early`: it was refused before the whole of it was there. */
  readonly stage: 'silent' | 'arriving' | 'awaits answer' | 'answered early' | 'answered';
  /** Of that request. */
  readonly origin: string | undefined;
}

/** A request on its way through the checks. */
interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly origin: string | undefined;
  readonly ip: string;
  /** Under which its events are counted. */
  readonly clientKey: string;
}

const ONE_EVENT: readonly BodyFormat[] = ['json'];
const BATCH: readonly BodyFormat[] = ['json', 'lines'];
const EVENT = '/api/v1/audit-event';
const EVENTS = '/api/v1/audit-events';
const TEST_CONNECTION = '/api/v1/test-connection';
const METHODS: ReadonlyMap<string, string> = new Map([
  [EVENT, 'POST'],
  [EVENTS, 'POST'],
  [TEST_CONNECTION, 'GET'],
]);

/**
 * The routes of the ingest port. The order of the checks is part of the API: rate limit, bearer token, size, then what
 * `Ingest` checks.
 */
export class RequestHandler {
  readonly replies: Replies;
  readonly #parts: HttpApiParts;
  readonly #options: HttpApiOptions;
  readonly #cors: Cors;
  readonly #tokens: BearerTokens;
  readonly #addresses: ClientAddresses;
  readonly #bodies: BodyReader;
  readonly #rateLimit: RateLimit | undefined;
  readonly #warnings: CountedWarnings;
  readonly #connections = new WeakMap<Socket, Connection>();
  /** To clients that wait until they are asked for their body. */
  readonly #expecting = new WeakSet<ServerResponse>();

  constructor(options: HttpApiOptions, parts: HttpApiParts) {
    this.#options = options;
    this.#parts = parts;
    this.#cors = new Cors(options.cors.allowedOrigins);
    this.#tokens = new BearerTokens(options.apiTokens);
    this.#addresses = new ClientAddresses(options.trustProxy);
    this.#bodies = new BodyReader(options.maxBodyBytes);
    if (options.rateLimit.enable) this.#rateLimit = new RateLimit(options.rateLimit.maxPerMinute, parts.clock);
    this.#warnings = new CountedWarnings(parts.clock);
    this.replies = new Replies(this.#cors, parts, options.tls.enable && options.tls.hsts);
  }

  handle(request: IncomingMessage, response: ServerResponse): void {
    try {
      this.#route(request, response);
    } catch (error) {
      this.#fail(response, request.headers.origin, error);
    }
  }

  /**
   * `Expect: 100-continue`: the body is asked for when it will be read. A client that gets a refusal instead may send it or
   * not, so that nothing can follow on that connection.
   */
  handleExpecting(request: IncomingMessage, response: ServerResponse): void {
    this.#expecting.add(response);
    response.shouldKeepAlive = false;
    this.handle(request, response);
  }

  /** `Expect:` something other than `100-continue`. */
  refuseExpectation(request: IncomingMessage, response: ServerResponse): void {
    this.replies.refused(response, request.headers.origin, EXPECTATION_FAILED);
  }

  /** Where the newest request of a connection stands, for an answer outside of it. */
  stateOf(socket: Socket): ConnectionState {
    const response = this.#connections.get(socket)?.response;
    if (response === undefined) return { stage: 'silent', origin: undefined };
    const { complete } = response.req;
    const answered = complete ? 'answered' : 'answered early';
    const stage = response.writableEnded ? answered : complete ? 'awaits answer' : 'arriving';
    return { stage, origin: response.req.headers.origin };
  }

  sayDueWarnings(): void {
    this.#warnings.sayDue();
  }

  /** Says what has been counted and not yet said. */
  close(): void {
    this.#warnings.flush();
  }

  #route(request: IncomingMessage, response: ServerResponse): void {
    const { url = '/', method, headers } = request;
    const { origin } = headers;
    if (method === 'POST' && url === EVENT) {
      this.#postEvent(request, response);
      return;
    }
    const path = pathOf(url);
    const allowed = METHODS.get(path);
    if (method === 'OPTIONS') {
      const preflight = this.#cors.preflightHeaders(this.#cors.allowedOrigin(origin), headers);
      this.replies.noContent(response, origin, ['Allow', allowOf(allowed), ...preflight]);
    } else if (allowed === undefined) {
      this.replies.refused(response, origin, NOT_FOUND);
    } else if (allowed !== (method === 'HEAD' ? 'GET' : method)) {
      this.replies.refused(response, origin, METHOD_NOT_ALLOWED, ['Allow', allowOf(allowed)]);
    } else if (path === EVENT) {
      this.#postEvent(request, response);
    } else if (path === EVENTS) {
      this.#postEvents(request, response);
    } else {
      this.#testConnection(request, response);
    }
  }

  #postEvent(request: IncomingMessage, response: ServerResponse): void {
    const exchange = this.#enter(request, response, 1);
    if (exchange === undefined) return;
    this.#withBody(exchange, ONE_EVENT, (body) => {
      const sender = this.#senderOf(exchange);
      this.#parts.ingest.accept(body, sender).then(
        (refusal) => {
          if (refusal === undefined) this.replies.accepted(response, exchange.origin, sender.receivedAt);
          else this.replies.refused(response, exchange.origin, refusal);
        },
        (error: unknown) => this.#fail(response, exchange.origin, error),
      );
    });
  }

  #postEvents(request: IncomingMessage, response: ServerResponse): void {
    const exchange = this.#enter(request, response, 1);
    if (exchange === undefined) return;
    this.#withBody(exchange, BATCH, (body, format) => {
      this.#acceptBatch(exchange, body, format).catch((error: unknown) => this.#fail(response, exchange.origin, error));
    });
  }

  async #acceptBatch(exchange: Exchange, body: Buffer, format: BodyFormat): Promise<void> {
    const { response, origin } = exchange;
    const sender = this.#senderOf(exchange);
    const outcome = await this.#parts.ingest.acceptBatch({
      body,
      format: format === 'lines' ? 'lines' : 'array',
      sender,
      admit: (count) => this.#admitMore(exchange, count),
    });
    if (outcome.kind === 'refused') {
      this.replies.refused(response, origin, outcome.refusal);
      return;
    }
    const retryAfter = outcome.verdicts.find(({ refusal }) => refusal?.retryAfterSeconds !== undefined)?.refusal;
    const extra = retryAfter === undefined ? [] : ['Retry-After', String(retryAfter.retryAfterSeconds)];
    this.replies.json(response, origin, 200, batchBody(outcome.verdicts, sender.receivedAt, this.replies), extra);
  }

  /** The first event of a batch was counted at the door. */
  #admitMore({ clientKey, ip }: Exchange, count: number): { granted: number; beyond: Refusal | undefined } {
    if (this.#rateLimit === undefined || count === 0) return { granted: count, beyond: undefined };
    const granted = 1 + this.#rateLimit.take(clientKey, count - 1);
    if (granted === count) return { granted, beyond: undefined };
    this.#warnOf('rate limit', ip, 'events were refused: their client sends more than rateLimit.maxPerMinute');
    return { granted, beyond: rateLimited(this.#rateLimit.state(clientKey)) };
  }

  #testConnection(request: IncomingMessage, response: ServerResponse): void {
    const exchange = this.#enter(request, response, 0);
    if (exchange === undefined) return;
    const { compatibility } = this.#parts.ingest;
    const { butlerSosVersion } = compatibility;
    const auditQsVersion = versionOf(request) ?? null;
    // a version that is not told cannot be vouched for
    const compatible = auditQsVersion !== null && compatibility.isCompatible(auditQsVersion);
    this.#parts.logger.debug({ ip: exchange.ip, auditQsVersion, compatible }, 'connection test');
    if (auditQsVersion !== null && !compatible) {
      this.#warnOf('version', exchange.ip, 'a connection test came from an incompatible Audit.qs version');
    }
    const timestamp = toIsoString(this.#parts.clock.now());
    const message = 'Butler SOS Audit API is reachable';
    const body = JSON.stringify({ status: 'ok', message, timestamp, butlerSosVersion, auditQsVersion, compatible });
    this.replies.json(response, exchange.origin, 200, body);
  }

  /** Rate limit and token; undefined: the request has been answered. `events` are counted against the limit. */
  #enter(request: IncomingMessage, response: ServerResponse, events: number): Exchange | undefined {
    const { authorization, origin } = request.headers;
    const connection = this.#connectionOf(request, response);
    const known = this.#tokens.open || (authorization !== undefined && authorization === connection.authorization);
    const token = known ? undefined : this.#tokens.match(authorization);
    const authorized = known || token !== undefined;
    let ip = connection.peer;
    if (this.#addresses.trustsProxies) ip = this.#addresses.clientAddress(ip, forwardedFor(request));
    if (!known && authorized) {
      connection.authorization = authorization;
      connection.clientKey = `${connection.peer} ${token}`;
    }
    // those without a right token share the account of their address, whatever they send
    const clientKey = !authorized
      ? ip
      : ip === connection.peer
        ? connection.clientKey
        : `${ip} ${connection.clientKey}`;
    if (!this.#withinRate(clientKey, authorized ? events : 1)) {
      this.#warnOf('rate limit', ip, 'requests were refused: their client sends more than rateLimit.maxPerMinute');
      this.replies.refused(response, origin, this.#rateLimitRefusal(clientKey));
      return undefined;
    }
    if (!authorized) {
      this.#warnOf('unauthorized', ip, 'requests without a right token were refused');
      this.replies.refused(response, origin, UNAUTHORIZED);
      return undefined;
    }
    return { request, response, origin, ip, clientKey };
  }

  #withinRate(clientKey: string, events: number): boolean {
    if (this.#rateLimit === undefined) return true;
    return events === 0 ? this.#rateLimit.state(clientKey).remaining > 0 : this.#rateLimit.take(clientKey, events) > 0;
  }

  #rateLimitRefusal(clientKey: string): Refusal {
    return this.#rateLimit === undefined ? INTERNAL_ERROR : rateLimited(this.#rateLimit.state(clientKey));
  }

  /** Size and type, then the body. */
  #withBody(exchange: Exchange, formats: readonly BodyFormat[], use: (body: Buffer, format: BodyFormat) => void): void {
    const { request, response, origin } = exchange;
    const { headers } = request;
    const length = headers['content-length'];
    if (length !== undefined && Number(length) > this.#options.maxBodyBytes) {
      this.#refuseSize(exchange);
      return;
    }
    const format = formatOf(headers['content-type'] ?? '');
    const isPlain = (headers['content-encoding'] ?? 'identity').toLowerCase() === 'identity';
    if (format === 'charset' || format === undefined || !formats.includes(format) || !isPlain) {
      this.replies.refused(response, origin, format === 'charset' ? UNSUPPORTED_CHARSET : unsupportedType(formats));
      return;
    }
    if (headers.expect !== undefined && this.#expecting.has(response)) {
      response.shouldKeepAlive = !/\bclose\b/i.test(headers.connection ?? '');
      response.writeContinue();
    }
    this.#bodies.read(request, (outcome: BodyOutcome) => {
      if (outcome === 'too large') this.#refuseSize(exchange);
      else if (outcome === 'too many') this.replies.refused(response, origin, TOO_MANY_BODIES);
      else this.#use(exchange, () => use(outcome, format));
    });
  }

  #use({ response, origin }: Exchange, step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#fail(response, origin, error);
    }
  }

  #refuseSize({ response, origin, ip }: Exchange): void {
    const limitBytes = this.#options.maxBodyBytes;
    this.#parts.ingest.countOversize();
    this.#warnOf('size', ip, 'requests were refused: their body is larger than maxBodyBytes');
    this.replies.refused(response, origin, {
      status: 413,
      outcome: 'dropped',
      reason: `Body is too large: the limit is ${limitBytes} bytes`,
      details: { limitBytes },
    });
  }

  /** Called when the body is there: that is when an event has been received. */
  #senderOf({ request, ip }: Exchange): Sender {
    return { ip, auditQsVersion: versionOf(request), receivedAt: this.#parts.clock.now() };
  }

  #connectionOf(request: IncomingMessage, response: ServerResponse): Connection {
    const { socket } = request;
    let connection = this.#connections.get(socket);
    if (connection === undefined) {
      const peer = plainAddress(socket.remoteAddress ?? 'unknown');
      connection = { peer, response, authorization: undefined, clientKey: peer };
      this.#connections.set(socket, connection);
    }
    connection.response = response;
    return connection;
  }

  #warnOf(what: string, ip: string, message: string): void {
    this.#warnings.add(`${what}\n${ip}`, (count) => this.#parts.logger.warn({ ip, count }, message));
  }

  #fail(response: ServerResponse, origin: string | undefined, error: unknown): void {
    const cause = error instanceof Error ? error.stack : messageOf(error);
    this.#warnings.add(`defect\n${messageOf(error)}`, (count) =>
      this.#parts.logger.error({ code: 'DEFECT', cause, count }, 'requests failed inside; please report it'),
    );
    if (response.headersSent) response.destroy();
    else this.replies.refused(response, origin, INTERNAL_ERROR);
  }
}

const NOT_FOUND: Refusal = { status: 404, outcome: 'error', reason: 'Not found' };
const METHOD_NOT_ALLOWED: Refusal = { status: 405, outcome: 'error', reason: 'Method not allowed' };
const UNAUTHORIZED: Refusal = { status: 401, outcome: 'dropped', reason: 'Unauthorized' };
const UNSUPPORTED_CHARSET: Refusal = {
  status: 415,
  outcome: 'dropped',
  reason: 'Unsupported charset: send UTF-8',
};
const EXPECTATION_FAILED: Refusal = { status: 417, outcome: 'error', reason: 'Expectation failed: only 100-continue' };
const TOO_MANY_BODIES: Refusal = {
  status: 503,
  outcome: 'dropped',
  reason: 'Too many large requests at a time',
  retryAfterSeconds: 5,
};

function unsupportedType(formats: readonly BodyFormat[]): Refusal {
  const types = formats.includes('lines') ? 'application/json or application/x-ndjson' : 'application/json';
  return { status: 415, outcome: 'dropped', reason: `Unsupported media type: send ${types}, not compressed` };
}

/** Of a request target in either form: `/path?query`, or with scheme and host before it (RFC 9112, section 3.2.2). */
function pathOf(target: string): string {
  const url = target.startsWith('/') ? target : target.replace(/^https?:\/\/[^/?]*/i, '');
  const query = url.indexOf('?');
  return query === -1 ? url : url.slice(0, query);
}

function allowOf(method: string | undefined): string {
  if (method === undefined) return 'OPTIONS';
  return `${method === 'GET' ? 'GET, HEAD' : method}, OPTIONS`;
}

function forwardedFor({ headers }: IncomingMessage): string | undefined {
  const value = headers['x-forwarded-for'];
  return Array.isArray(value) ? value.join(',') : value;
}

function versionOf({ headers }: IncomingMessage): string | undefined {
  const version = headers['x-audit-qs-version'];
  return firstVersion(Array.isArray(version) ? version[0] : version);
}
