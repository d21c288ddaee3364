import { CodedError, messageOf, systemCodeOf } from '../../domain/errors.ts';
import type { LogItem, NewLogEntry } from '../../domain/log-entry.ts';
import { assertStorable } from '../../domain/log-line.ts';
import { nextSequence, type Sequence } from '../../domain/sequence.ts';
import { SERVER_SYNCED, type SyncedReason, syncedRecord } from '../../domain/server-record.ts';
import { CountedWarnings } from '../../pipeline/counted-warnings.ts';
import type { Clock } from '../../pipeline/ports/clock.ts';
import type { AppendReceipt, EventLogWriter, LogPressure, ReadLimit } from '../../pipeline/ports/event-log.ts';
import type { Logger } from '../../pipeline/ports/logger.ts';
import { AppendQueue, aboutBytes, acknowledge, type WaitingAppend } from './append-queue.ts';
import { BatchEncoder } from './batch-encoder.ts';
import type { DiskSpace } from './disk-space.ts';
import type { SegmentReader } from './event-log-reader.ts';
import { type SegmentWriter, ShortWrite } from './segment-writer.ts';
import type { WriterMetrics } from './writer-metrics.ts';

export interface SegmentedWriterOptions {
  readonly logId: string;
  readonly endsSynced: boolean;
  readonly segments: SegmentWriter;
  readonly reader: SegmentReader;
  readonly disk: DiskSpace;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: WriterMetrics;
  readonly onHead: (head: Sequence) => void;
}

const MAX_BATCH_BYTES = 8 * 1024 * 1024;
const TICK_MS = 250;
const IDLE_MS = 1000;
const DISK_CHECK_MS = 1000;
const CUT_RETRY_MS = 1000;
/** Where nobody sends any more, nothing shows that a disk works again. */
const FAILING_MS = 5000;
const NO_SPACE = new Set(['ENOSPC', 'EDQUOT']);

/** Group commit into segments: one write and one sync in flight, what arrives meanwhile is the next batch (rules 4-8). */
export class SegmentedWriter implements EventLogWriter {
  readonly #options: SegmentedWriterOptions;
  readonly #queue = new AppendQueue();
  readonly #encoder = new BatchEncoder();
  readonly #stopped = new AbortController();
  #running: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #underWaySince: number | undefined;
  /** A failed batch that could not be cut off yet. */
  #uncut: CodedError | undefined;
  /** When a write failed, as long as none has succeeded since. */
  #failedMs: number | undefined;
  readonly #failures: CountedWarnings;
  #endsSynced: boolean;
  #lastCommitMs: number;
  #lastDiskCheckMs: number;
  #lastCutMs = 0;
  readonly #upkeep: Promise<void>;

  constructor(options: SegmentedWriterOptions) {
    this.#options = options;
    this.#endsSynced = options.endsSynced;
    this.#failures = new CountedWarnings(options.clock);
    this.#lastCommitMs = options.clock.monotonicMs();
    this.#lastDiskCheckMs = this.#lastCommitMs;
    this.#upkeep = this.#keepUp();
  }

  append(entries: readonly NewLogEntry[]): Promise<readonly AppendReceipt[]> {
    if (this.#closing !== undefined) return Promise.reject(closedError());
    return this.#enqueue(entries);
  }

  pressure(): LogPressure {
    const refusing = this.#uncut !== undefined ? 'failed' : this.#options.disk.state.isFull ? 'full' : undefined;
    const now = this.#options.clock.monotonicMs();
    return {
      waitingEvents: this.#queue.events,
      waitingBytes: this.#queue.bytes,
      writeUnderWayMs: this.#underWaySince === undefined ? 0 : now - this.#underWaySince,
      isFailing: this.#failedMs !== undefined && now - this.#failedMs < FAILING_MS,
      ...(refusing === undefined ? undefined : { refusing }),
    };
  }

  head(): Sequence {
    return this.#options.reader.head();
  }
  read(after: Sequence, limit: ReadLimit): Promise<readonly LogItem[]> {
    return this.#options.reader.read(after, limit);
  }
  firstRetained(): Promise<Sequence> {
    return this.#options.reader.firstRetained();
  }
  waitPast(seq: Sequence, signal: AbortSignal): Promise<void> {
    return this.#options.reader.waitPast(seq, signal);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Rule 7. Says nothing twice; a refusal is no harm, the next occasion comes. */
  async sayWhatIsSynced(reason: SyncedReason): Promise<void> {
    const head = this.head();
    if (head === 0 || this.#endsSynced) return;
    const { logId, clock, logger } = this.#options;
    await this.#enqueue([syncedRecord(logId, head, reason, clock.now())]).catch((error: unknown) => {
      logger.debug({ error: messageOf(error) }, 'the record that everything is synced could not be written');
    });
  }

  #enqueue(entries: readonly NewLogEntry[]): Promise<readonly AppendReceipt[]> {
    if (entries.length === 0) return Promise.resolve([]);
    const isServer = entries.every(({ origin }) => origin === 'server');
    const refusal = this.#uncut ?? (this.#options.disk.state.isFull && !isServer ? fullError() : undefined);
    if (refusal !== undefined) return Promise.reject(refusal);
    return new Promise((resolve, reject) => {
      // a throw in here rejects
      for (const entry of entries) assertStorable(entry);
      this.#queue.add({ entries, bytes: aboutBytes(entries), isServer, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  async #run(): Promise<void> {
    // everything that the same turn of the loop brings goes into one batch
    await new Promise((resolve) => setImmediate(resolve));
    while (!this.#queue.isEmpty) {
      if (this.#options.segments.needsNew) await this.#options.disk.checkBeforeSegment();
      const batch = this.#takeBatch();
      if (batch.length > 0) await this.#commit(batch);
    }
    this.#running = undefined;
  }

  #takeBatch(): readonly WaitingAppend[] {
    const batch = this.#queue.take(MAX_BATCH_BYTES);
    if (!this.#options.disk.state.isFull) return batch;
    for (const append of batch) if (!append.isServer) append.reject(fullError());
    return batch.filter((append) => append.isServer);
  }

  /** Resolves always: with the batch on disk and acknowledged, or refused for good. */
  async #commit(batch: readonly WaitingAppend[]): Promise<void> {
    const { segments, reader, clock, metrics, onHead, logId } = this.#options;
    const startedMs = clock.monotonicMs();
    this.#underWaySince = startedMs;
    const head = this.head();
    const entries = batch.length === 1 && batch[0] !== undefined ? batch[0].entries : batch.flatMap((a) => a.entries);
    const first = nextSequence(head);
    try {
      const isNew = segments.needsNew;
      if (isNew) await segments.begin(first);
      const header = isNew ? { logId, first, createdAt: clock.now() } : undefined;
      const bytes = this.#encoder.encode(header, entries, head);
      await segments.commit(bytes);
      metrics.committed(entries.length, bytes.byteLength, clock.monotonicMs() - startedMs);
    } catch (error) {
      await this.#failed(batch, error);
      return;
    } finally {
      this.#underWaySince = undefined;
    }
    this.#lastCommitMs = clock.monotonicMs();
    this.#failedMs = undefined;
    this.#endsSynced = entries.at(-1)?.type === SERVER_SYNCED;
    // Durable from here on: followers may read it, and a crash before the answers only costs the client a repeat.
    const newHead = (head + entries.length) as Sequence;
    reader.setHead(newHead);
    acknowledge(batch, head);
    onHead(newHead);
  }

  /** Rule 5. The answer waits for the first attempt to cut, so that what was refused does not come back. */
  async #failed(batch: readonly WaitingAppend[], cause: unknown): Promise<void> {
    const { clock, disk, logger, metrics } = this.#options;
    metrics.failed();
    this.#failedMs = clock.monotonicMs();
    const isFull = cause instanceof ShortWrite || NO_SPACE.has(systemCodeOf(cause) ?? '');
    const error = isFull ? fullError(cause) : writeError(cause);
    this.#failures.add(systemCodeOf(cause) ?? 'other', (times) =>
      logger.error(
        { error: messageOf(cause), events: batch.length, times },
        'a write to the event log failed; it is cut back',
      ),
    );
    if (isFull) disk.markFull();
    if (!(await this.#cutBack(cause))) {
      for (const append of [...batch, ...this.#queue.takeAll()]) append.reject(error);
      return;
    }
    const again = isFull && batch.some((a) => a.isServer) && (await disk.releaseReserve());
    this.#queue.putBack(batch.filter((append) => again && append.isServer));
    for (const append of batch) if (!again || !append.isServer) append.reject(error);
  }

  /** While this fails, nothing is taken. */
  async #cutBack(cause: unknown): Promise<boolean> {
    this.#lastCutMs = this.#options.clock.monotonicMs();
    try {
      await this.#options.segments.cutBack();
      this.#uncut = undefined;
      return true;
    } catch (error) {
      this.#uncut = writeError(cause);
      this.#options.logger.error({ error: messageOf(error) }, 'a failed write to the event log cannot be cut back yet');
      return false;
    }
  }

  async #keepUp(): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#stopped;
    for (;;) {
      await clock.sleep(TICK_MS, signal);
      if (signal.aborted) return;
      const now = clock.monotonicMs();
      if (this.#uncut !== undefined && now - this.#lastCutMs >= CUT_RETRY_MS) await this.#cutBack(this.#uncut);
      if (now - this.#lastDiskCheckMs >= DISK_CHECK_MS) {
        this.#lastDiskCheckMs = now;
        await this.#options.disk.check();
        this.#failures.sayDue();
      }
      const isIdle = this.#running === undefined && now - this.#lastCommitMs >= IDLE_MS;
      if (isIdle && this.#uncut === undefined) void this.sayWhatIsSynced('idle');
    }
  }

  async #close(): Promise<void> {
    this.#stopped.abort();
    await this.#upkeep;
    await this.#running;
    if (this.#uncut !== undefined) await this.#cutBack(this.#uncut);
    await this.sayWhatIsSynced('stop');
    this.#failures.flush();
    await this.#options.segments.close();
    await this.#options.reader.close();
  }
}

function closedError(): CodedError {
  return new CodedError('EVENT_LOG_CLOSED', 'The server is stopping; send the event again after the restart.');
}

function fullError(cause?: unknown): CodedError {
  return new CodedError(
    'EVENT_LOG_FULL',
    'The disk of the event log is full. Free space there; events are accepted again by themselves.',
    { systemCode: systemCodeOf(cause) ?? null },
    cause,
  );
}

function writeError(cause: unknown): CodedError {
  if (cause instanceof CodedError) return cause;
  return new CodedError(
    'EVENT_LOG_WRITE_FAILED',
    `The event log could not be written: ${messageOf(cause)}. The event was not stored; send it again.`,
    { systemCode: systemCodeOf(cause) ?? null },
    cause,
  );
}
