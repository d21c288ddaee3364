import { type ServerResponse, STATUS_CODES } from 'node:http';
import { type EpochMillis, toIsoString } from '../../domain/epoch-millis.ts';
import type { Clock } from '../../pipeline/ports/clock.ts';
import type { Counter, Metrics } from '../../pipeline/ports/metrics.ts';
import type { Refusal } from '../../pipeline/refusal.ts';
import type { Cors, HeaderList } from './cors.ts';

const SECURITY_HEADERS: HeaderList = [
  'X-Content-Type-Options',
  'nosniff',
  'Cache-Control',
  'no-store',
  'Content-Security-Policy',
  "default-src 'none'",
  'Referrer-Policy',
  'no-referrer',
];
const HSTS: HeaderList = ['Strict-Transport-Security', 'max-age=31536000'];
const JSON_TYPE: HeaderList = ['Content-Type', 'application/json; charset=utf-8'];

/** Counted from 0 on: alerts on an increase do not see the first refusals of a series that begins with them. */
const WATCHED = [202, 400, 401, 413, 415, 422, 429, 500, 503];

const ACCEPTED_LENGTH = acceptedBody('0000-00-00T00:00:00.000Z').length;

interface OriginHeaders {
  readonly common: HeaderList;
  /** The whole head of the answer that almost every request gets. */
  readonly accepted: HeaderList;
}

/** Writes every answer of the port: bodies of one shape, the same security and CORS headers on all of them. */
export class Replies {
  readonly #cors: Cors;
  readonly #clock: Clock;
  readonly #metrics: Metrics;
  readonly #security: HeaderList;
  readonly #byOrigin = new Map<string | undefined, OriginHeaders>();
  readonly #counters = new Map<number, Counter>();
  readonly #accepted: Counter;
  #closing = false;
  /** Many requests arrive in one millisecond. */
  #receivedAt: EpochMillis | undefined;
  #acceptedBody = '';

  constructor(cors: Cors, parts: { readonly clock: Clock; readonly metrics: Metrics }, hsts: boolean) {
    this.#cors = cors;
    this.#clock = parts.clock;
    this.#metrics = parts.metrics;
    this.#security = hsts ? [...SECURITY_HEADERS, ...HSTS] : SECURITY_HEADERS;
    for (const status of WATCHED) this.#counter(status);
    this.#accepted = this.#counter(202);
  }

  /** From now on every answer ends its connection. */
  closeConnections(): void {
    this.#closing = true;
  }

  accepted(response: ServerResponse, origin: string | undefined, receivedAt: EpochMillis): void {
    this.#accepted.add();
    if (this.#closing) response.shouldKeepAlive = false;
    response.writeHead(202, this.#headersFor(origin).accepted as string[]);
    // plain ASCII: head and body leave in one write
    response.end(this.acceptedBody(receivedAt), 'latin1');
  }

  refused(response: ServerResponse, origin: string | undefined, refusal: Refusal, extra: HeaderList = []): void {
    this.json(response, origin, refusal.status, this.refusalBody(refusal), [...refusalHeaders(refusal), ...extra]);
  }

  json(
    response: ServerResponse,
    origin: string | undefined,
    status: number,
    body: string,
    extra: HeaderList = [],
  ): void {
    this.#counter(status).add();
    if (response.headersSent) return;
    if (this.#closing) response.shouldKeepAlive = false;
    const length = ['Content-Length', String(Buffer.byteLength(body))];
    response.writeHead(status, [...this.#headersFor(origin).common, ...JSON_TYPE, ...extra, ...length]);
    response.end(body);
  }

  noContent(response: ServerResponse, origin: string | undefined, extra: HeaderList): void {
    this.#counter(204).add();
    if (this.#closing) response.shouldKeepAlive = false;
    response.writeHead(204, [...this.#headersFor(origin).common, ...extra]);
    response.end();
  }

  /** A whole answer as text, for a connection on which no request could be read; it ends the connection. */
  raw(origin: string | undefined, refusal: Refusal): string {
    this.#counter(refusal.status).add();
    const body = this.refusalBody(refusal);
    const headers = [...this.#headersFor(origin).common, ...JSON_TYPE, ...refusalHeaders(refusal)];
    headers.push('Content-Length', String(Buffer.byteLength(body)), 'Connection', 'close');
    const lines = [`HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status]}`];
    for (let i = 0; i < headers.length; i += 2) lines.push(`${headers[i]}: ${headers[i + 1]}`);
    return `${lines.join('\r\n')}\r\n\r\n${body}`;
  }

  refusalBody({ outcome, reason, details }: Refusal): string {
    const receivedAt = toIsoString(this.#clock.now());
    return JSON.stringify({ status: 'error', receivedAt, outcome, reason, details });
  }

  acceptedBody(receivedAt: EpochMillis): string {
    if (receivedAt !== this.#receivedAt) {
      this.#receivedAt = receivedAt;
      this.#acceptedBody = acceptedBody(toIsoString(receivedAt));
    }
    return this.#acceptedBody;
  }

  #headersFor(origin: string | undefined): OriginHeaders {
    // the set of allowed origins bounds this map
    const allowed = this.#cors.allowedOrigin(origin);
    const known = this.#byOrigin.get(allowed);
    if (known !== undefined) return known;
    const common = [...this.#security, ...this.#cors.headers(allowed)];
    const headers = { common, accepted: [...common, ...JSON_TYPE, 'Content-Length', String(ACCEPTED_LENGTH)] };
    this.#byOrigin.set(allowed, headers);
    return headers;
  }

  #counter(status: number): Counter {
    let counter = this.#counters.get(status);
    if (counter === undefined) {
      counter = this.#metrics.counter('butler_sos_audit_http_responses_total', 'Answers of the ingest port.', {
        status: String(status),
      });
      this.#counters.set(status, counter);
    }
    return counter;
  }
}

function acceptedBody(receivedAt: string): string {
  return `{"status":"accepted","receivedAt":"${receivedAt}","outcome":"processed"}`;
}

function refusalHeaders({ status, retryAfterSeconds, rateLimit }: Refusal): HeaderList {
  const headers: string[] = [];
  if (status === 401) headers.push('WWW-Authenticate', 'Bearer');
  if (retryAfterSeconds !== undefined) headers.push('Retry-After', String(retryAfterSeconds));
  if (rateLimit !== undefined) {
    headers.push('x-ratelimit-limit', String(rateLimit.limit));
    headers.push('x-ratelimit-remaining', String(rateLimit.remaining));
    headers.push('x-ratelimit-reset', String(rateLimit.resetSeconds));
  }
  return headers;
}
