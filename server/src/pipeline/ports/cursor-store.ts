import type { CodedError } from '../../domain/errors.ts';
import type { Sequence, SequenceRange } from '../../domain/sequence.ts';

/** A delivery that has begun and not been committed. A restart repeats exactly its range (rule 18). */
export interface Attempt {
  readonly destination: string;
  readonly range: SequenceRange;
  /** Which try of this range this is, from 1. */
  readonly number: number;
  /** File destinations: the name reserved by `begin` (rule 19). */
  readonly part?: FilePart;
  /** File destinations, once prepared: published as it is, never encoded again (rule 19). */
  readonly prepared?: PreparedFile;
}

export interface FilePart {
  /** `YYYYMMDD`, the UTC day of writing. */
  readonly day: string;
  /** From 1 for each day. */
  readonly part: number;
}

export interface PreparedFile {
  /** Absolute path of the temporary file. */
  readonly temporaryPath: string;
  /** Absolute path under which it is to be published. */
  readonly path: string;
  /** Hex. */
  readonly sha256: string;
}

/** An event, or a range of the log, that a destination could not take. */
export interface Rejection {
  readonly range: SequenceRange;
  readonly eventId?: string;
  readonly eventType?: string;
  /** The envelope as stored, so that the dead letter survives retention. */
  readonly envelope?: string;
  readonly error: CodedError;
}

export interface Cursor {
  /** Everything up to here is delivered or dead-lettered. */
  readonly committed: Sequence;
  readonly begun?: Attempt;
}

/** What a commit settles besides the range, in the same transaction. */
export interface CommitDetails {
  /** Events that the destination took, for its counters. */
  readonly delivered?: number;
  /** Dead letters of which a retry was delivered: removed (rule 21). */
  readonly resolvedDeadLetters?: readonly number[];
}

/** What a destination is registered with; kept as it was at its first registration. */
export interface Registration {
  /** Of the destination: `parquet`. Absent: the same as the name. */
  readonly type?: string;
  /** For people: `now`, `earliest`, or where a replay starts. */
  readonly startFrom?: string;
  /** Replays and retries end there (rule 21). */
  readonly end?: Sequence;
  /** Replays and retries: the destination under whose name their dead letters are listed. */
  readonly target?: string;
  /** Retries write into the folder of their target: part numbers are reserved under its name. */
  readonly sharesPartsOfTarget?: boolean;
}

/**
 * Lives in the durable database (rule 15): it does not follow from the log. Every call is durable when it returns, and
 * throws a CodedError STATE_DATABASE_FAILED, with nothing changed, when the disk does not take it.
 */
export interface CursorStore {
  /** Undefined: this destination was never registered. */
  load(destination: string): Cursor | undefined;
  /** Stores a new destination's start before the server listens (rule 16). One that is known keeps its cursor. */
  register(destination: string, committed: Sequence, details?: Registration): void;
  /**
   * Durable before bytes leave. Repeating it for the same range keeps the reserved part and counts the try; another range
   * (a half, rule 20) takes the open attempt's place and its part, which nothing was published under yet.
   * @param range starts right after the cursor
   * @throws CodedError CURSOR_MOVED when it does not; DEFECT when a file was prepared for another range
   */
  begin(destination: string, range: SequenceRange, reserve?: { readonly day: string }): Attempt;
  /**
   * Before publishing: from here on the file is never encoded again (rule 19).
   * @throws CodedError CURSOR_MOVED when this attempt is no longer the open one
   */
  prepare(attempt: Attempt, file: PreparedFile): Attempt;
  /**
   * A foreign file has the reserved name: takes the next part number for the same attempt, `atLeast` or higher. What was
   * prepared for the old name is forgotten.
   * @throws CodedError CURSOR_MOVED when this attempt is no longer the open one
   */
  reserveNext(attempt: Attempt, atLeast?: number): Attempt;
  /** Files that were found at start have the part numbers below `atLeast`. */
  raisePartTo(destination: string, day: string, atLeast: number): void;
  /**
   * Cursor, dead letters and the end of the attempt in one transaction. The cursor moves only from `range.first - 1`
   * (compare and set), so that whoever moved it first, a skip say, is not overwritten (rule 17).
   * @throws CodedError CURSOR_MOVED
   */
  commit(destination: string, range: SequenceRange, rejected: readonly Rejection[], details?: CommitDetails): void;
}
