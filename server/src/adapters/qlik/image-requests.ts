import http, { type IncomingMessage } from 'node:http';
import type { LookupFunction } from 'node:net';
import { systemCodeOf } from '../../domain/errors.ts';
import type { Clock } from '../../pipeline/ports/clock.ts';
import { checkedLookup } from './checked-lookup.ts';
import type { ReloadingAgent } from './reloading-agent.ts';
import { type RepeatableRequest, type SentRequest, sendRequest } from './sent-request.ts';
import type { SessionCookie } from './session-cookie.ts';

/** What becomes of a request over a connection that the other side has closed. */
const CLOSED: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE']);

/** Within the minute that a ticket lives. */
const TICKET_PAUSES_MS = [0, 1000, 3000];

/** Requests for pictures, with no other credentials than the cookie given. */
export class ImageRequests {
  readonly #https: ReloadingAgent;
  readonly #http = new http.Agent({ keepAlive: true, timeout: 20_000 });
  readonly #clock: Clock;
  readonly #lookup: LookupFunction;

  constructor(httpsAgent: ReloadingAgent, clock: Clock, lookup: LookupFunction | undefined) {
    this.#https = httpsAgent;
    this.#clock = clock;
    this.#lookup = checkedLookup(lookup);
  }

  /** Once more on a new connection when an idle one was closed just then. */
  send(url: URL, cookie: SessionCookie | undefined): Promise<RepeatableRequest> {
    return this.#send(url, cookie, undefined);
  }

  /**
   * The same ticket again when the connection breaks: it is good for one session, so the answer tells whether the first
   * try has brought one.
   */
  redeem(withTicket: URL, signal: AbortSignal): Promise<RepeatableRequest> {
    return this.#send(withTicket, undefined, signal);
  }

  /** Not repeated, whatever becomes of it. */
  sendOnce(url: URL): Promise<SentRequest> {
    return this.#sendOnce(url, undefined);
  }

  /** @param redeeming until when a ticket may be sent again; undefined: there is none */
  async #send(
    url: URL,
    cookie: SessionCookie | undefined,
    redeeming: AbortSignal | undefined,
  ): Promise<RepeatableRequest> {
    let repeats = 0;
    let current = await this.#sendOnce(url, cookie);
    const pausesMs = redeeming === undefined ? [0] : TICKET_PAUSES_MS;
    const isOver = () => current.wasCancelled() || redeeming?.aborted === true;
    const again = async (thrown: unknown): Promise<IncomingMessage> => {
      const pauseMs = pausesMs[repeats];
      const isBroken = repeats > 0 || CLOSED.has(systemCodeOf(thrown) ?? '');
      const mayRepeat = isBroken && (redeeming !== undefined || current.wasReused());
      if (pauseMs === undefined || !mayRepeat || isOver()) throw thrown;
      if (pauseMs > 0 && redeeming !== undefined) await this.#clock.sleep(pauseMs, redeeming);
      if (isOver()) throw thrown;
      repeats++;
      current = await this.#sendOnce(url, cookie);
      return current.response.catch(again);
    };
    const response = current.response.catch(again);
    response.catch(() => undefined);
    return {
      response,
      wasSent: () => repeats > 0 || current.wasSent(),
      wasRepeated: () => repeats > 0,
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
