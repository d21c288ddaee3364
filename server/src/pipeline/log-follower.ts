import { CodedError, messageOf } from '../domain/errors.ts';
import { type LogItem, lastSequenceOf } from '../domain/log-entry.ts';
import { BEFORE_FIRST, type Sequence, sequence } from '../domain/sequence.ts';
import type { Clock } from './ports/clock.ts';
import type { EventLogReader, ReadLimit } from './ports/event-log.ts';
import type { Logger } from './ports/logger.ts';

/** A table that follows from the log, and its position in it (rule 12). */
export interface FollowedTable {
  position(): Sequence;
  /** The digest of the line at `position()`; undefined where there was damage. */
  lastDigest(): string | undefined;
  startOver(reason: StartOverReason): void;
}

export type StartOverReason = 'damaged' | 'other log' | 'reindex';

export interface LogFollowerOptions {
  readonly log: EventLogReader;
  readonly table: FollowedTable;
  readonly limit: ReadLimit;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Nobody reads past it; the log's head unless something else goes first. */
  readonly end?: () => Sequence;
  /** Resolves once `end()` may be past `seq`. */
  readonly waitForEnd?: (seq: Sequence, signal: AbortSignal) => Promise<void>;
  /** Having reached the end, it is looked for again no sooner than this: few large writes instead of many small ones. */
  readonly gatherMs?: number;
  /** Before the first line of an empty table. */
  readonly prepare?: () => Promise<void>;
  /** Rows and position in one transaction. May take less than all: it returns the new position. */
  readonly take: (items: readonly LogItem[]) => Promise<Sequence>;
  /** Rule 8: while true, nothing is read. */
  readonly paused?: () => boolean;
  /** Called after each batch and at least this often while nothing happens. */
  readonly everyMs?: { readonly ms: number; readonly call: () => void };
}

const RETRY_MS = 1000;
const WARNING_EVERY_MS = 60_000;

/**
 * Brings one table to the log's head and keeps it there. A table that is damaged, or that was built from lines which the
 * log does not have (an older copy was put back), is built again; anything else that fails is tried again every second.
 */
export class LogFollower {
  readonly #options: LogFollowerOptions;
  readonly #waiters = new Set<() => void>();
  #position: Sequence = BEFORE_FIRST;
  #isRecognised = false;
  #nextBatchMs = Number.NEGATIVE_INFINITY;
  #wake: AbortController | undefined;
  #restart: StartOverReason | undefined;
  #lastWarningMs = Number.NEGATIVE_INFINITY;

  constructor(options: LogFollowerOptions) {
    this.#options = options;
  }

  /** As far as others may rely on the table; 0 until it has been compared with the log. */
  position(): Sequence {
    return this.#position;
  }

  /** Resolves when the signal aborts. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const wake = () => this.#wake?.abort();
    signal.addEventListener('abort', wake);
    while (!signal.aborted) {
      try {
        await this.#step(signal);
      } catch (thrown) {
        await this.#recover(thrown, signal);
      }
    }
    signal.removeEventListener('abort', wake);
  }

  /** Resolves once `position() > seq`, or when the signal aborts. */
  async waitPast(seq: Sequence, signal: AbortSignal): Promise<void> {
    if (this.#position > seq || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const look = () => {
        if (this.#position <= seq && !signal.aborted) return;
        this.#waiters.delete(look);
        signal.removeEventListener('abort', look);
        resolve();
      };
      this.#waiters.add(look);
      signal.addEventListener('abort', look);
    });
  }

  /** Builds the table again, between two batches. Nobody is told a position of the old one from now on. */
  startOver(reason: StartOverReason): void {
    this.#restart = reason;
    this.#position = BEFORE_FIRST;
    this.#wake?.abort();
  }

  async #step(signal: AbortSignal): Promise<void> {
    const { table, log, limit, take, prepare, everyMs, paused, clock, gatherMs = 0 } = this.#options;
    if (this.#restart !== undefined) {
      table.startOver(this.#restart);
      this.#restart = undefined;
      this.#isRecognised = false;
    }
    if (!this.#isRecognised) await this.#recognise();
    everyMs?.call();
    if (paused?.() ?? false) return this.#sleep(RETRY_MS, signal);
    const before = table.position();
    if (before === BEFORE_FIRST) await prepare?.();
    const end = this.#end();
    const isReadable = end > before;
    const earlyMs = this.#nextBatchMs - clock.monotonicMs();
    if (isReadable && earlyMs > 0) return this.#sleep(earlyMs, signal);
    const items = isReadable ? await log.read(before, limit) : [];
    if (this.#restart !== undefined) return;
    const after = items.length === 0 ? before : await take(items);
    if (this.#restart !== undefined) return;
    this.#nextBatchMs = clock.monotonicMs() + (after < end ? 0 : gatherMs);
    this.#publish(after);
    if (after !== before) return;
    // what should be there cannot be read yet: no busy loop
    await (isReadable ? this.#sleep(RETRY_MS, signal) : this.#awaitNews(before, signal));
  }

  /** Was the table built from these lines? Damage at its last line, or retention, leaves that open: yes. */
  async #recognise(): Promise<void> {
    const { table, log, logger } = this.#options;
    const position = table.position();
    const digest = table.lastDigest();
    let isOfThisLog = position <= log.head();
    if (isOfThisLog && digest !== undefined && position >= (await log.firstRetained())) {
      const [line] = await log.read(sequence(position - 1), { events: 1, bytes: 1 });
      isOfThisLog = line?.kind !== 'event' || (line.seq === position && line.digest === digest);
    }
    if (!isOfThisLog) {
      logger.warn({ position, head: log.head() }, 'A table was built from lines that the log does not hold.');
      table.startOver('other log');
    }
    this.#isRecognised = true;
    this.#publish(table.position());
  }

  #end(): Sequence {
    const { end, log } = this.#options;
    return end?.() ?? log.head();
  }

  #publish(position: Sequence): void {
    this.#position = position;
    for (const look of [...this.#waiters]) look();
  }

  async #recover(thrown: unknown, signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#options;
    const code = thrown instanceof CodedError ? thrown.code : 'DEFECT';
    if (code === 'INDEX_DAMAGED') {
      this.startOver('damaged');
      return;
    }
    if (code !== 'INDEX_REBUILDING' && clock.monotonicMs() - this.#lastWarningMs >= WARNING_EVERY_MS) {
      this.#lastWarningMs = clock.monotonicMs();
      logger.warn({ code, error: messageOf(thrown) }, 'A table could not be brought up to date; tried again.');
    }
    await this.#sleep(RETRY_MS, signal);
  }

  async #awaitNews(seq: Sequence, signal: AbortSignal): Promise<void> {
    const { log, waitForEnd, everyMs, clock } = this.#options;
    await this.#interruptible(signal, (wake) => {
      const news = waitForEnd?.(seq, wake) ?? log.waitPast(seq, wake);
      return everyMs === undefined ? news : Promise.race([news, clock.sleep(everyMs.ms, wake)]);
    });
  }

  async #sleep(ms: number, signal: AbortSignal): Promise<void> {
    await this.#interruptible(signal, (wake) => this.#options.clock.sleep(ms, wake));
  }

  /** What is waited for ends with the wait: nothing stays behind. */
  async #interruptible(signal: AbortSignal, wait: (wake: AbortSignal) => Promise<void>): Promise<void> {
    if (signal.aborted || this.#restart !== undefined) return;
    const wake = new AbortController();
    this.#wake = wake;
    try {
      await wait(wake.signal);
    } finally {
      wake.abort();
      this.#wake = undefined;
    }
  }
}

/** The digest by which the last of these lines is recognised later; undefined when it is damage. */
export function lastDigestOf(items: readonly LogItem[]): string | undefined {
  const last = items.at(-1);
  return last?.kind === 'event' ? last.digest : undefined;
}

export function lastPositionOf(items: readonly LogItem[], otherwise: Sequence): Sequence {
  const last = items.at(-1);
  return last === undefined ? otherwise : lastSequenceOf(last);
}
