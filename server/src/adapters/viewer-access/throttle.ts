import type { Clock } from '../../pipeline/ports/clock.ts';

export interface ThrottleLimits {
  readonly freeTries: number;
  readonly longestWaitMs: number;
}

export const STRICT: ThrottleLimits = { freeTries: 5, longestWaitMs: 15 * 60_000 };

const FIRST_WAIT_MS = 1000;
const FORGET_MS = 60 * 60_000;
const MAX_NAMES = 10_000;

interface Tries {
  count: number;
  lastMs: number;
}

/** After a few wrong tries under a name each next one has to wait twice as long. */
export class Throttle {
  readonly #clock: Clock;
  readonly #limits: ThrottleLimits;
  readonly #tries = new Map<string, Tries>();

  constructor(clock: Clock, limits: ThrottleLimits = STRICT) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** 0: go on. */
  waitMs(names: readonly string[]): number {
    const now = this.#clock.monotonicMs();
    return Math.max(...names.map((name) => this.#waitOf(name, now)));
  }

  failed(names: readonly string[]): void {
    const now = this.#clock.monotonicMs();
    for (const name of names) {
      const before = this.#tries.get(name);
      const count = before === undefined || now - before.lastMs > FORGET_MS ? 1 : before.count + 1;
      this.#tries.delete(name);
      this.#tries.set(name, { count, lastMs: now });
    }
    for (const oldest of this.#tries.keys()) {
      if (this.#tries.size <= MAX_NAMES) break;
      this.#tries.delete(oldest);
    }
  }

  succeeded(names: readonly string[]): void {
    for (const name of names) this.#tries.delete(name);
  }

  #waitOf(name: string, now: number): number {
    const tries = this.#tries.get(name);
    const { freeTries, longestWaitMs } = this.#limits;
    if (tries === undefined || tries.count < freeTries || now - tries.lastMs > FORGET_MS) return 0;
    const wait = Math.min(longestWaitMs, FIRST_WAIT_MS * 2 ** (tries.count - freeTries));
    return Math.max(0, tries.lastMs + wait - now);
  }
}
