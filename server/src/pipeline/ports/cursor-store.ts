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

/** Lives in the durable database (rule 15): it does not follow from the log. */
export interface CursorStore {
  /** Undefined: this destination was never registered. */
  load(destination: string): Cursor | undefined;
  /** Stores a new destination's start before the server listens (rule 16). */
  register(destination: string, committed: Sequence): void;
  /** Durable before bytes leave. Repeating it for the same range keeps the reserved part and counts the try. */
  begin(destination: string, range: SequenceRange, reserve?: { readonly day: string }): Attempt;
  /** Before publishing: from here on the file is never encoded again (rule 19). */
  prepare(attempt: Attempt, file: PreparedFile): Attempt;
  /** A foreign file has the reserved name: takes the next part number for the same attempt. */
  reserveNext(attempt: Attempt): Attempt;
  /** Cursor, dead letters and the end of the attempt in one transaction. */
  commit(destination: string, range: SequenceRange, rejected: readonly Rejection[]): void;
}
