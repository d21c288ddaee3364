import { messageOf } from '../../domain/errors.ts';
import type { Clock } from '../../pipeline/ports/clock.ts';
import type { Logger } from '../../pipeline/ports/logger.ts';
import type { Gauge, Metrics } from '../../pipeline/ports/metrics.ts';
import type { QlikSession, QlikSessions } from '../../pipeline/ports/screenshots.ts';
import { startDeadline, unlessAborted } from './deadline.ts';
import { type LoginUser, nameOf, sameUserName } from './login-user.ts';
import { type Problem, retry } from './problems.ts';
import type { EndAnswer } from './qps-client.ts';
import type { SessionCookie } from './session-cookie.ts';

/** Whose session, and at which virtual proxy. A user of one Qlik Proxy Service never has more than one of ours, at whichever. */
export interface SessionKey {
  readonly host: string;
  readonly port: number;
  readonly virtualProxy: string;
  readonly user: LoginUser;
}

/** What came of redeeming a ticket. `first`: whatever the caller wants back, the answer to its own request. */
export type Opening<T> =
  | { readonly kind: 'opened'; readonly cookie: SessionCookie | undefined; readonly first: T }
  /** `isShared`: it would be the same for everybody who waits for this session. */
  | { readonly kind: 'problem'; readonly problem: Problem; readonly isShared: boolean }
  /** The ticket was sent, and no answer came: there may be a session. */
  | {
      readonly kind: 'doubt';
      readonly problem: Problem;
      /** Its cookie, if it comes after all; undefined: none was made. Rejects when no answer can come any more. */
      readonly late: Promise<SessionCookie | undefined>;
      cancel(): void;
    };

/** A session in use. `release` it once; it may be ended right then. */
export interface Lease {
  readonly cookie: SessionCookie;
  /** It was opened for this caller. */
  readonly isFresh: boolean;
  /** It is good for nothing any more: nobody else gets it. */
  drop(): void;
  release(): void;
}

export type Acquired<T> =
  | { readonly kind: 'lease'; readonly lease: Lease; readonly first: T | undefined }
  /** The ticket was taken, but no session given. */
  | { readonly kind: 'none'; readonly first: T }
  | { readonly kind: 'problem'; readonly problem: Problem }
  | { readonly kind: 'aborted' };

export interface SessionPoolParts {
  readonly endSession: (session: QlikSession, signal: AbortSignal) => Promise<EndAnswer>;
  readonly sessions: QlikSessions;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** 0: a session ends as soon as nobody uses it. */
  readonly ttlMs: number;
  readonly maxEntries: number;
}

/**
 * How long an answer to a ticket is waited for in the background. Meanwhile that user gets no other session: an idle one
 * lives for half an hour, and people are locked out at five.
 */
const LATE_ANSWER_MS = 600_000;

/** 15 s, 30 s … 10 minutes: 45 minutes in all. */
const FIRST_KEPT_PAUSE_MS = 15_000;
const KEPT_TRIES = 9;

interface Entry {
  readonly id: string;
  readonly key: SessionKey;
  /** `lost`: as `doubt`, but nothing will come that settles it. */
  state: 'opening' | 'doubt' | 'lost' | 'open' | 'leaving' | 'ending';
  cookie?: SessionCookie;
  users: number;
  /** Order of use. */
  used: number;
  readonly timer: AbortController;
  /** Resolves at the next change of state, with the problem of an opening that failed for everybody. */
  changed: PromiseWithResolvers<Problem | undefined>;
}

/** The sessions that are open, opening or ending; those in the durable database are at least these. */
export class SessionPool {
  readonly #parts: SessionPoolParts;
  readonly #entries = new Map<string, Entry>();
  /** By session id: ended once, however many ask for it. */
  readonly #endings = new Map<string, Promise<EndAnswer>>();
  readonly #stopped = new AbortController();
  readonly #open: Gauge;
  /** Sessions of which it was said that they could not be ended. */
  readonly #complained = new Set<string>();
  #isTryingAgain = false;
  #isClosing = false;
  #uses = 0;

  constructor(parts: SessionPoolParts) {
    this.#parts = parts;
    this.#open = parts.metrics.gauge('butler_sos_audit_qlik_sessions', 'Sessions of ours that are open at Qlik Sense');
  }

  /** Ends what an earlier run of the program has left behind. For the start, before anything is acquired. */
  async endLeftOver(): Promise<void> {
    const sessions = this.#parts.sessions.list();
    if (sessions.length === 0) return;
    const answers = await Promise.all(sessions.map((session) => this.#endAtQlik(session)));
    const kept = answers.filter(({ kind }) => kind !== 'ended').length;
    this.#parts.logger.info({ ended: sessions.length - kept, kept }, 'Sessions left by an earlier run were ended.');
  }

  /** @param open called when there is no session to share; one call at a time for each user */
  async acquire<T>(key: SessionKey, open: () => Promise<Opening<T>>, signal: AbortSignal): Promise<Acquired<T>> {
    const id = idOf(key);
    for (;;) {
      if (this.#isClosing) return { kind: 'problem', problem: retry('stopped', 'The server is stopping.') };
      const entry = this.#entries.get(id);
      if (entry === undefined) return this.#openNew(id, key, open);
      if (entry.state === 'doubt' || entry.state === 'lost') return { kind: 'problem', problem: IN_DOUBT };
      const isSame = entry.key.virtualProxy === key.virtualProxy;
      if (entry.state === 'open' && isSame) {
        return { kind: 'lease', lease: this.#lease(entry, false), first: undefined };
      }
      if (!isSame) this.#retire(entry);
      const problem = await unlessAborted(entry.changed.promise, signal);
      if (signal.aborted) return { kind: 'aborted' };
      if (problem !== undefined && isSame) return { kind: 'problem', problem };
    }
  }

  /** Best effort within the time given; what is still open then is in the durable database. */
  async close(deadlineMs: number): Promise<void> {
    this.#isClosing = true;
    const deadline = startDeadline(this.#parts.clock, deadlineMs, new AbortController().signal);
    void this.#endForgotten().catch((thrown: unknown) => {
      this.#parts.logger.warn({ error: messageOf(thrown) }, 'Which sessions are left at Qlik Sense could not be read.');
    });
    for (const entry of this.#entries.values()) {
      this.#retire(entry);
      if (entry.state === 'lost') this.#remove(entry, undefined);
    }
    while (this.#entries.size > 0 && !deadline.signal.aborted) {
      const changes = [...this.#entries.values()].map(({ changed }) => changed.promise);
      await unlessAborted(Promise.race(changes), deadline.signal);
    }
    await unlessAborted(Promise.all(this.#endings.values()), deadline.signal);
    deadline.cancel();
    this.#stopped.abort();
  }

  /**
   * Those that could not be ended when their time was over, and whose users have not come back since.
   * @returns whether some are still left
   */
  async #endForgotten(): Promise<boolean> {
    const held = new Set([...this.#entries.values()].map(({ cookie }) => cookie?.value));
    const left = this.#parts.sessions.list().filter(({ sessionId }) => !held.has(sessionId));
    const answers = await Promise.all(left.map((session) => this.#endAtQlik(session)));
    return answers.some(({ kind }) => kind === 'kept');
  }

  /** For as long as Qlik Sense keeps an idle session, and a little more; then the next start, or that user, must do. */
  async #tryAgain(): Promise<void> {
    if (this.#isTryingAgain) return;
    this.#isTryingAgain = true;
    const { clock, logger } = this.#parts;
    let isLeft = true;
    for (let tries = 0; isLeft && tries < KEPT_TRIES; tries++) {
      await clock.sleep(Math.min(FIRST_KEPT_PAUSE_MS * 2 ** tries, LATE_ANSWER_MS), this.#stopped.signal);
      if (this.#isClosing) return;
      isLeft = await this.#endForgotten().catch((thrown: unknown) => {
        logger.warn({ error: messageOf(thrown) }, 'Which sessions are left at Qlik Sense could not be read.');
        return true;
      });
    }
    this.#isTryingAgain = false;
  }

  async #openNew<T>(id: string, key: SessionKey, open: () => Promise<Opening<T>>): Promise<Acquired<T>> {
    const entry: Entry = {
      ...{ id, key, state: 'opening', users: 0, used: 0 },
      timer: new AbortController(),
      changed: Promise.withResolvers(),
    };
    this.#entries.set(id, entry);
    try {
      const left = await this.#endLeftOverOf(key);
      const opening: Opening<T> =
        left === undefined ? await open() : { kind: 'problem', problem: left, isShared: true };
      if (opening.kind === 'opened' && opening.cookie !== undefined) {
        await this.#adopt(entry, opening.cookie);
        return { kind: 'lease', lease: this.#lease(entry, true), first: opening.first };
      }
      if (opening.kind === 'doubt') {
        void this.#awaitLate(entry, opening.late, opening.cancel);
        return { kind: 'problem', problem: opening.problem };
      }
      this.#remove(entry, opening.kind === 'problem' && opening.isShared ? opening.problem : undefined);
      return opening.kind === 'problem' ? opening : { kind: 'none', first: opening.first };
    } catch (thrown) {
      if (this.#entries.get(id) === entry) this.#remove(entry, undefined);
      throw thrown;
    }
  }

  /**
   * Durable before use: a crash from here on leaves a session that the next start ends. One between the answer of Qlik
   * Sense and this line leaves one that ends by its own idle timeout.
   */
  async #adopt(entry: Entry, cookie: SessionCookie): Promise<void> {
    const session = sessionOf(entry.key, cookie);
    try {
      this.#parts.sessions.remember(session);
    } catch (thrown) {
      await this.#endAtQlik(session);
      throw thrown;
    }
    entry.cookie = cookie;
    entry.used = ++this.#uses;
    this.#change(entry, 'open', undefined);
    this.#countOpen();
    this.#parts.logger.debug(fieldsOf(session), 'A session at Qlik Sense was opened.');
    if (this.#parts.ttlMs > 0) {
      void this.#parts.clock.sleep(this.#parts.ttlMs, entry.timer.signal).then(() => this.#retire(entry));
    }
  }

  /** The session may have been made although its cookie has not come. */
  async #awaitLate(entry: Entry, late: Promise<SessionCookie | undefined>, cancel: () => void): Promise<void> {
    this.#change(entry, 'doubt', undefined);
    const deadline = startDeadline(this.#parts.clock, LATE_ANSWER_MS, this.#stopped.signal);
    const cookie = await unlessAborted(
      late.catch(() => this.#lose(entry)),
      deadline.signal,
    );
    deadline.cancel();
    if (cookie === undefined) {
      cancel();
      this.#remove(entry, undefined);
      return;
    }
    try {
      await this.#adopt(entry, cookie);
      if (this.#parts.ttlMs === 0 || this.#isClosing) this.#retire(entry);
      else this.#evict();
    } catch (thrown) {
      this.#parts.logger.warn({ error: messageOf(thrown) }, 'A session at Qlik Sense could not be remembered.');
      this.#remove(entry, undefined);
    }
  }

  /** Never resolves: only time tells. */
  #lose(entry: Entry): Promise<undefined> {
    if (this.#isClosing) this.#remove(entry, undefined);
    else this.#change(entry, 'lost', undefined);
    return new Promise(() => {});
  }

  #lease(entry: Entry, isFresh: boolean): Lease {
    const { cookie } = entry;
    if (cookie === undefined) throw new Error('a session without a cookie is open');
    entry.users++;
    entry.used = ++this.#uses;
    let isHeld = true;
    return {
      cookie,
      isFresh,
      drop: () => this.#retire(entry),
      release: () => {
        if (!isHeld) return;
        isHeld = false;
        entry.users--;
        entry.used = ++this.#uses;
        const isLast = entry.users === 0 && (this.#isClosing || this.#parts.ttlMs === 0);
        if (isLast || entry.state === 'leaving') this.#retire(entry);
        else this.#evict();
      },
    };
  }

  /** Nobody new gets it; it ends with its last user. */
  #retire(entry: Entry): void {
    if (entry.state === 'open') this.#change(entry, 'leaving', undefined);
    if (entry.state === 'leaving' && entry.users === 0) void this.#end(entry);
  }

  /** Those that were not used for the longest time go when there are too many. */
  #evict(): void {
    const open = [...this.#entries.values()].filter(({ state }) => state === 'open');
    const idle = open.filter(({ users }) => users === 0).sort((a, b) => a.used - b.used);
    for (const entry of idle.slice(0, Math.max(0, open.length - this.#parts.maxEntries))) this.#retire(entry);
  }

  async #end(entry: Entry): Promise<void> {
    const { cookie, key } = entry;
    if (cookie === undefined) return;
    this.#change(entry, 'ending', undefined);
    entry.timer.abort();
    await this.#endAtQlik(sessionOf(key, cookie));
    this.#remove(entry, undefined);
    this.#countOpen();
  }

  /** A session of this user that could not be ended, or that a crash has left, would be the second one. */
  async #endLeftOverOf(key: SessionKey): Promise<Problem | undefined> {
    const left = this.#parts.sessions.list().filter((session) => isOf(session, key));
    const answers = await Promise.all(left.map((session) => this.#endAtQlik(session)));
    return answers.find((answer) => answer.kind === 'kept')?.problem;
  }

  #endAtQlik(session: QlikSession): Promise<EndAnswer> {
    const known = this.#endings.get(session.sessionId);
    if (known !== undefined) return known;
    const ending = this.#endOnce(session).finally(() => this.#endings.delete(session.sessionId));
    this.#endings.set(session.sessionId, ending);
    return ending;
  }

  /** Forgotten after its end: a crash in between makes the next start end it once more, which does no harm. */
  async #endOnce(session: QlikSession): Promise<EndAnswer> {
    const { logger, sessions, endSession } = this.#parts;
    const answer = await endSession(session, this.#stopped.signal);
    if (answer.kind !== 'ended') {
      const { reason, message: problem } = answer.problem;
      const next =
        answer.kind === 'kept' ? 'now; it will be tried again.' : 'and stays until it has been idle for long.';
      const level = answer.kind === 'kept' && this.#complained.has(session.sessionId) ? 'debug' : 'warn';
      logger[level]({ ...fieldsOf(session), reason, problem }, `A session at Qlik Sense could not be ended ${next}`);
    }
    if (answer.kind === 'kept') {
      this.#complained.add(session.sessionId);
      void this.#tryAgain();
      return answer;
    }
    this.#complained.delete(session.sessionId);
    try {
      sessions.forget(session.sessionId);
      logger.debug(fieldsOf(session), 'A session at Qlik Sense is over for us.');
    } catch (thrown) {
      logger.warn({ error: messageOf(thrown) }, 'A session at Qlik Sense is over, but still remembered.');
    }
    return answer;
  }

  #change(entry: Entry, state: Entry['state'], problem: Problem | undefined): void {
    entry.state = state;
    const { resolve } = entry.changed;
    entry.changed = Promise.withResolvers();
    resolve(problem);
  }

  #remove(entry: Entry, problem: Problem | undefined): void {
    this.#entries.delete(entry.id);
    entry.changed.resolve(problem);
  }

  #countOpen(): void {
    this.#open.set([...this.#entries.values()].filter(({ cookie }) => cookie !== undefined).length);
  }
}

const IN_DOUBT = retry(
  'session-in-doubt',
  'Qlik Sense has not answered an earlier log-in of this user, so there may be a session; no other one is opened meanwhile.',
  3_000,
);

/** The user, whichever the virtual proxy. */
function idOf({ host, port, user }: Omit<SessionKey, 'virtualProxy'>): string {
  return JSON.stringify([host.toLowerCase(), port, sameUserName(user.directory), sameUserName(user.id)]);
}

function isOf({ host, port, user }: QlikSession, key: SessionKey): boolean {
  const [directory = '', id = ''] = user.split('\\');
  return idOf({ host, port, user: { directory, id } }) === idOf(key);
}

function sessionOf({ host, port, virtualProxy, user }: SessionKey, { value }: SessionCookie): QlikSession {
  return { host, port, virtualProxy, user: nameOf(user), sessionId: value };
}

function fieldsOf({ host, port, virtualProxy, user }: QlikSession) {
  return { host, port, virtualProxy, user };
}
