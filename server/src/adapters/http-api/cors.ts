import type { IncomingHttpHeaders } from 'node:http';

const EXPOSED_HEADERS = 'Retry-After, x-ratelimit-limit, x-ratelimit-remaining, x-ratelimit-reset';
const METHODS = 'GET, POST, OPTIONS';
const REQUEST_HEADERS = 'Authorization, Content-Type, X-Audit-QS-Version';
/** Seconds; more than this Chrome does not remember. */
const MAX_AGE = '7200';

/** Headers as a flat list of names and values, as `writeHead` takes them without copying. */
export type HeaderList = readonly string[];

/** Which web pages may read our answers. Credentials are never allowed: the token is a header of its own. */
export class Cors {
  readonly #any: boolean;
  /** In the spelling that browsers send. */
  readonly #origins: ReadonlySet<string>;

  constructor(allowedOrigins: readonly string[]) {
    this.#any = allowedOrigins.includes('*');
    this.#origins = new Set(allowedOrigins.map((origin) => origin.toLowerCase().replace(/\/+$/, '')));
  }

  /** `*`, the request's own origin when it is allowed, or undefined. */
  allowedOrigin(origin: string | undefined): string | undefined {
    if (this.#any) return '*';
    return origin !== undefined && this.#origins.has(origin) ? origin : undefined;
  }

  /** For every answer, those about errors too: without them the script sees only "network error". */
  headers(allowedOrigin: string | undefined): HeaderList {
    const vary = this.#any || this.#origins.size === 0 ? [] : ['Vary', 'Origin'];
    if (allowedOrigin === undefined) return vary;
    return [...vary, 'Access-Control-Allow-Origin', allowedOrigin, 'Access-Control-Expose-Headers', EXPOSED_HEADERS];
  }

  /** In addition, for the answer to a preflight. */
  preflightHeaders(allowedOrigin: string | undefined, request: IncomingHttpHeaders): HeaderList {
    if (allowedOrigin === undefined) return [];
    const headers = [
      'Access-Control-Allow-Methods',
      METHODS,
      'Access-Control-Allow-Headers',
      REQUEST_HEADERS,
      'Access-Control-Max-Age',
      MAX_AGE,
    ];
    const privateNetwork = request['access-control-request-private-network'] === 'true';
    return privateNetwork ? [...headers, 'Access-Control-Allow-Private-Network', 'true'] : headers;
  }
}
