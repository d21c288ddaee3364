import { type EpochMillis, epochMillis } from '../../src/domain/epoch-millis.ts';
import type { Clock } from '../../src/pipeline/ports/clock.ts';

/** A clock that moves only when told to. `advance` wakes the sleepers that are due and lets their continuations run. */
export class FakeClock implements Clock {
  #now: number;
  #monotonic = 0;
  #sleepers: { due: number; wake: () => void }[] = [];

  constructor(start = Date.UTC(2026, 10, 23, 7, 0, 0)) {
    this.#now = start;
  }
  now(): EpochMillis {
    return epochMillis(this.#now);
  }
  monotonicMs(): number {
    return this.#monotonic;
  }
  /** Steps the wall clock only, as an administrator or NTP would. */
  stepWallClock(ms: number): void {
    this.#now += ms;
  }
  sleep(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const sleeper = { due: this.#monotonic + ms, wake: () => resolve() };
      this.#sleepers.push(sleeper);
      signal.addEventListener('abort', () => {
        this.#sleepers = this.#sleepers.filter((s) => s !== sleeper);
        resolve();
      });
    });
  }
  async advance(ms: number): Promise<void> {
    const end = this.#monotonic + ms;
    for (;;) {
      await settle();
      const next = this.#sleepers.reduce((min, s) => Math.min(min, s.due), Number.POSITIVE_INFINITY);
      if (next > end) break;
      this.#move(next);
      const due = this.#sleepers.filter((s) => s.due <= next);
      this.#sleepers = this.#sleepers.filter((s) => s.due > next);
      for (const s of due) s.wake();
    }
    this.#move(end);
    await settle();
  }
  #move(to: number): void {
    this.#now += to - this.#monotonic;
    this.#monotonic = to;
  }
}

/** Lets everything that is ready run: microtasks and a few turns of the loop. */
export async function settle(turns = 5): Promise<void> {
  for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve));
}
