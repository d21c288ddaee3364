import { utcDay } from '../domain/epoch-millis.ts';
import { CodedError, type ErrorCode, messageOf } from '../domain/errors.ts';
import type { Clock } from './ports/clock.ts';
import type { PreparedFile } from './ports/cursor-store.ts';
import type { DailyMerges, WaitingDay } from './ports/daily-merges.ts';
import type { DayMerger } from './ports/day-merger.ts';
import type { Logger } from './ports/logger.ts';
import type { Counter, Gauge, Metrics } from './ports/metrics.ts';
import { Reminder } from './retry-policy.ts';

export interface DailyMergeOptions {
  /** Of the destination. */
  readonly name: string;
  readonly merger: DayMerger;
  readonly merges: DailyMerges;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Rule 8: while true, nothing is begun and what is under way is dropped. */
  readonly paused: () => boolean;
}

const LOOK_MS = 10_000;
const RETRY_MS = 600_000;
const REMIND_MS = 3_600_000;
const GIVE_UP_AFTER_MS = 7 * 86_400_000;
/** A piece of work is followed by a rest of its own length, no longer than this. */
const LONGEST_REST_MS = 250;
/** Trying again would end the same way. */
const FINAL: readonly ErrorCode[] = ['DAILY_MERGE_TOO_LARGE'];

/**
 * Makes the daily files of one destination: each closed UTC day's parts become one file, published once and whole, or
 * none, which is told. All that must survive is in the durable database: after a crash the next start goes on.
 */
export class DailyMerge {
  readonly #options: DailyMergeOptions;
  readonly #reminder = new Reminder(REMIND_MS);
  readonly #nextTryMs = new Map<string, number>();
  readonly #published: Counter;
  readonly #waiting: Gauge;
  #straysRemoved = false;

  /** From now on parts are remembered: made before anything of the destination is begun. */
  constructor(options: DailyMergeOptions) {
    this.#options = options;
    const { name, merges, clock, metrics } = options;
    const labels = { destination: name };
    const files = 'butler_sos_audit_daily_files_total';
    this.#published = metrics.counter(files, 'Daily files published.', labels);
    const waiting = 'butler_sos_audit_daily_files_waiting';
    this.#waiting = metrics.gauge(waiting, 'Closed days that have no daily file yet.', labels);
    merges.remember(name, utcDay(clock.now()));
  }

  /** Resolves with the signal, also while a disk call hangs. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const aborted = new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve());
    });
    while (!signal.aborted) {
      const pass = this.pass(signal).catch((thrown: unknown) => this.#passFailed(thrown, signal));
      await Promise.race([pass, aborted]);
      await this.#options.clock.sleep(LOOK_MS, signal);
    }
  }

  /** Closes what days are over, and makes the files that are due. */
  async pass(signal: AbortSignal): Promise<void> {
    const { name, merger, merges, clock, paused } = this.#options;
    if (paused()) return;
    merges.closeDaysBefore(name, utcDay(clock.now()));
    const waiting = merges.state(name)?.waiting ?? [];
    if (!this.#straysRemoved) {
      await merger.removeStrays(waiting.flatMap(({ prepared }) => (prepared === undefined ? [] : [prepared])));
    }
    this.#straysRemoved = true;
    for (const day of waiting) {
      if (signal.aborted || paused()) break;
      if (clock.monotonicMs() >= (this.#nextTryMs.get(day.day) ?? 0)) await this.#merge(day, signal);
    }
    this.#waiting.set(signal.aborted ? 0 : (merges.state(name)?.waiting.length ?? 0));
  }

  async #merge(day: WaitingDay, signal: AbortSignal): Promise<void> {
    const { name, merger, merges, logger } = this.#options;
    try {
      const file = day.prepared ?? (await this.#prepare(day, signal));
      if ((await merger.publish(file)) === 'lost') {
        // never published: made again from the parts, which are still remembered
        merges.prepare(name, day.day, undefined);
        return;
      }
      // a crash right here: the temporary name is gone, which says that it was published
      merges.finish(name, day.day, 'merged');
      this.#nextTryMs.delete(day.day);
      this.#published.add();
      logger.info({ destination: name, day: day.day, file: file.path }, 'The parts of a day are one file.');
    } catch (thrown) {
      if (signal.aborted) return;
      await this.#failed(day, codedOf(thrown, name));
    }
  }

  async #prepare(day: WaitingDay, signal: AbortSignal): Promise<PreparedFile> {
    const { name, merger, merges } = this.#options;
    const file = await merger.encode(day, merges.parts(name, day.day), this.#pace(signal));
    // rule 19: from here on it is never encoded again; a crash before leaves a stray
    merges.prepare(name, day.day, file);
    return file;
  }

  /** Half of the time is for deliveries, which run on the same thread. */
  #pace(signal: AbortSignal): () => Promise<void> {
    const { name, clock, paused } = this.#options;
    let begunMs = clock.monotonicMs();
    return async () => {
      await clock.sleep(Math.min(LONGEST_REST_MS, clock.monotonicMs() - begunMs), signal);
      if (signal.aborted || paused()) {
        throw new CodedError('DELIVERY_ABORTED', `The daily file of ${name} was interrupted; it is made later.`);
      }
      begunMs = clock.monotonicMs();
    };
  }

  async #failed(day: WaitingDay, error: CodedError): Promise<void> {
    const { name, merger, merges, clock, logger } = this.#options;
    if (error.code === 'DELIVERY_ABORTED') return;
    const fields = { destination: name, day: day.day, code: error.code, error: error.message };
    merges.recordFailure(name, day.day, error);
    if (FINAL.includes(error.code) || clock.now() - day.closedAt > GIVE_UP_AFTER_MS) {
      const prepared = merges.state(name)?.waiting.find((one) => one.day === day.day)?.prepared;
      if (prepared !== undefined) await merger.discard(prepared).catch(() => undefined);
      merges.finish(name, day.day, 'given-up');
      logger.error(fields, 'A day gets no daily file; its parts are there.');
      return;
    }
    this.#nextTryMs.set(day.day, clock.monotonicMs() + RETRY_MS);
    if (!this.#reminder.isDue(clock.monotonicMs())) return;
    logger.warn(fields, 'A day has no daily file yet; it is tried again every ten minutes for a week.');
  }

  #passFailed(thrown: unknown, signal: AbortSignal): void {
    const { name, clock, logger } = this.#options;
    if (signal.aborted || !this.#reminder.isDue(clock.monotonicMs())) return;
    const { code, message } = codedOf(thrown, name);
    logger.warn({ destination: name, code, error: message }, 'Daily files cannot be looked after now; tried again.');
  }
}

function codedOf(thrown: unknown, destination: string): CodedError {
  return thrown instanceof CodedError ? thrown : new CodedError('DEFECT', messageOf(thrown), { destination }, thrown);
}
