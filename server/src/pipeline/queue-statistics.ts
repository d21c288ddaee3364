import type { Counter, Metrics } from './ports/metrics.ts';

/** How the queue did over a stretch of time, and how it stands now. */
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
  /** From arrival at the queue to durable, for the requests of that time. */
  readonly processingTimeAvgMs: number;
  readonly processingTimeP95Ms: number;
  readonly processingTimeMaxMs: number;
}

export type QueueCount = 'received' | 'queued' | 'processed' | 'failed' | 'rateLimit' | 'queueFull' | 'size';

const PREFIX = 'butler_sos_audit_queue_messages';

/** What is counted over a stretch of time. */
type IntervalFigures = Omit<
  QueueSnapshot,
  'queueSize' | 'queueMaxSize' | 'queueRunning' | 'utilizationPct' | 'backpressureActive' | 'rateLimitCurrent'
>;

/** Counters for Prometheus, which only rise; the same since the start, and per interval. */
export class QueueStatistics {
  readonly sinceStart: QueueInterval;
  /** Of the queue metrics: from the last write that succeeded. */
  readonly interval: QueueInterval;
  readonly #counters: Readonly<Record<QueueCount, Counter>>;

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
    this.sinceStart = new QueueInterval(() => this.#values());
    this.interval = new QueueInterval(() => this.#values());
  }

  count(what: QueueCount, events: number): void {
    this.#counters[what].add(events);
  }

  observe(durationMs: number): void {
    this.sinceStart.observe(durationMs);
    this.interval.observe(durationMs);
  }

  #values(): QueueCounts {
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

type QueueCounts = Readonly<Record<QueueCount, number>>;

/** The newest so many durations of an interval give its 95th percentile. */
const MAX_DURATIONS = 4096;

class DurationSums {
  count = 0;
  totalMs = 0;
  maxMs = 0;
}

/** Counts and durations from a beginning, which `endAtMark` moves to where `mark` was called: what came since stays. */
export class QueueInterval {
  readonly #values: () => QueueCounts;
  /** Where the interval begins. */
  #from: QueueCounts;
  #marked: QueueCounts;
  /** A ring; the n-th duration ever is at n modulo its length. */
  readonly #durationsMs = new Float64Array(MAX_DURATIONS);
  #observed = 0;
  /** Up to the mark, and behind it. */
  #before = new DurationSums();
  #behind = new DurationSums();

  constructor(values: () => QueueCounts) {
    this.#values = values;
    this.#from = values();
    this.#marked = this.#from;
  }

  observe(durationMs: number): void {
    this.#durationsMs[this.#observed % MAX_DURATIONS] = durationMs;
    this.#observed++;
    this.#behind.count++;
    this.#behind.totalMs += durationMs;
    if (durationMs > this.#behind.maxMs) this.#behind.maxMs = durationMs;
  }

  /** The figures up to now, which `endAtMark` ends the interval with. */
  mark(): IntervalFigures {
    this.#marked = this.#values();
    this.#before = this.#sums();
    this.#behind = new DurationSums();
    return this.figures();
  }

  endAtMark(): void {
    this.#from = this.#marked;
    this.#before = new DurationSums();
  }

  figures(): IntervalFigures {
    const now = this.#values();
    const since = (what: QueueCount) => now[what] - this.#from[what];
    const [rateLimit, queueFull, size] = [since('rateLimit'), since('queueFull'), since('size')];
    const { count, totalMs, maxMs } = this.#sums();
    return {
      messagesReceived: since('received'),
      messagesQueued: since('queued'),
      messagesProcessed: since('processed'),
      messagesFailed: since('failed'),
      messagesDroppedTotal: rateLimit + queueFull + size,
      messagesDroppedRateLimit: rateLimit,
      messagesDroppedQueueFull: queueFull,
      messagesDroppedSize: size,
      processingTimeAvgMs: count === 0 ? 0 : totalMs / count,
      processingTimeP95Ms: this.#percentile95(count),
      processingTimeMaxMs: maxMs,
    };
  }

  #sums(): DurationSums {
    const [a, b] = [this.#before, this.#behind];
    return { count: a.count + b.count, totalMs: a.totalMs + b.totalMs, maxMs: Math.max(a.maxMs, b.maxMs) };
  }

  /** Of the newest `count`. */
  #percentile95(count: number): number {
    const known = Math.min(count, MAX_DURATIONS);
    const newest = Float64Array.from(
      { length: known },
      (_, i) => this.#durationsMs[(this.#observed - known + i) % MAX_DURATIONS] ?? 0,
    ).sort();
    return newest[Math.ceil(known * 0.95) - 1] ?? 0;
  }
}
