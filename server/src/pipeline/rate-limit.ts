import type { Clock } from './ports/clock.ts';

export interface RateLimitState {
  /** Events a minute. */
  readonly limit: number;
  /** How many are still let through before the window ends. */
  readonly remaining: number;
  /** Until the window ends; at least 1. */
  readonly resetSeconds: number;
}

interface Window {
  startedMs: number;
  taken: number;
}

const WINDOW_MS = 60_000;

/** Keys that are remembered; beyond that the one whose window began first is forgotten, and starts afresh. */
const MAX_KEYS = 10_000;

/** So many events a minute for each key, counted in windows of a minute that begin with the first event. */
export class RateLimit {
  readonly #limit: number;
  readonly #clock: Clock;
  /** In the order in which their windows began. */
  readonly #windows = new Map<string, Window>();

  constructor(maxPerMinute: number, clock: Clock) {
    this.#limit = maxPerMinute;
    this.#clock = clock;
  }

  /** @returns how many of `count` events may pass; those are counted */
  take(key: string, count: number): number {
    const window = this.#current(key);
    const granted = Math.max(0, Math.min(count, this.#limit - window.taken));
    window.taken += granted;
    return granted;
  }

  state(key: string): RateLimitState {
    const { taken, startedMs } = this.#current(key);
    const resetSeconds = Math.ceil((startedMs + WINDOW_MS - this.#clock.monotonicMs()) / 1000);
    return { limit: this.#limit, remaining: Math.max(0, this.#limit - taken), resetSeconds: Math.max(1, resetSeconds) };
  }

  #current(key: string): Window {
    const nowMs = this.#clock.monotonicMs();
    const known = this.#windows.get(key);
    if (known !== undefined && nowMs - known.startedMs < WINDOW_MS) return known;
    this.#windows.delete(key);
    if (this.#windows.size >= MAX_KEYS) this.#forgetOldest();
    const fresh = { startedMs: nowMs, taken: 0 };
    this.#windows.set(key, fresh);
    return fresh;
  }

  #forgetOldest(): void {
    const [oldest] = this.#windows.keys();
    if (oldest !== undefined) this.#windows.delete(oldest);
  }
}
