import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { SIMULATED_VERSION } from './envelope.ts';

export interface AuditClientOptions {
  /** `http://host:port`, with a path in front of `/api` where a proxy adds one. */
  readonly url: string;
  readonly token?: string;
  /** Sockets that are kept open; default 64. */
  readonly connections?: number;
  /** https only: PEM of the authority that signed the server's certificate. */
  readonly ca?: string;
}

export interface Answer {
  readonly status: number;
  readonly body: string;
  /** From `Retry-After`, seconds or a date; undefined without one. */
  readonly retryAfterMs?: number;
}

/** The part of HTTP that Audit.qs uses, over connections that stay open. */
export class AuditClient {
  readonly #base: URL;
  readonly #token: string | undefined;
  readonly #agent: HttpAgent;
  readonly #request: typeof requestHttp;

  /** @throws TypeError for something that is not an http or https URL */
  constructor(options: AuditClientOptions) {
    this.#base = new URL(options.url.replace(/\/*$/, '/'));
    const secure = this.#base.protocol === 'https:';
    if (!secure && this.#base.protocol !== 'http:') throw new TypeError(`not an http or https URL: ${options.url}`);
    this.#token = options.token;
    const agentOptions = { keepAlive: true, maxSockets: options.connections ?? 64 };
    this.#agent = secure
      ? new HttpsAgent({ ...agentOptions, ...(options.ca === undefined ? {} : { ca: options.ca }) })
      : new HttpAgent(agentOptions);
    this.#request = secure ? requestHttps : requestHttp;
  }

  /** `GET /api/v1/test-connection`. Rejects when there is no connection. */
  testConnection(signal: AbortSignal): Promise<Answer> {
    return this.#send('GET', 'api/v1/test-connection', undefined, signal);
  }

  /** One envelope as JSON text. Rejects when there is no connection or the signal aborts. */
  postEvent(body: string, signal: AbortSignal): Promise<Answer> {
    return this.#send('POST', 'api/v1/audit-event', body, signal);
  }

  /** A JSON array of envelopes. */
  postEvents(bodies: readonly string[], signal: AbortSignal): Promise<Answer> {
    return this.#send('POST', 'api/v1/audit-events', `[${bodies.join(',')}]`, signal);
  }

  close(): void {
    this.#agent.destroy();
  }

  #send(method: string, path: string, body: string | undefined, signal: AbortSignal): Promise<Answer> {
    const headers = {
      'x-audit-qs-version': SIMULATED_VERSION,
      ...(this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` }),
      ...(body === undefined
        ? {}
        : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }),
    };
    return new Promise((resolve, reject) => {
      const options = { method, agent: this.#agent, headers, signal };
      const outgoing = this.#request(new URL(path, this.#base), options, (response) =>
        readAnswer(response).then(resolve, reject),
      );
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  }
}

async function readAnswer(response: IncomingMessage): Promise<Answer> {
  response.setEncoding('utf8');
  let body = '';
  for await (const chunk of response) body += chunk;
  const retryAfterMs = parseRetryAfter(response.headers['retry-after'], Date.now());
  return { status: response.statusCode ?? 0, body, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}

/** RFC 9110: delay in seconds, or a date. */
export function parseRetryAfter(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d+$/.test(header.trim())) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs);
}
