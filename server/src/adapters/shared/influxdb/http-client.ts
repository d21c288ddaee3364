import http from 'node:http';
import https from 'node:https';
import { resolve } from 'node:path';
import { rootCertificates } from 'node:tls';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { CodedError, messageOf, systemCodeOf } from '../../../domain/errors.ts';
import { maskSecrets } from '../mask-secrets.ts';
import { readAuthority } from './authority-file.ts';
import type { InfluxdbConnection } from './connection.ts';

const gzipped = promisify(gzip);

export interface HttpClientOptions extends Omit<InfluxdbConnection, 'server'> {
  readonly root: string;
  /** Sent with every request: the credentials. */
  readonly headers: Readonly<Record<string, string>>;
  /** Strings that appear in no error, whatever the server answers. */
  readonly secrets: readonly string[];
  /** Silence for this long ends a request. */
  readonly timeoutMs: number;
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** Sent compressed when it is `text/plain`, which is what lines are. */
  readonly body?: { readonly type: 'text/plain; charset=utf-8' | 'application/json'; readonly text: string };
}

export interface HttpReply {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly location: string | undefined;
  /** Without secrets. */
  readonly text: string;
  /** As it came, to look up names in: one of them may be that of a secret. Never for messages. */
  readonly unmasked: string;
}

/** Far more than any answer that matters. */
const MAX_REPLY_BYTES = 8 * 1024 * 1024;

/** One keep-alive connection to one server. */
export class HttpClient {
  readonly #options: HttpClientOptions;
  #agent: Promise<http.Agent> | undefined;

  constructor(options: HttpClientOptions) {
    this.#options = options;
  }

  /** `http://host:port`, for messages. */
  get address(): string {
    const { host, port, https: isHttps } = this.#options;
    return `${isHttps ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`;
  }

  /**
   * Any status is a reply.
   * @throws CodedError INFLUXDB_UNREACHABLE; DELIVERY_ABORTED; TLS_FILES_UNUSABLE
   */
  async request(request: HttpRequest, signal: AbortSignal): Promise<HttpReply> {
    const body = await bytesOf(request);
    for (let attempt = 1; ; attempt++) {
      if (signal.aborted) throw aborted();
      const agent = await this.#connection();
      try {
        return await this.#send(request, body, agent, signal);
      } catch (error) {
        if (signal.aborted) throw aborted();
        // the server may have closed an idle connection just then; a request that arrived twice changes nothing
        if (error instanceof StaleConnection && attempt === 1) continue;
        throw this.#unreachable(error instanceof StaleConnection ? error.cause : error);
      }
    }
  }

  async close(): Promise<void> {
    const agent = await this.#agent?.catch(() => undefined);
    this.#agent = undefined;
    agent?.destroy();
  }

  #connection(): Promise<http.Agent> {
    this.#agent ??= this.#createAgent().catch((error: unknown) => {
      this.#agent = undefined;
      throw error;
    });
    return this.#agent;
  }

  async #createAgent(): Promise<http.Agent> {
    const { https: isHttps, tls, root, setting } = this.#options;
    const pool = { keepAlive: true, maxSockets: 1, timeout: this.#options.timeoutMs };
    if (!isHttps) return new http.Agent(pool);
    const { rejectUnauthorized } = tls;
    if (tls.ca === undefined) return new https.Agent({ ...pool, rejectUnauthorized });
    const ca = await readAuthority(resolve(root, tls.ca), `${setting}.tls.ca`);
    return new https.Agent({ ...pool, rejectUnauthorized, ca: [...rootCertificates, ca] });
  }

  #send({ method, path, body: kind }: HttpRequest, body: Buffer | undefined, agent: http.Agent, signal: AbortSignal) {
    const { host, port, https: isHttps, headers, timeoutMs, secrets } = this.#options;
    const isLines = kind?.type === 'text/plain; charset=utf-8';
    const send = isHttps ? https.request : http.request;
    return new Promise<HttpReply>((settle, reject) => {
      const request = send({
        ...{ host, port, method, path, agent, signal, timeout: timeoutMs },
        headers: {
          accept: 'application/json',
          ...headers,
          ...(kind === undefined ? {} : { 'content-type': kind.type }),
          ...(isLines ? { 'content-encoding': 'gzip' } : {}),
          ...(method === 'POST' ? { 'content-length': body?.length ?? 0 } : {}),
        },
      });
      request.on('timeout', () => request.destroy(new Error(`no answer within ${timeoutMs} ms`)));
      request.on('error', (error) => {
        const isStale = request.reusedSocket && ['ECONNRESET', 'EPIPE'].includes(systemCodeOf(error) ?? '');
        reject(isStale ? new StaleConnection('stale', { cause: error }) : error);
      });
      request.on('response', (response) => {
        textOf(response).then((text) => {
          const { 'retry-after': retryAfter, location } = response.headers;
          const masked = maskSecrets(text, secrets);
          settle({ status: response.statusCode ?? 0, retryAfter, location, text: masked, unmasked: text });
        }, reject);
      });
      request.end(body);
    });
  }

  #unreachable(error: unknown): CodedError {
    if (error instanceof CodedError) return error;
    const { host, port, secrets, setting } = this.#options;
    const reason = maskSecrets(messageOf(error) || (systemCodeOf(error) ?? 'the connection failed'), secrets);
    const code = systemCodeOf(error);
    const advice = UNTRUSTED.test(code ?? '')
      ? `Name the file of its authority in ${setting}.tls.ca, and the host as its certificate does.`
      : 'Is it running, and are host, port and https right?';
    return new CodedError('INFLUXDB_UNREACHABLE', `InfluxDB at ${this.address} gave no answer (${reason}). ${advice}`, {
      host,
      port,
      reason: code,
    });
  }
}

/** What Node calls a certificate that cannot be verified. */
const UNTRUSTED = /^(?:UNABLE_TO_|ERR_TLS_CERT_|DEPTH_ZERO_|SELF_SIGNED_|CERT_)/;

class StaleConnection extends Error {}

async function bytesOf({ body }: HttpRequest): Promise<Buffer | undefined> {
  if (body === undefined) return undefined;
  return body.type === 'application/json' ? Buffer.from(body.text) : gzipped(body.text, { level: 1 });
}

async function textOf(response: http.IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > MAX_REPLY_BYTES) throw new Error('the answer is too long to be one of InfluxDB');
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function aborted(): CodedError {
  return new CodedError('DELIVERY_ABORTED', 'The delivery was interrupted; it will be repeated.');
}
