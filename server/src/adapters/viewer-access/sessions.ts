import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { Clock } from '../../pipeline/ports/clock.ts';
import type { SignedIn, ViewerSession } from '../../pipeline/ports/viewer-access.ts';
import type { TrailReader } from '../../pipeline/trail/reader.ts';

export interface SessionTimes {
  readonly idleMs: number;
  readonly absoluteMs: number;
}

interface Entry {
  readonly session: ViewerSession;
  /** What the reader may see now; undefined: the account is gone. */
  readonly current: () => TrailReader | undefined;
  readonly endsAtMs: number;
  usedAtMs: number;
}

const MAX_SESSIONS = 1000;

/** Log-ins, in memory: a restart ends them. Kept by the hash of the cookie. */
export class Sessions {
  readonly #clock: Clock;
  readonly #times: SessionTimes;
  readonly #entries = new Map<string, Entry>();

  constructor(clock: Clock, times: SessionTimes) {
    this.#clock = clock;
    this.#times = times;
  }

  /** @param current asked at every request, so that a right that was taken away is gone at once */
  open(reader: TrailReader, current: () => TrailReader | undefined): SignedIn {
    this.#dropEnded();
    const cookie = randomBytes(32).toString('base64url');
    const csrfToken = randomBytes(32).toString('base64url');
    const session: ViewerSession = { id: randomUUID(), reader, by: 'session', csrfToken };
    const now = this.#clock.monotonicMs();
    this.#entries.set(keyOf(cookie), { session, current, endsAtMs: now + this.#times.absoluteMs, usedAtMs: now });
    return { session, cookie, maxAgeSeconds: Math.floor(this.#times.absoluteMs / 1000) };
  }

  /** @param isUsed by a person: the idle time begins anew */
  find(cookie: string, isUsed: boolean): ViewerSession | undefined {
    const key = keyOf(cookie);
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    const reader = this.#hasEnded(entry) ? undefined : entry.current();
    if (reader === undefined) {
      this.#entries.delete(key);
      return undefined;
    }
    if (isUsed) entry.usedAtMs = this.#clock.monotonicMs();
    return { ...entry.session, reader };
  }

  end(id: string): void {
    for (const [key, { session }] of this.#entries) if (session.id === id) this.#entries.delete(key);
  }

  #hasEnded({ endsAtMs, usedAtMs }: Entry): boolean {
    const now = this.#clock.monotonicMs();
    return now >= endsAtMs || now - usedAtMs >= this.#times.idleMs;
  }

  #dropEnded(): void {
    for (const [key, entry] of this.#entries) {
      if (this.#hasEnded(entry) || this.#entries.size >= MAX_SESSIONS) this.#entries.delete(key);
    }
  }
}

function keyOf(cookie: string): string {
  return createHash('sha256').update(cookie).digest('base64url');
}
