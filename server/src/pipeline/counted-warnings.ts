import type { Clock } from './ports/clock.ts';

/** Writes the warning; `count` is how often the thing happened since the last one. */
export type CountedWarning = (count: number) => void;

interface Entry {
  warnedMs: number;
  count: number;
  warn: CountedWarning;
}

const INTERVAL_MS = 60_000;

/** Keys that are remembered at a time; what comes beyond them shares one more. */
const MAX_KEYS = 1000;
const OTHERS = '\u0000others';

/**
 * Warns of the first occurrence at once, then at most once a minute for each key, with a count. Nothing is lost: what
 * was counted and not yet said is said when the next occurrence of any key comes a minute later, at `sayDue`, or at `flush`.
 * State is bounded and expires after a quiet minute.
 */
export class CountedWarnings {
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();
  #sweptMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#sweptMs = clock.monotonicMs();
  }

  add(key: string, warn: CountedWarning): void {
    const nowMs = this.#clock.monotonicMs();
    const entry = this.#entryFor(key, warn, nowMs);
    entry.count++;
    entry.warn = warn;
    if (nowMs - entry.warnedMs >= INTERVAL_MS) say(entry, nowMs);
    if (nowMs - this.#sweptMs >= INTERVAL_MS) this.sayDue();
  }

  /** Says what has been counted and whose minute is over. Where nothing comes any more, somebody has to call this. */
  sayDue(): void {
    const nowMs = this.#clock.monotonicMs();
    this.#sweptMs = nowMs;
    for (const [key, entry] of this.#entries) {
      if (nowMs - entry.warnedMs < INTERVAL_MS) continue;
      if (entry.count > 0) say(entry, nowMs);
      else this.#entries.delete(key);
    }
  }

  /** Says what has been counted. For the end of the program. */
  flush(): void {
    for (const entry of this.#entries.values()) {
      if (entry.count > 0) say(entry, this.#clock.monotonicMs());
    }
  }

  #entryFor(key: string, warn: CountedWarning, nowMs: number): Entry {
    const known = this.#entries.get(key);
    if (known !== undefined) return known;
    if (this.#entries.size >= MAX_KEYS && key !== OTHERS) return this.#entryFor(OTHERS, warn, nowMs);
    const entry = { warnedMs: nowMs - INTERVAL_MS, count: 0, warn };
    this.#entries.set(key, entry);
    return entry;
  }
}

function say(entry: Entry, nowMs: number): void {
  const count = entry.count;
  entry.count = 0;
  entry.warnedMs = nowMs;
  entry.warn(count);
}
