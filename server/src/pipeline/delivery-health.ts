import { CodedError, messageOf } from '../domain/errors.ts';
import { type BatchPart, rowsOf } from './batching.ts';
import { DeliveryNumbers, type DeliveryState } from './delivery-status.ts';
import type { Clock } from './ports/clock.ts';
import type { DeliveryPolicy } from './ports/destination.ts';
import type { Fields, Logger } from './ports/logger.ts';
import type { Metrics } from './ports/metrics.ts';
import { backOffOf, Reminder, retryDelayMs, STOPPED_RETRY_MS } from './retry-policy.ts';

export interface DeliveryHealthOptions {
  readonly name: string;
  readonly policy: DeliveryPolicy;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Keeps the failure for those who ask when no server runs. */
  readonly recordFailure?: (error: CodedError) => void;
  readonly random?: () => number;
}

/** How a destination is doing, when it may be tried again, and what a person is told of it: one line a minute. */
export class DeliveryHealth {
  readonly numbers: DeliveryNumbers;
  state: DeliveryState = 'idle';
  /** Failures since something last went well, or since the batch was halved. */
  failures = 0;
  readonly #options: DeliveryHealthOptions;
  readonly #random: () => number;
  readonly #reminder = new Reminder();
  #resumeAtMs = Number.NEGATIVE_INFINITY;
  #defectSeen: string | undefined;

  constructor(options: DeliveryHealthOptions) {
    this.#options = options;
    this.#random = options.random ?? Math.random;
    this.numbers = new DeliveryNumbers(options.metrics, options.name);
  }

  /** Until the next attempt; 0 or less = now. */
  get waitMs(): number {
    return this.#resumeAtMs - this.#options.clock.monotonicMs();
  }

  /** Somebody acted: no more waiting. */
  resume(): void {
    this.failures = 0;
    this.#resumeAtMs = Number.NEGATIVE_INFINITY;
  }

  succeeded(events: number): void {
    const { clock, logger, name } = this.#options;
    this.numbers.succeeded(clock.now(), events);
    this.failures = 0;
    this.#defectSeen = undefined;
    if (this.#reminder.callOff()) logger.info({ destination: name }, 'The destination takes events again.');
  }

  retrying(error: CodedError, part?: BatchPart, afterMs?: number): void {
    const { policy, logger } = this.#options;
    this.failures++;
    this.numbers.retried.add();
    this.#failed('retrying', retryDelayMs(backOffOf(policy), this.failures, this.#random(), afterMs), error);
    if (!this.#isReminderDue()) return;
    logger.warn(this.#fieldsOf(error, part), 'A destination does not take events; they wait and are tried again.');
  }

  stopped(error: CodedError, part: BatchPart): void {
    this.#failed('stopped', STOPPED_RETRY_MS, error);
    if (!this.#isReminderDue()) return;
    const fields = this.#fieldsOf(error, part);
    this.#options.logger.error(fields, 'A destination is stopped until somebody acts; its events wait.');
  }

  /**
   * Something threw that must not: told once with its stack, then treated like any failure. What has a code, as of the
   * durable database on a full disk, keeps it.
   */
  defect(thrown: unknown): CodedError {
    if (thrown instanceof CodedError && thrown.code !== 'DEFECT') return thrown;
    const message = messageOf(thrown);
    if (this.#defectSeen !== message) {
      const stack = thrown instanceof Error ? thrown.stack : undefined;
      this.#options.logger.error(
        { destination: this.#options.name, code: 'DEFECT', error: message, stack },
        'A delivery threw an error that it should have reported.',
      );
    }
    this.#defectSeen = message;
    return new CodedError('DEFECT', message, { destination: this.#options.name }, thrown);
  }

  #isReminderDue(): boolean {
    return this.#reminder.isDue(this.#options.clock.monotonicMs());
  }

  #failed(state: DeliveryState, delayMs: number, error: CodedError): void {
    const { clock } = this.#options;
    this.state = state;
    this.#resumeAtMs = clock.monotonicMs() + delayMs;
    this.numbers.failed(clock.now(), error);
    try {
      this.#options.recordFailure?.(error);
    } catch (thrown) {
      this.#options.logger.debug({ error: messageOf(thrown) }, 'A failure could not be recorded.');
    }
  }

  /** One event alone is named, so that a person can find and skip it. */
  #fieldsOf(error: CodedError, part: BatchPart | undefined): Fields {
    const rows = part === undefined ? [] : rowsOf(part);
    const [only] = rows.length === 1 ? rows : [];
    return {
      destination: this.#options.name,
      code: error.code,
      error: error.message,
      failures: this.failures,
      ...(part === undefined ? {} : { first: part.range.first, last: part.range.last }),
      ...(only === undefined ? {} : { eventId: only.record.eventId }),
    };
  }
}
