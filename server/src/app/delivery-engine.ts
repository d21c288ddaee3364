import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { SegmentReader } from '../adapters/event-log-files/event-log-reader.ts';
import { SegmentFolder } from '../adapters/event-log-files/segment-folder.ts';
import type { PrometheusMetrics } from '../adapters/metrics/prometheus-metrics.ts';
import { SqliteLogFactsStore } from '../adapters/state-sqlite/sqlite-log-facts-store.ts';
import { SqliteStateStore } from '../adapters/state-sqlite/sqlite-state-store.ts';
import { CodedError, messageOf, systemCodeOf } from '../domain/errors.ts';
import { BEFORE_FIRST, type Sequence, sequence } from '../domain/sequence.ts';
import { destinationSkippedRecord } from '../domain/server-record.ts';
import { DailyMerge } from '../pipeline/daily-merge.ts';
import { Deduplicator } from '../pipeline/deduplicator.ts';
import { DeliveryReader } from '../pipeline/delivery-reader.ts';
import { DeliveryWorker } from '../pipeline/delivery-worker.ts';
import { startDestinations } from '../pipeline/destination-startup.ts';
import type { Clock } from '../pipeline/ports/clock.ts';
import type { DayMerger } from '../pipeline/ports/day-merger.ts';
import type { Destination, OpenedDestination } from '../pipeline/ports/destination.ts';
import type { EventLog, EventLogAppender } from '../pipeline/ports/event-log.ts';
import type { Logger } from '../pipeline/ports/logger.ts';
import type { QueueMetricsSource } from '../pipeline/ports/queue-metrics.ts';
import type { FixedRun, FixedRunOptions } from '../pipeline/replay.ts';
import { Retention } from '../pipeline/retention.ts';
import { isFileDestination } from '../pipeline/retry-policy.ts';
import { HeldDestinations } from './held-destinations.ts';
import { openDestination } from './open-destination.ts';
import { answerRequests } from './operator-requests.ts';
import { queueMetricsWriter } from './queue-metrics.ts';
import { ScreenshotPart } from './screenshot-part.ts';
import type { DeliveryThreadStatus, DiskNews, ThreadStart } from './threads/contracts.ts';

export interface DeliveryEngineParts {
  readonly start: ThreadStart;
  readonly appender: EventLogAppender;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: PrometheusMetrics;
  readonly stopRequested: (actor: string) => void;
  readonly logBegins: (firstRetained: Sequence) => void;
  readonly reindexViewer: () => Promise<void>;
  /** Of the main thread. */
  readonly queue: QueueMetricsSource;
}

const DAY_MS = 86_400_000;
/** Deliveries wait so long for the deduplicator at most. */
const GATHER_MS = 40;

/** Everything that follows the log to deliver it: deduplicator, a worker per destination, retention, operator requests. */
export class DeliveryEngine {
  readonly #parts: DeliveryEngineParts;
  readonly #reader: SegmentReader;
  readonly #log: EventLog;
  readonly #state: SqliteStateStore;
  readonly #factsStore: SqliteLogFactsStore;
  readonly #deduplicator: Deduplicator;
  readonly #retention: Retention;
  readonly #screenshots: ScreenshotPart;
  readonly #workers = new Map<string, DeliveryWorker>();
  readonly #runs = new Set<FixedRun>();
  readonly #held: HeldDestinations;
  /** The last deliveries begin. */
  readonly #stopping = new AbortController();
  readonly #stopped = new AbortController();
  readonly #background: Promise<unknown>[] = [];
  #indexedTo: Sequence = BEFORE_FIRST;
  #disk: DiskNews;

  constructor(parts: DeliveryEngineParts) {
    this.#parts = parts;
    this.#disk = parts.start.disk;
    const { start, clock, logger, metrics, appender } = parts;
    const { directory, minFreeBytes, retentionDays, idRetentionDays } = start.config.eventLog;
    const reader = new SegmentReader({ directory, head: start.log.head });
    this.#reader = reader;
    this.#log = {
      read: (after, limit) => reader.read(after, limit),
      head: () => reader.head(),
      firstRetained: () => reader.firstRetained(),
      waitPast: (seq, signal) => reader.waitPast(seq, signal),
      append: (entries) => appender.append(entries),
    };
    this.#state = new SqliteStateStore(join(directory, 'durable.sqlite'), clock);
    this.#held = new HeldDestinations({ known: this.#state.destinations, clock, metrics });
    this.#factsStore = new SqliteLogFactsStore({ path: join(directory, 'ids.sqlite'), logId: start.log.logId, logger });
    const segments = new SegmentFolder({ directory, logger });
    this.#deduplicator = new Deduplicator({
      log: reader,
      gatherMs: GATHER_MS,
      store: this.#factsStore,
      retiredIds: () => segments.retiredIds(),
      clock,
      logger,
      metrics,
    });
    this.#screenshots = new ScreenshotPart({
      config: start.config,
      logId: start.log.logId,
      log: this.#log,
      facts: this.#deduplicator,
      sessions: this.#state.qlikSessions,
      paused: () => this.#disk.isFull,
      clock,
      logger,
      metrics,
    });
    this.#retention = new Retention({
      segments,
      facts: this.#deduplicator,
      followers: () => this.#followers(),
      head: () => this.#reader.head(),
      retentionMs: daysInMs(retentionDays),
      idRetentionMs: daysInMs(idRetentionDays),
      disk: { freeBytes: async () => this.#disk.freeBytes ?? Number.POSITIVE_INFINITY },
      minFreeBytes,
      onSegmentsDeleted: (firstRetained) => {
        this.#factsStore.forgetLinesBefore(firstRetained);
        parts.logBegins(firstRetained);
      },
      onIdsDeleted: (before) => this.#factsStore.forgetIdsBefore(before),
      clock,
      logger,
      metrics,
    });
  }

  head(seq: Sequence): void {
    this.#reader.setHead(seq);
  }

  indexed(upTo: Sequence): void {
    this.#indexedTo = upTo;
  }

  disk(news: DiskNews): void {
    this.#disk = news;
  }

  /** Resolves when every destination is registered and compared with the log; deliveries have begun (rules 11, 16). */
  async start(): Promise<void> {
    const { start, clock, logger } = this.#parts;
    const { config } = start;
    const signal = this.#stopped.signal;
    const started = await startDestinations({
      configured: config.destinations,
      logId: start.log.logId,
      log: this.#log,
      state: this.#state,
      clock,
      logger,
      holdsUpTo: (name) => this.#holdsUpTo(name),
    });
    this.#background.push(this.#deduplicator.run(signal), this.#retention.run(signal));
    for (const name of started.running) this.#startWorker(name);
    for (const [name, error] of started.held) this.#held.add(name, error, this.#reader.head());
    for (const [name, verdict] of started.silent) void this.#startLate(name, verdict);
    await this.#screenshots.start();
    this.#background.push(answerRequests(this.#requestParts(), signal));
    const { queue } = this.#parts;
    const queueMetrics = start.ports ? queueMetricsWriter(config, { source: queue, clock, logger }) : undefined;
    if (queueMetrics !== undefined) this.#background.push(queueMetrics.run(this.#stopping.signal));
  }

  status(): DeliveryThreadStatus {
    const letters = this.#state.deadLetters.countByDestination();
    const workers = [...this.#workers.values()].map((worker) => worker.status());
    const runs = [...this.#runs].map((run) => run.status());
    const { report } = this.#retention;
    return {
      destinations: [...workers, ...runs, ...this.#held.statuses()].map((s) => ({
        ...s,
        deadLetters: letters.get(s.name) ?? 0,
        heldBytes: report?.heldBytes.get(s.name) ?? 0,
        dailyMerge: this.#state.dailyMerges.state(s.name),
      })),
      deduplicator: { position: this.#deduplicator.position() },
      screenshots: this.#screenshots.status(),
      logBytes: report?.logBytes,
    };
  }

  async metricsSnapshot(): Promise<readonly object[]> {
    for (const worker of this.#workers.values()) worker.publishMetrics();
    this.#screenshots.publishMetrics();
    return this.#parts.metrics.snapshot();
  }

  /** A crash in here costs nothing but time: the next start goes on where the store says. */
  async stop(deadlineMs: number): Promise<void> {
    this.#stopping.abort();
    const stops = [...this.#workers.values(), ...this.#runs].map((w) => w.stop({ flush: true, deadlineMs }));
    await Promise.all([...stops, this.#screenshots.stop(deadlineMs)]);
    this.#stopped.abort();
    await Promise.all(this.#background);
    await this.#recordSeenLog();
    this.#state.markEndedInOrder(true);
    this.#state.close();
    this.#factsStore.close();
    await this.#reader.close();
  }

  /** Rule 11: what the next start compares the log with. */
  async #recordSeenLog(): Promise<void> {
    const head = this.#reader.head();
    const [item] = head === BEFORE_FIRST ? [] : await this.#reader.read(sequence(head - 1), { events: 1, bytes: 1 });
    const headDigest = item?.kind === 'event' && item.seq === head ? item.digest : undefined;
    const { logId } = this.#parts.start.log;
    this.#state.recordSeenLog({ logId, head, ...(headDigest === undefined ? {} : { headDigest }) });
  }

  async #holdsUpTo(name: string): Promise<Sequence | undefined> {
    const { destination } = this.#open(name, name);
    try {
      return await destination.holdsUpTo?.();
    } finally {
      await destination.close();
    }
  }

  /** Until it says what it holds it is given nothing, and the log is kept for it (rule 11). */
  async #startLate(name: string, verdict: Promise<CodedError | undefined>): Promise<void> {
    const { logger } = this.#parts;
    const silence = new CodedError(
      'DELIVERY_ABORTED',
      `${name} has not said yet what it holds: its folder gives no answer. Its events wait.`,
      { destination: name },
    );
    logger.warn({ destination: name, code: silence.code, error: silence.message }, 'A destination does not answer.');
    this.#state.destinations.recordFailure(name, silence);
    this.#held.add(name, silence, this.#reader.head());
    try {
      const error = await verdict;
      if (this.#stopping.signal.aborted) return;
      if (error !== undefined) {
        this.#held.add(name, error, this.#reader.head());
        return;
      }
      this.#startWorker(name);
      this.#held.remove(name);
      logger.info({ destination: name }, 'A destination answers; delivering to it begins.');
    } catch (thrown) {
      if (this.#stopping.signal.aborted) return; // the database is closed
      logger.error({ destination: name, code: 'DEFECT', error: messageOf(thrown) }, 'A destination was not begun.');
    }
  }

  #startWorker(name: string): void {
    const { clock, logger, metrics, start } = this.#parts;
    const { policy, destination, dayMerger } = this.#open(name, name);
    this.#mergeDaily(name, dayMerger);
    const worker = new DeliveryWorker({
      name,
      destination,
      policy,
      source: new DeliveryReader({ log: this.#reader, facts: this.#deduplicator }),
      cursors: this.#state.cursors,
      clock,
      logger,
      metrics,
      ...(isFileDestination(policy) ? { paused: () => this.#disk.isFull } : {}),
      recordFailure: (error) => this.#state.destinations.recordFailure(name, error),
      recordSkip: async (request, range) => {
        const { reason, actor, id } = request;
        const facts = {
          logId: start.log.logId,
          destination: name,
          ...range,
          reason,
          actor,
          request: id,
          at: clock.now(),
        };
        await this.#log.append([destinationSkippedRecord(facts)]);
      },
    });
    this.#workers.set(name, worker);
    this.#background.push(worker.run());
    if (!isFileDestination(policy)) this.#background.push(this.#setUp(name, destination));
  }

  /** Before anything is begun, so that no part is overlooked. */
  #mergeDaily(name: string, merger: DayMerger | undefined): void {
    const { clock, logger, metrics, start } = this.#parts;
    const merges = this.#state.dailyMerges;
    if (merger === undefined) {
      merges.forget(name);
      return;
    }
    const enoughBytes = 2 * start.config.eventLog.minFreeBytes;
    const paused = () => this.#disk.isFull || (this.#disk.freeBytes ?? enoughBytes) < enoughBytes;
    const merge = new DailyMerge({ name, merger, merges, clock, logger, metrics, paused });
    this.#background.push(merge.run(this.#stopped.signal));
  }

  /** What a server over there needs is made now and not with the first event; one that is down delays nothing. */
  async #setUp(name: string, destination: Destination): Promise<void> {
    const { logger } = this.#parts;
    try {
      await destination.check(this.#stopped.signal);
      logger.info({ destination: name }, 'The destination is ready.');
    } catch (thrown) {
      if (this.#stopped.signal.aborted) return;
      const code = thrown instanceof CodedError ? thrown.code : 'DEFECT';
      logger.warn(
        { destination: name, code, error: messageOf(thrown) },
        'A destination is not ready; its events wait.',
      );
    }
  }

  /** @throws CodedError REPLAY_NOT_POSSIBLE for a destination that is not configured */
  #open(destination: string, name: string, exportDirectory?: string): OpenedDestination {
    const { start, clock, logger } = this.#parts;
    return openDestination(start.config, {
      destination,
      name,
      logId: start.log.logId,
      clock,
      logger,
      exportDirectory,
    });
  }

  #requestParts() {
    const { clock, logger, metrics, start } = this.#parts;
    const fixedRun: FixedRunOptions = {
      log: this.#reader,
      facts: this.#deduplicator,
      cursors: this.#state.cursors,
      destinations: this.#state.destinations,
      deadLetters: this.#state.deadLetters,
      open: (destination, name, exportDirectory) =>
        this.#open(
          destination,
          name,
          exportDirectory === undefined ? undefined : resolve(start.config.root, exportDirectory),
        ),
      isEmptyFolder,
      clock,
      logger,
      metrics,
    };
    return {
      requests: this.#state.requests,
      fixedRun,
      runs: this.#runs,
      worker: (name: string) => this.#workers.get(name),
      screenshots: this.#screenshots.worker,
      root: start.config.root,
      stopRequested: this.#parts.stopRequested,
      reindex: async () => {
        this.#deduplicator.startOver('reindex');
        await this.#parts.reindexViewer();
        const head = this.#reader.head();
        await this.#deduplicator.waitPast(sequence(Math.max(0, head - 1)), this.#stopped.signal);
        return head;
      },
      clock,
      logger,
    };
  }

  #followers() {
    const workers = [...this.#workers.values()].map((w) => ({
      name: w.name,
      position: w.status().committed,
      isDestination: true,
    }));
    const runs = [...this.#runs].map((run) => ({ name: run.name, position: run.committed(), isDestination: true }));
    const held = this.#held.statuses().map(({ name, committed }) => ({
      name,
      position: committed,
      isDestination: true,
    }));
    const tables = [
      { name: 'deduplicator', position: this.#deduplicator.position(), isDestination: false },
      { name: 'search-index', position: this.#indexedTo, isDestination: false },
    ];
    return [...workers, ...runs, ...held, ...tables];
  }
}

function daysInMs(days: number | undefined): number | undefined {
  return days === undefined ? undefined : days * DAY_MS;
}

/** One that is not there yet is as good; a file is none. */
async function isEmptyFolder(path: string): Promise<boolean> {
  try {
    return (await readdir(path)).length === 0;
  } catch (thrown) {
    const code = systemCodeOf(thrown);
    if (code === 'ENOENT' || code === 'ENOTDIR') return code === 'ENOENT';
    throw thrown;
  }
}
