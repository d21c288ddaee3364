import type { IncomingMessage } from 'node:http';
import type { LookupFunction } from 'node:net';
import { CodedError } from '../../domain/errors.ts';
import { CountedWarnings } from '../../pipeline/counted-warnings.ts';
import type { Clock } from '../../pipeline/ports/clock.ts';
import type { Logger } from '../../pipeline/ports/logger.ts';
import type { Metrics } from '../../pipeline/ports/metrics.ts';
import type {
  DownloadOutcome,
  QlikSessions,
  ScreenshotRequest,
  ScreenshotSource,
} from '../../pipeline/ports/screenshots.ts';
import { createImageAgent, createQpsAgent } from './certificates.ts';
import { type Deadline, startDeadline, unlessAborted } from './deadline.ts';
import { type DownloadPlan, DownloadRules } from './download-rules.ts';
import { portOf } from './host-rules.ts';
import { fetchImage, type ImageAnswer } from './image-fetch.ts';
import { ImageRequests } from './image-requests.ts';
import type { ScreenshotSourceOptions } from './options.ts';
import { sessionOfOverdueTicket } from './overdue-ticket.ts';
import { connectionProblem, failed, isFromOutside, type Problem, retry, withoutSecrets } from './problems.ts';
import { QpsClient } from './qps-client.ts';
import type { RepeatableRequest } from './sent-request.ts';
import { type SessionCookie, sessionCookieIn } from './session-cookie.ts';
import { type Opening, type SessionKey, SessionPool } from './session-pool.ts';
import { sayAtStart } from './startup-warnings.ts';

export interface ScreenshotSourceParts {
  /** Sessions in it at the start were left by a crash: they are ended. */
  readonly sessions: QlikSessions;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** How names become addresses; default: as the system does it. */
  readonly lookup?: LookupFunction;
}

/**
 * Pictures from Qlik Sense. Downloads may start at once; what an earlier run left open is ended in the background. What
 * fails is told by its outcome, and logged by whoever asked for the picture.
 */
export function createScreenshotSource(
  options: ScreenshotSourceOptions,
  parts: ScreenshotSourceParts,
): ScreenshotSource {
  return new QlikScreenshotSource(options, parts);
}

/** One call of `download`. */
interface Attempt {
  readonly deadline: Deadline;
  /** Tickets and cookies that no message may hold, and no other address may get. */
  readonly secrets: Set<string>;
  /** Broken off with the attempt. */
  readonly responses: Set<IncomingMessage>;
}

class QlikScreenshotSource implements ScreenshotSource {
  readonly #options: ScreenshotSourceOptions;
  readonly #parts: ScreenshotSourceParts;
  readonly #rules: DownloadRules;
  readonly #warnings: CountedWarnings;
  readonly #requests: ImageRequests;
  readonly #qps: QpsClient;
  readonly #pool: SessionPool;
  readonly #closing = new AbortController();

  constructor(options: ScreenshotSourceOptions, parts: ScreenshotSourceParts) {
    const { auth, rejectUnauthorized } = options;
    const { clock, logger } = parts;
    const tls = { cert: auth.qps.cert, rejectUnauthorized };
    this.#options = options;
    this.#parts = parts;
    this.#warnings = new CountedWarnings(clock);
    this.#rules = new DownloadRules(options);
    this.#requests = new ImageRequests(createImageAgent(tls, logger), clock, parts.lookup);
    this.#qps = new QpsClient({ agent: createQpsAgent(tls, logger), clock, timeoutMs: auth.qps.ticketTimeoutMs });
    this.#pool = new SessionPool({
      ...parts,
      endSession: (session, signal) => this.#qps.endSession(session, signal),
      ttlMs: auth.sessionCache.enable ? auth.sessionCache.ttlSeconds * 1000 : 0,
      maxEntries: auth.sessionCache.maxEntries,
    });
    sayAtStart(options, this.#rules.hosts, logger);
    void this.#pool.endLeftOver();
  }

  async download(request: ScreenshotRequest, signal: AbortSignal): Promise<DownloadOutcome> {
    const plan = this.#rules.plan(request);
    if (plan.kind === 'problem') return plan.problem;
    const { downloadTimeoutMs, auth } = this.#options;
    const timeoutMs = downloadTimeoutMs + (plan.kind === 'login' ? auth.qps.ticketTimeoutMs : 0);
    const outer = AbortSignal.any([signal, this.#closing.signal]);
    const deadline = startDeadline(this.#parts.clock, timeoutMs, outer);
    const attempt: Attempt = { deadline, secrets: new Set(), responses: new Set() };
    const stop = () => {
      for (const response of attempt.responses) response.destroy();
    };
    deadline.signal.addEventListener('abort', stop, { once: true });
    try {
      const outcome = plan.kind === 'plain' ? await this.#plain(plan, attempt) : await this.#asUser(plan, attempt);
      if (outcome.kind === 'downloaded') return outcome;
      if (deadline.signal.aborted) return this.#tooLate(attempt, plan.url);
      return withoutSecrets(outcome, attempt.secrets);
    } catch (thrown) {
      if (deadline.signal.aborted) return this.#tooLate(attempt, plan.url);
      if (thrown instanceof CodedError) return retry('state-failed', thrown.message);
      if (!isFromOutside(thrown)) throw thrown;
      return connectionProblem(thrown, peerOf(plan.url));
    } finally {
      deadline.cancel();
      stop();
    }
  }

  async close(deadlineMs: number): Promise<void> {
    this.#closing.abort();
    await this.#pool.close(deadlineMs);
    this.#warnings.flush();
    this.#qps.close();
    this.#requests.close();
  }

  async #plain({ url, whyNoLogin }: DownloadPlan & { kind: 'plain' }, attempt: Attempt): Promise<DownloadOutcome> {
    const { outcome, wantsLogin } = await this.#fetch(url, undefined, undefined, attempt);
    if (!wantsLogin || whyNoLogin === undefined) return outcome;
    return failed('login-not-allowed', `${url.host} wants a log-in, and no ticket may go to that URL: ${whyNoLogin}.`);
  }

  /** A session that is no longer good is dropped, and one new ticket tried. */
  async #asUser({ url, key }: DownloadPlan & { kind: 'login' }, attempt: Attempt): Promise<DownloadOutcome> {
    const open = () => this.#redeem(url, key, attempt);
    for (let isSecond = false; ; isSecond = true) {
      const acquired = await this.#pool.acquire(key, open, attempt.deadline.signal);
      if (acquired.kind === 'problem') return acquired.problem;
      if (acquired.kind === 'aborted') return this.#tooLate(attempt, url);
      const lease = acquired.kind === 'lease' ? acquired.lease : undefined;
      if (lease !== undefined) attempt.secrets.add(lease.cookie.value);
      try {
        const { outcome, wantsLogin } = await this.#fetch(url, acquired.first, lease?.cookie, attempt);
        // to a log-in of another host, most likely
        const isLedAway = lease?.isFresh === false && reasonOf(outcome) === 'redirect-not-allowed';
        const isGone = wantsLogin || isLedAway;
        if (isGone) lease?.drop();
        if (outcome.kind === 'downloaded' && acquired.kind === 'none') this.#sayIfLost(acquired.first, attempt);
        if (!isGone || lease === undefined || lease.isFresh || isSecond) return outcome;
      } finally {
        lease?.release();
      }
    }
  }

  /** The ticket goes to the picture's own address, once; the answer brings the session. */
  async #redeem(url: URL, key: SessionKey, attempt: Attempt): Promise<Opening<IncomingMessage>> {
    const { signal } = attempt.deadline;
    const answer = await this.#qps.requestTicket(key, key.virtualProxy, key.user, signal);
    if (answer.kind === 'problem') return { ...answer, isShared: !signal.aborted };
    const { ticket } = answer;
    attempt.secrets.add(ticket);
    const withTicket = new URL(url);
    withTicket.search += `${withTicket.search === '' ? '?' : '&'}qlikTicket=${encodeURIComponent(ticket)}`;
    const sent = await this.#requests.redeem(withTicket, signal);
    let problem: Problem | undefined;
    try {
      const first = await unlessAborted(sent.response, signal);
      if (first !== undefined) {
        attempt.responses.add(first);
        const cookie = this.#cookieIn(first, key);
        if (cookie !== undefined) attempt.secrets.add(cookie.value);
        if (cookie !== undefined || !isLost(first, sent)) return { kind: 'opened', cookie, first };
        problem = lostAnswer(url, first);
      }
    } catch (thrown) {
      problem = connectionProblem(thrown, peerOf(url));
    }
    problem ??= this.#tooLate(attempt, url);
    if (!sent.wasSent()) {
      sent.cancel();
      return { kind: 'problem', problem, isShared: false };
    }
    const over = new AbortController();
    const late = sessionOfOverdueTicket({
      ...{ first: sent, clock: this.#parts.clock, closing: this.#closing.signal, signal: over.signal },
      sendAgain: () => this.#requests.sendOnce(withTicket),
      cookieIn: (response) => this.#cookieIn(response, key),
      isLost: (response) => isLost(response, sent),
    });
    return { kind: 'doubt', problem, late, cancel: () => over.abort() };
  }

  /** A session that nobody will end: people are locked out at five. The picture came, so no outcome tells. */
  #sayIfLost({ headers }: IncomingMessage, { secrets }: Attempt): void {
    const names = (headers['set-cookie'] ?? []).map((text) => text.split('=')[0]?.trim());
    if (names.length === 0) return;
    const message = `Qlik Sense set the cookies ${names.join(', ')}; none is known as that of a session, so each picture leaves a session open. Set auth.sessionCookieName to the session cookie header name that the QMC shows for the virtual proxy.`;
    const { reason, message: safe } = withoutSecrets(retry('session-cookie-unknown', message), secrets);
    this.#warnings.add(reason, (count) => this.#parts.logger.warn({ reason, count }, safe));
  }

  #cookieIn(response: IncomingMessage, { virtualProxy }: SessionKey): SessionCookie | undefined {
    return sessionCookieIn(response.headers['set-cookie'] ?? [], {
      configuredName: this.#options.auth.sessionCookieName,
      virtualProxy,
      nowMs: this.#parts.clock.now(),
    });
  }

  /** @param first the answer to a request for this URL, where there is one already */
  async #fetch(
    url: URL,
    first: IncomingMessage | undefined,
    cookie: SessionCookie | undefined,
    attempt: Attempt,
  ): Promise<ImageAnswer> {
    return fetchImage(
      { url, response: first ?? (await this.#ask(url, cookie, attempt)) },
      {
        ask: async (next) => (this.#isBarred(next, attempt) ? undefined : await this.#ask(next, cookie, attempt)),
        maxImageBytes: this.#options.maxImageBytes,
        nowMs: () => this.#parts.clock.now(),
      },
    );
  }

  /** A redirect: where no picture may come from, or that carries what was sent before. */
  #isBarred(url: URL, { secrets }: Attempt): boolean {
    const text = decodedText(url);
    return (
      this.#rules.refusalOf(url) !== undefined || [...secrets].some((secret) => text.includes(secret.toLowerCase()))
    );
  }

  /** The cookie goes along only where it may. */
  async #ask(url: URL, cookie: SessionCookie | undefined, attempt: Attempt): Promise<IncomingMessage> {
    const { signal } = attempt.deadline;
    const sent = await this.#requests.send(url, this.#rules.whyNoCredentials(url) === undefined ? cookie : undefined);
    const response = await unlessAborted(sent.response, signal);
    if (response === undefined) {
      sent.cancel();
      throw new Error('aborted');
    }
    attempt.responses.add(response);
    return response;
  }

  #tooLate({ deadline }: Attempt, url: URL): Problem {
    if (!deadline.isOver()) return retry('stopped', 'The download was interrupted.');
    const { downloadTimeoutMs } = this.#options;
    return retry('timed-out', `The picture did not come from ${url.host} within ${downloadTimeoutMs} ms.`);
  }
}

function reasonOf(outcome: DownloadOutcome): string | undefined {
  return outcome.kind === 'downloaded' ? undefined : outcome.reason;
}

/**
 * An answer without a session, although there may be one: a connection broke and the ticket was sent once more, or a
 * gateway gave up waiting for Qlik Sense. (502 is said most often of a Qlik Sense that was not reached.)
 */
function isLost({ statusCode }: IncomingMessage, sent: RepeatableRequest): boolean {
  return sent.wasRepeated() || statusCode === 504;
}

function lostAnswer({ host }: URL, { statusCode }: IncomingMessage): Problem {
  if (statusCode === 504)
    return retry('http-504', `${host} answers 504 to a log-in: Qlik Sense did not answer in time.`);
  return retry('connection-failed', `The connection to ${host} broke before its answer to a log-in came.`);
}

function peerOf(url: URL) {
  return { role: 'image host', host: url.hostname, port: portOf(url) } as const;
}

/** For a search: lower case, percent-encoding undone where it can be. */
function decodedText(url: URL): string {
  try {
    return decodeURIComponent(url.href).toLowerCase();
  } catch {
    return url.href.toLowerCase();
  }
}
