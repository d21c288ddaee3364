import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../pipeline/ports/clock.ts';
import type { SentRequest } from './sent-request.ts';
import type { SessionCookie } from './session-cookie.ts';

type Overdue = Pick<SentRequest, 'response' | 'wasSent' | 'cancel'>;

export interface OverdueTicket {
  /** The request that had the ticket first. */
  readonly first: Overdue;
  /** Sends the same ticket over another connection. */
  readonly sendAgain: () => Promise<SentRequest>;
  readonly cookieIn: (response: IncomingMessage) => SessionCookie | undefined;
  /** An answer has no session, although there may be one. */
  readonly isLost: (response: IncomingMessage) => boolean;
  readonly clock: Pick<Clock, 'sleep'>;
  /** Aborts when the server stops: nothing is asked any more. */
  readonly closing: AbortSignal;
  /** Aborts when nobody waits any more. */
  readonly signal: AbortSignal;
}

/** A ticket lives for a minute; some of that has gone before it is overdue. Each may keep a connection to a host that hangs. */
const PAUSES_MS = [5_000, 10_000, 10_000, 10_000];

/**
 * The session of a ticket whose answer has not come in time. While the ticket lives it is sent again: it is good for one
 * session, so whichever answer brings a cookie settles it, and a host that hung gets its session once it is back.
 * @returns undefined: there is none. @throws when there may be one that no answer can bring any more
 */
export function sessionOfOverdueTicket(ticket: OverdueTicket): Promise<SessionCookie | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<SessionCookie | undefined>();
  const asking = new AbortController();
  const again: SentRequest[] = [];
  let open = 0;
  let isUnsure = false;
  const settle = () => {
    if (open > 0 || !asking.signal.aborted) return;
    if (isUnsure) reject(new Error('the answer to the ticket is lost'));
    else resolve(undefined);
  };
  const end = () => {
    asking.abort();
    for (const request of [ticket.first, ...again]) request.cancel();
  };
  const listen = async (request: Overdue) => {
    open++;
    try {
      const answer = await request.response;
      answer.destroy();
      const cookie = ticket.cookieIn(answer);
      if (cookie !== undefined) {
        resolve(cookie);
        end();
      }
      const isLost = ticket.isLost(answer);
      isUnsure ||= isLost;
      // the ticket was looked at: whatever it brought has come, or comes with another answer
      if ((request === ticket.first && !isLost) || (answer.statusCode ?? 500) < 500) asking.abort();
    } catch {
      isUnsure ||= request.wasSent();
    }
    open--;
    settle();
  };
  const askNoMore = () => asking.abort();
  if (ticket.closing.aborted) askNoMore();
  ticket.closing.addEventListener('abort', askNoMore);
  ticket.signal.addEventListener('abort', end, { once: true });
  void listen(ticket.first);
  void askAgain(ticket, asking.signal, (request) => {
    again.push(request);
    void listen(request);
  })
    .catch(() => undefined) // no certificates to ask with: the first request decides
    .then(() => {
      asking.abort();
      ticket.closing.removeEventListener('abort', askNoMore);
      settle();
    });
  return promise;
}

async function askAgain(
  { clock, sendAgain }: OverdueTicket,
  signal: AbortSignal,
  sent: (request: SentRequest) => void,
): Promise<void> {
  for (const pauseMs of PAUSES_MS) {
    await clock.sleep(pauseMs, signal);
    if (signal.aborted) return;
    const request = await sendAgain();
    if (signal.aborted) return request.cancel();
    sent(request);
  }
}
