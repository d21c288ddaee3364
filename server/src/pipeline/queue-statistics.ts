import type { Counter, Metrics } from './ports/metrics.ts';

/** How the queue did since the last `reset`, and how it stands now. */
export interface QueueSnapshot {
  /** Events that wait for the log. */
  readonly queueSize: number;
  readonly queueMaxSize: number;
  /** Events in the write under way. */
  readonly queueRunning: number;
  /** Of `queueMaxSize`. */
  readonly utilizationPct: number;
  readonly backpressureActive: boolean;
  /** Events that the queue's rate limit has let through in the current minute. */
  readonly rateLimitCurrent: number;
  readonly messagesReceived: number;
  readonly messagesQueued: number;
  /** Durable. */
  readonly messagesProcessed: number;
  /** Refused by the log: disk full, failed write. */
  readonly messagesFailed: number;
  readonly messagesDroppedTotal: number;
  readonly messagesDroppedRateLimit: number;
  readonly messagesDroppedQueueFull: number;
  /** Requests with a body above the limit. */
  readonly messagesDroppedSize: number;
  /** From arrival at the queue to durable, for the requests of the interval. */
  readonly processingTimeAvgMs: number;
  readonly processingTimeP95Ms: number;
  readonly processingTimeMaxMs: number;
}

export type QueueCount = 'received' | 'queued' | 'processed' | 'failed' | 'rateLimit' | 'queueFull' | 'size';

const PREFIX = 'butler_sos_audit_queue_messages';

/** The newest so many durations of an interval give its 95th percentile. */
const MAX_DURATIONS = 4096;

/** Counters for Prometheus, which only rise, and the same counted per interval. */
export class QueueStatistics {
  readonly #counters: Readonly<Record<QueueCount, Counter>>;
  #atReset: Readonly<Record<QueueCount, number>>;
  readonly #durationsMs = new Float64Array(MAX_DURATIONS);
  #durations = 0;
  #totalMs = 0;
  #maxMs = 0;

  constructor(metrics: Metrics) {
    const dropped = (reason: string) =>
      metrics.counter(`${PREFIX}_dropped_total`, 'Events that were not taken into the queue.', { reason });
    this.#counters = {
      received: metrics.counter(`${PREFIX}_received_total`, 'Valid events that reached the queue.'),
      queued: metrics.counter(`${PREFIX}_queued_total`, 'Events taken into the queue.'),
      processed: metrics.counter(`${PREFIX}_processed_total`, 'Events that became durable.'),
      failed: metrics.counter(`${PREFIX}_failed_total`, 'Events that the event log refused.'),
      rateLimit: dropped('rate_limit'),
      queueFull: dropped('queue_full'),
      size: dropped('size'),
    };
    this.#atReset = this.#values();
  }

  count(what: QueueCount, events: number): void {
    this.#counters[what].add(events);
  }

  observe(durationMs: number): void {
    this.#durationsMs[this.#durations % MAX_DURATIONS] = durationMs;
    this.#durations++;
    this.#totalMs += durationMs;
    if (durationMs > this.#maxMs) this.#maxMs = durationMs;
  }

  /** Begins a new interval. */
  reset(): void {
    this.#atReset = this.#values();
    this.#durations = 0;
    this.#totalMs = 0;
    this.#maxMs = 0;
  }

  interval(): Omit<
    QueueSnapshot,
    'queueSize' | 'queueMaxSize' | 'queueRunning' | 'utilizationPct' | 'backpressureActive' | 'rateLimitCurrent'
  > {
    const now = this.#values();
    const since = (what: QueueCount) => now[what] - this.#atReset[what];
    const [rateLimit, queueFull, size] = [since('rateLimit'), since('queueFull'), since('size')];
    return {
      messagesReceived: since('received'),
      messagesQueued: since('queued'),
      messagesProcessed: since('processed'),
      messagesFailed: since('failed'),
      messagesDroppedTotal: rateLimit + queueFull + size,
      messagesDroppedRateLimit: rateLimit,
      messagesDroppedQueueFull: queueFull,
      messagesDroppedSize: size,
      processingTimeAvgMs: this.#durations === 0 ? 0 : this.#totalMs / this.#durations,
      processingTimeP95Ms: this.#percentile95(),
      processingTimeMaxMs: this.#maxMs,
    };
  }

  #percentile95(): number {
    const sorted = this.#durationsMs.slice(0, Math.min(this.#durations, MAX_DURATIONS)).sort();
    return sorted[Math.ceil(sorted.length * 0.95) - 1] ?? 0;
  }

  #values(): Record<QueueCount, number> {
    const { received, queued, processed, failed, rateLimit, queueFull, size } = this.#counters;
    return {
      received: received.value(),
      queued: queued.value(),
      processed: processed.value(),
      failed: failed.value(),
      rateLimit: rateLimit.value(),
      queueFull: queueFull.value(),
      size: size.value(),
    };
  }
}
