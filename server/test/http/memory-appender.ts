import type { NewLogEntry } from '../../src/domain/log-entry.ts';
import { sequence } from '../../src/domain/sequence.ts';
import type { Clock } from '../../src/pipeline/ports/clock.ts';
import type { AppendReceipt, EventLogAppender, LogPressure } from '../../src/pipeline/ports/event-log.ts';

/**
 * An event log in memory that commits as the real one does: one write at a time, what comes meanwhile waits for the
 * next. `hold()` makes the disk hang; `failWith` makes the next writes fail.
 */
export class MemoryAppender implements EventLogAppender {
  readonly stored: NewLogEntry[] = [];
  /** Entries of each commit. */
  readonly commits: number[] = [];
  failWith: Error | undefined;
  refusing: LogPressure['refusing'];
  readonly #clock: Clock;
  readonly #write: () => Promise<void>;
  #waiting: { readonly entries: readonly NewLogEntry[]; readonly settle: (error?: Error) => void }[] = [];
  #writeStartedMs: number | undefined;
  #held: Promise<void> | undefined;
  #release: () => void = () => {};

  constructor(clock: Clock, write: () => Promise<void> = async () => {}) {
    this.#clock = clock;
    this.#write = write;
  }

  append(entries: readonly NewLogEntry[]): Promise<readonly AppendReceipt[]> {
    return new Promise((resolve, reject) => {
      const settle = (error?: Error) => {
        if (error === undefined) resolve(entries.map((_, i) => ({ seq: sequence(this.stored.length + i) })));
        else reject(error);
      };
      this.#waiting.push({ entries, settle });
      if (this.#writeStartedMs === undefined) void this.#run();
    });
  }

  pressure(): LogPressure {
    const entries = this.#waiting.flatMap((waiting) => waiting.entries);
    return {
      waitingEvents: entries.length,
      waitingBytes: entries.reduce((sum, { envelope }) => sum + envelope.length, 0),
      writeUnderWayMs: this.#writeStartedMs === undefined ? 0 : this.#clock.monotonicMs() - this.#writeStartedMs,
      ...(this.refusing === undefined ? {} : { refusing: this.refusing }),
    };
  }

  hold(): void {
    this.#held = new Promise((resolve) => {
      this.#release = resolve;
    });
  }

  release(): void {
    this.#held = undefined;
    this.#release();
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0);
      this.#writeStartedMs = this.#clock.monotonicMs();
      await this.#held;
      await this.#write();
      this.#writeStartedMs = undefined;
      if (this.failWith === undefined) {
        this.stored.push(...batch.flatMap(({ entries }) => entries));
        this.commits.push(batch.reduce((sum, { entries }) => sum + entries.length, 0));
      }
      for (const { settle } of batch) settle(this.failWith);
    }
  }
}
