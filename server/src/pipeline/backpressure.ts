import type { Clock } from './ports/clock.ts';
import type { Logger } from './ports/logger.ts';
import type { Gauge, Metrics } from './ports/metrics.ts';

const REMINDER_MS = 60_000;
/** The warning ends when this share of the threshold is left waiting, so that it does not flicker around it. */
const RELEASE_SHARE = 0.75;

/** Warns when newcomers find the queue filled above a threshold: once, then at most one reminder a minute. */
export class Backpressure {
  active = false;
  readonly #maxSize: number;
  readonly #thresholdEvents: number;
  readonly #thresholdPct: number;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #gauge: Gauge;
  #warnedMs = Number.NEGATIVE_INFINITY;
  #announced = false;

  constructor(
    options: { readonly maxSize: number; readonly backpressureThreshold: number },
    parts: { readonly clock: Clock; readonly logger: Logger; readonly metrics: Metrics },
  ) {
    this.#maxSize = options.maxSize;
    this.#thresholdPct = options.backpressureThreshold;
    this.#thresholdEvents = (options.maxSize * options.backpressureThreshold) / 100;
    this.#clock = parts.clock;
    this.#logger = parts.logger;
    this.#gauge = parts.metrics.gauge(
      'butler_sos_audit_queue_backpressure_active',
      '1 while the queue is filled above its threshold.',
    );
  }

  /** A request found so many events waiting. */
  found(waitingEvents: number): void {
    if (waitingEvents < this.#thresholdEvents) return;
    this.active = true;
    this.#gauge.set(1);
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#warnedMs < REMINDER_MS) return;
    this.#warnedMs = nowMs;
    this.#announced = true;
    this.#logger.warn(
      {
        waitingEvents,
        maxSize: this.#maxSize,
        utilizationPct: Math.round((100 * waitingEvents) / this.#maxSize),
        thresholdPct: this.#thresholdPct,
      },
      'the event queue is filled above its backpressure threshold: the disk of the event log is slower than the events come',
    );
  }

  /** So many events wait after some have left. */
  left(waitingEvents: number): void {
    if (!this.active || waitingEvents > this.#thresholdEvents * RELEASE_SHARE) return;
    this.active = false;
    this.#gauge.set(0);
    if (!this.#announced) return;
    this.#announced = false;
    this.#logger.info(
      { waitingEvents, maxSize: this.#maxSize },
      'the event queue is below its backpressure threshold again',
    );
  }
}
