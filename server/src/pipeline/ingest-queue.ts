import { CodedError } from '../domain/errors.ts';
import type { NewLogEntry } from '../domain/log-entry.ts';
import { Backpressure } from './backpressure.ts';
import type { Clock } from './ports/clock.ts';
import type { EventLogAppender, LogPressure } from './ports/event-log.ts';
import type { Logger } from './ports/logger.ts';
import type { Gauge, Metrics } from './ports/metrics.ts';
import { type QueueSnapshot, QueueStatistics } from './queue-statistics.ts';
import { RateLimit, type RateLimitState } from './rate-limit.ts';
import { DISK_FULL, LOG_FAILED, QUEUE_FULL, type Refusal, STOPPING } from './refusal.ts';

export interface IngestQueueOptions {
  /** Events that may wait for the log; those in the write under way do not wait. */
  readonly maxSize: number;
  /** Percent of `maxSize`. */
  readonly backpressureThreshold: number;
  /** Over all clients; undefined = no limit. */
  readonly maxMessagesPerMinute?: number;
}

export interface IngestQueueParts {
  readonly log: EventLogAppender & { pressure(): LogPressure };
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** A write (or sync) that takes longer than this means that the disk does not answer. */
const STUCK_MS = 1000;
/** How often requests that wait look whether the disk is stuck. */
const WATCH_MS = 100;
/** Bodies that wait, those in the log's own queue included. */
const MAX_WAITING_BYTES = 64 * 1024 * 1024;
const RATE_LIMIT_KEY = 'queue';

interface Waiting {
  readonly entries: readonly NewLogEntry[];
  readonly bytes: number;
  readonly arrivedMs: number;
  readonly settle: (outcome: Promise<Refusal | undefined> | Refusal) => void;
}

/**
 * What stands between the door and the event log. Up to `maxSize` events wait in the log's own queue; while the disk
 * answers, further requests wait here in order of arrival; when it does not, they are refused, and so are those that
 * wait here already. A request, however many events it has, is admitted whole.
 *
 * Nothing that waits here has been acknowledged: a crash loses only what clients send again.
 */
export class IngestQueue {
  readonly statistics: QueueStatistics;
  readonly #options: IngestQueueOptions;
  readonly #parts: IngestQueueParts;
  readonly #rateLimit: RateLimit | undefined;
  readonly #backpressure: Backpressure;
  readonly #waitingGauge: Gauge;
  readonly #runningGauge: Gauge;
  readonly #stop = new AbortController();
  readonly #overflow: Waiting[] = [];
  #overflowEvents = 0;
  #overflowBytes = 0;
  /** Handed to the log and not yet settled. */
  #appending = 0;
  #watching = false;

  constructor(options: IngestQueueOptions, parts: IngestQueueParts) {
    this.#options = options;
    this.#parts = parts;
    this.statistics = new QueueStatistics(parts.metrics);
    if (options.maxMessagesPerMinute !== undefined) {
      this.#rateLimit = new RateLimit(options.maxMessagesPerMinute, parts.clock);
    }
    this.#backpressure = new Backpressure(options, parts);
    this.#waitingGauge = parts.metrics.gauge('butler_sos_audit_queue_waiting', 'Events that wait for the event log.');
    this.#runningGauge = parts.metrics.gauge('butler_sos_audit_queue_running', 'Events in the write under way.');
    parts.metrics.gauge('butler_sos_audit_queue_max_size', 'Events that may wait.').set(options.maxSize);
  }

  /** How many of `count` valid events the queue's rate limit lets through; the rest are counted as dropped. */
  admit(count: number): number {
    this.statistics.count('received', count);
    const granted = this.#rateLimit?.take(RATE_LIMIT_KEY, count) ?? count;
    if (granted < count) this.statistics.count('rateLimit', count - granted);
    return granted;
  }

  /** Of the queue's rate limit; undefined = there is none. */
  rateLimitState(): RateLimitState | undefined {
    return this.#rateLimit?.state(RATE_LIMIT_KEY);
  }

  /**
   * @param bytes of the bodies, about
   * @returns undefined once every entry is durable; a refusal when none of them was or ever will be stored
   */
  submit(entries: readonly NewLogEntry[], bytes: number): Promise<Refusal | undefined> {
    const arrivedMs = this.#parts.clock.monotonicMs();
    const pressure = this.#parts.log.pressure();
    const found = pressure.waitingEvents + this.#overflowEvents;
    this.#backpressure.found(found);
    this.#waitingGauge.set(found);
    this.#runningGauge.set(Math.max(0, this.#appending - pressure.waitingEvents));
    const foundBytes = pressure.waitingBytes + this.#overflowBytes;
    if (foundBytes > 0 && foundBytes + bytes > MAX_WAITING_BYTES) return this.#refuse(entries, QUEUE_FULL);
    if (this.#overflow.length === 0 && pressure.waitingEvents < this.#options.maxSize) {
      return this.#append(entries, arrivedMs);
    }
    const refusal = this.#stop.signal.aborted ? STOPPING : refusalUnder(pressure);
    if (refusal !== undefined) return this.#refuse(entries, refusal);
    return this.#wait(entries, bytes, arrivedMs);
  }

  /** Counts and durations since the start. */
  snapshot(): QueueSnapshot {
    return { ...this.#standing(), ...this.statistics.sinceStart.figures() };
  }

  /** Counts and durations since the last `endInterval`. */
  interval(): QueueSnapshot {
    return { ...this.#standing(), ...this.statistics.interval.mark() };
  }

  /** What the last `interval` told has been written down: the next one begins there. */
  endInterval(): void {
    this.statistics.interval.endAtMark();
  }

  /** Refuses what waits here; what the log has been given is settled by the log. */
  close(): void {
    this.#stop.abort();
    this.#refuseOverflow(STOPPING);
  }

  #standing() {
    const { waitingEvents } = this.#parts.log.pressure();
    const queueSize = waitingEvents + this.#overflowEvents;
    const state = this.rateLimitState();
    return {
      queueSize,
      queueMaxSize: this.#options.maxSize,
      queueRunning: Math.max(0, this.#appending - waitingEvents),
      utilizationPct: (100 * queueSize) / this.#options.maxSize,
      backpressureActive: this.#backpressure.active,
      rateLimitCurrent: state === undefined ? 0 : state.limit - state.remaining,
    };
  }

  async #append(entries: readonly NewLogEntry[], arrivedMs: number): Promise<Refusal | undefined> {
    const count = entries.length;
    this.statistics.count('queued', count);
    this.#appending += count;
    try {
      await this.#parts.log.append(entries);
      this.statistics.count('processed', count);
      this.statistics.observe(this.#parts.clock.monotonicMs() - arrivedMs);
      return undefined;
    } catch (error) {
      this.statistics.count('failed', count);
      return refusalOf(error);
    } finally {
      this.#appending -= count;
      if (this.#overflow.length > 0 || this.#backpressure.active || this.#appending === 0) this.#drain();
    }
  }

  /** Hands the log what waits here, as far as it has room. */
  #drain(): void {
    let pressure = this.#parts.log.pressure();
    let next = this.#overflow[0];
    while (next !== undefined && pressure.waitingEvents < this.#options.maxSize) {
      this.#overflow.shift();
      this.#overflowEvents -= next.entries.length;
      this.#overflowBytes -= next.bytes;
      next.settle(this.#append(next.entries, next.arrivedMs));
      pressure = this.#parts.log.pressure();
      next = this.#overflow[0];
    }
    const waiting = pressure.waitingEvents + this.#overflowEvents;
    this.#backpressure.left(waiting);
    this.#waitingGauge.set(waiting);
    this.#runningGauge.set(Math.max(0, this.#appending - pressure.waitingEvents));
  }

  #wait(entries: readonly NewLogEntry[], bytes: number, arrivedMs: number): Promise<Refusal | undefined> {
    this.#overflowEvents += entries.length;
    this.#overflowBytes += bytes;
    const settled = new Promise<Refusal | undefined>((settle) => {
      this.#overflow.push({ entries, bytes, arrivedMs, settle });
    });
    if (!this.#watching) void this.#watch();
    return settled;
  }

  /** While requests wait: refuses them once the disk is stuck. */
  async #watch(): Promise<void> {
    this.#watching = true;
    while (this.#overflow.length > 0 && !this.#stop.signal.aborted) {
      await this.#parts.clock.sleep(WATCH_MS, this.#stop.signal);
      const refusal = refusalUnder(this.#parts.log.pressure());
      if (refusal !== undefined) this.#refuseOverflow(refusal);
      else this.#drain();
    }
    this.#watching = false;
  }

  #refuseOverflow(refusal: Refusal): void {
    const refused = this.#overflow.splice(0);
    this.#overflowEvents = 0;
    this.#overflowBytes = 0;
    for (const { entries, settle } of refused) {
      this.statistics.count('queueFull', entries.length);
      settle(refusal);
    }
  }

  #refuse(entries: readonly NewLogEntry[], refusal: Refusal): Promise<Refusal> {
    this.statistics.count('queueFull', entries.length);
    return Promise.resolve(refusal);
  }
}

/** For a request that finds the queue full: undefined while the disk answers. */
function refusalUnder(pressure: LogPressure): Refusal | undefined {
  if (pressure.refusing === 'full') return DISK_FULL;
  if (pressure.refusing === 'failed') return LOG_FAILED;
  return pressure.writeUnderWayMs >= STUCK_MS ? QUEUE_FULL : undefined;
}

function refusalOf(error: unknown): Refusal {
  if (error instanceof CodedError) {
    if (error.code === 'EVENT_LOG_FULL') return DISK_FULL;
    if (error.code === 'EVENT_LOG_WRITE_FAILED') return LOG_FAILED;
    if (error.code === 'EVENT_LOG_CLOSED') return STOPPING;
  }
  throw error;
}
