import { randomInt } from 'node:crypto';
import { CodedError } from '../../domain/errors.ts';
import type { Clock } from '../../pipeline/ports/clock.ts';
import type { QlikSession } from '../../pipeline/ports/screenshots.ts';
import { startDeadline, unlessAborted } from './deadline.ts';
import { type LoginUser, nameOf } from './login-user.ts';
import { connectionProblem, failed, type Problem, retry, retryAfterMs, sessionLimitProblem } from './problems.ts';
import type { ReloadingAgent } from './reloading-agent.ts';
import { readStart, sendRequest } from './sent-request.ts';

export interface QpsAddress {
  readonly host: string;
  readonly port: number;
}

export type TicketAnswer =
  | { readonly kind: 'ticket'; readonly ticket: string }
  | { readonly kind: 'problem'; readonly problem: Problem };

export type EndAnswer =
  | { readonly kind: 'ended' }
  /** It may still be there, and asking again would change nothing: Qlik Sense ends it when it has been idle for long. */
  | { readonly kind: 'refused'; readonly problem: Problem }
  /** It may still be there; try again later. */
  | { readonly kind: 'kept'; readonly problem: Problem };

interface QpsReply {
  readonly status: number;
  readonly body: string;
  readonly afterMs: number | undefined;
}

const MAX_REPLY_BYTES = 65_536;
const KEY_LETTERS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** The Qlik Proxy Service (facts: "QPS ticket and session API"). No answer of it, nor a ticket, is in any message. */
export class QpsClient {
  readonly #agent: ReloadingAgent;
  readonly #clock: Clock;
  readonly #timeoutMs: number;

  constructor(parts: { readonly agent: ReloadingAgent; readonly clock: Clock; readonly timeoutMs: number }) {
    this.#agent = parts.agent;
    this.#clock = parts.clock;
    this.#timeoutMs = parts.timeoutMs;
  }

  /** @param virtualProxy empty: the default one */
  async requestTicket(
    address: QpsAddress,
    virtualProxy: string,
    user: LoginUser,
    signal: AbortSignal,
  ): Promise<TicketAnswer> {
    const body = { UserDirectory: user.directory.trim(), UserId: user.id.trim(), Attributes: [] };
    const reply = await this.#call(address, 'POST', pathOf(virtualProxy, 'ticket'), JSON.stringify(body), signal);
    if ('kind' in reply) return { kind: 'problem', problem: reply };
    const ticket = reply.status === 200 || reply.status === 201 ? ticketIn(reply.body) : undefined;
    if (ticket !== undefined) return { kind: 'ticket', ticket };
    return { kind: 'problem', problem: refusalOf(reply, address, virtualProxy, user) };
  }

  async endSession(session: QlikSession, signal: AbortSignal): Promise<EndAnswer> {
    const path = pathOf(session.virtualProxy, `session/${encodeURIComponent(session.sessionId)}`);
    const reply = await this.#call(session, 'DELETE', path, undefined, signal);
    if ('kind' in reply) return { kind: 'kept', problem: reply };
    const { status, afterMs } = reply;
    // 404: it has ended by itself
    if ((status >= 200 && status < 300) || status === 404) return { kind: 'ended' };
    if (status === 401 || status === 403) return { kind: 'kept', problem: notAccepted(reply, session) };
    const message = `The Qlik Proxy Service at ${session.host}:${session.port} could not end a session (${status}).`;
    const isPassing = status >= 500 || status === 429 || status === 408;
    return { kind: isPassing ? 'kept' : 'refused', problem: retry('qps-failed', message, afterMs) };
  }

  close(): void {
    this.#agent.close();
  }

  async #call(
    { host, port }: QpsAddress,
    method: 'POST' | 'DELETE',
    path: string,
    body: string | undefined,
    outer: AbortSignal,
  ): Promise<QpsReply | Problem> {
    const key = Array.from({ length: 16 }, () => KEY_LETTERS[randomInt(KEY_LETTERS.length)]).join('');
    const deadline = startDeadline(this.#clock, this.#timeoutMs, outer);
    try {
      const sent = sendRequest({
        ...{ method, agent: await this.#agent.current(), url: urlOf(host, port, `${path}?Xrfkey=${key}`) },
        headers: {
          'x-qlik-xrfkey': key,
          ...(body === undefined
            ? {}
            : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
        },
        ...(body === undefined ? {} : { body }),
      });
      deadline.signal.addEventListener('abort', sent.cancel);
      const reply = await unlessAborted(
        sent.response.then(async (response) => ({
          status: response.statusCode ?? 0,
          afterMs: retryAfterMs(response.headers['retry-after'], this.#clock.now()),
          body: await readStart(response, MAX_REPLY_BYTES),
        })),
        deadline.signal,
      );
      if (reply !== undefined) return reply;
    } catch (thrown) {
      if (thrown instanceof CodedError) return retry('certificates-unusable', thrown.message);
      if (!deadline.signal.aborted) return connectionProblem(thrown, { role: 'qps', host, port });
    } finally {
      deadline.cancel();
    }
    if (!deadline.isOver()) return retry('stopped', 'The server is stopping.');
    return retry(
      'qps-timed-out',
      `The Qlik Proxy Service at ${host}:${port} gave no answer within ${this.#timeoutMs} ms.`,
    );
  }
}

function urlOf(host: string, port: number, path: string): URL {
  return new URL(`https://${host.includes(':') ? `[${host}]` : host}:${port}${path}`);
}

function pathOf(virtualProxy: string, call: string): string {
  const segments = virtualProxy.split('/').filter((segment) => segment !== '');
  return ['/qps', ...segments.map(encodeURIComponent), call].join('/');
}

function ticketIn(body: string): string | undefined {
  try {
    const { Ticket: ticket } = JSON.parse(body) as { readonly Ticket?: unknown };
    return typeof ticket === 'string' && /^[\x21-\x7e]+$/.test(ticket) ? ticket : undefined;
  } catch {
    return undefined;
  }
}

function refusalOf(reply: QpsReply, address: QpsAddress, virtualProxy: string, user: LoginUser): Problem {
  const { status, body, afterMs } = reply;
  const who = `The Qlik Proxy Service at ${address.host}:${address.port}`;
  const said = xrfkeyProblem(reply, address) ?? sessionLimitProblem(status < 300 ? '' : body, address.host, afterMs);
  if (said !== undefined) return said;
  const name = virtualProxy === '' ? 'the default virtual proxy' : `the virtual proxy "${virtualProxy}"`;
  if (status === 404 || (status === 400 && /virtual.?proxy/i.test(body))) {
    const advice = 'Set auth.qps.virtualProxy to a prefix that the QMC shows for this proxy.';
    return failed('virtual-proxy-unknown', `${who} does not know ${name}. ${advice}`);
  }
  if (status === 400) {
    const orProxy = virtualProxy === '' ? '' : `, or does not know ${name}`;
    const what = `it does not take such a name${orProxy}`;
    return failed('qps-user-refused', `${who} gives no ticket for ${nameOf(user)}: ${what}.`);
  }
  if (status === 401 || status === 403) return notAccepted(reply, address);
  const what =
    status < 300 ? 'with something that is no ticket. Is that port the one of the Proxy Service?' : `${status}.`;
  return retry('qps-failed', `${who} answered ${what}`, afterMs);
}

/** The Xrfkey has not come through, whatever the status. */
function xrfkeyProblem({ status, body }: QpsReply, { host, port }: QpsAddress): Problem | undefined {
  if (status < 400 || !/xsrf|xrfkey/i.test(body)) return undefined;
  const advice =
    'Something between here and there, a reverse proxy say, takes the header X-Qlik-Xrfkey or the query away.';
  return retry('qps-xrfkey', `The Qlik Proxy Service at ${host}:${port} misses the Xrfkey (${status}). ${advice}`);
}

/** 401 and 403. */
function notAccepted(reply: QpsReply, address: QpsAddress): Problem {
  const who = `The Qlik Proxy Service at ${address.host}:${address.port}`;
  const advice =
    'Export the client certificate from the QMC of this very site; a reverse proxy in between must pass X-Qlik-Xrfkey on.';
  return (
    xrfkeyProblem(reply, address) ??
    retry('qps-client-certificate', `${who} does not accept the client certificate (${reply.status}). ${advice}`)
  );
}
