import type { LogItem, NewLogEntry } from '../../domain/log-entry.ts';
import type { Sequence } from '../../domain/sequence.ts';

export interface AppendReceipt {
  readonly seq: Sequence;
}

/** Reads what is durable. Any number of readers, in any thread. */
export interface EventLogReader {
  /**
   * The next items after `after` in log order, at most `limit.events` and about `limit.bytes` (always at least one item
   * when there is one). Empty = nothing durable after it yet. Damage is an item of its own; it is never thrown.
   * Items before `firstRetained()` are gone; a read after an earlier sequence starts at the first retained one.
   */
  read(after: Sequence, limit: ReadLimit): Promise<readonly LogItem[]>;
  /** The highest durable sequence; nobody reads past it (rule 6). */
  head(): Sequence;
  /** The first sequence that retention has left; 1 in a young log. */
  firstRetained(): Promise<Sequence>;
  /** Resolves once `head() > seq`, or when the signal aborts (without throwing). */
  waitPast(seq: Sequence, signal: AbortSignal): Promise<void>;
}

export interface ReadLimit {
  readonly events: number;
  readonly bytes: number;
}

/** Append resolves only when every entry is durable; repeats are found later, by the deduplicator. */
export interface EventLogAppender {
  /**
   * One durable commit for all entries, receipts in their order, sequences consecutive.
   * @throws CodedError EVENT_LOG_FULL, EVENT_LOG_WRITE_FAILED, EVENT_LOG_CLOSED: none of the entries was or ever will be stored.
   */
  append(entries: readonly NewLogEntry[]): Promise<readonly AppendReceipt[]>;
}

/** How far behind the disk is; read by the queue on every request, so it costs nothing. */
export interface LogPressure {
  /** Events handed to `append` that are not yet in the write under way. */
  readonly waitingEvents: number;
  readonly waitingBytes: number;
  /** Age of the write (or sync) under way; 0 when there is none. */
  readonly writeUnderWayMs: number;
  /** Why client events are refused at present (disk below minFreeBytes, or a failed write that could not be cut back). */
  readonly refusing?: 'full' | 'failed';
  /** The newest write failed, a few seconds ago at most. Events are taken all the same: the next write shows. */
  readonly isFailing?: boolean;
}

export interface EventLogWriter extends EventLogReader, EventLogAppender {
  pressure(): LogPressure;
  /** Commits what waits, writes `server.synced` (rule 7), closes. Later appends get EVENT_LOG_CLOSED. */
  close(): Promise<void>;
}

export interface EventLog extends EventLogReader, EventLogAppender {}
