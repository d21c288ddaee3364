import http from 'node:http';
import type { LookupFunction } from 'node:net';
import { systemCodeOf } from '../../domain/errors.ts';
import { checkedLookup } from './checked-lookup.ts';
import type { ReloadingAgent } from './reloading-agent.ts';
import { type RepeatableRequest, type SentRequest, sendRequest } from './sent-request.ts';
import type { SessionCookie } from './session-cookie.ts';

/** What becomes of a request over a connection that the other side has closed. */
const CLOSED: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE']);

/** Requests for pictures, with no other credentials than the cookie given. */
export class ImageRequests {
  readonly #https: ReloadingAgent;
  readonly #http = new http.Agent({ keepAlive: true, timeout: 20_000 });
  readonly #lookup: LookupFunction;

  constructor(httpsAgent: ReloadingAgent, lookup: LookupFunction | undefined) {
    this.#https = httpsAgent;
    this.#lookup = checkedLookup(lookup);
  }

  /** Once more on a new connection when an idle one was closed just then. */
  async send(url: URL, cookie: SessionCookie | undefined): Promise<RepeatableRequest> {
    let isRepeated = false;
    let current = await this.#sendOnce(url, cookie);
    const response = current.response.catch(async (thrown: unknown) => {
      if (!current.wasReused() || current.wasCancelled() || !CLOSED.has(systemCodeOf(thrown) ?? '')) throw thrown;
      isRepeated = true;
      current = await this.#sendOnce(url, cookie);
      return current.response;
    });
    response.catch(() => undefined);
    return {
      response,
      wasSent: () => isRepeated || current.wasSent(),
      wasRepeated: () => isRepeated,
      cancel: () => current.cancel(),
    };
  }

  close(): void {
    this.#https.close();
    this.#http.destroy();
  }

  async #sendOnce(url: URL, cookie: SessionCookie | undefined): Promise<SentRequest> {
    return sendRequest({
      ...{ url, method: 'GET', lookup: this.#lookup },
      agent: url.protocol === 'https:' ? await this.#https.current() : this.#http,
      headers: {
        accept: 'image/png, image/jpeg, image/webp, image/gif',
        'accept-encoding': 'identity',
        ...(cookie === undefined ? {} : { cookie: `${cookie.name}=${cookie.value}` }),
      },
    });
  }
}
