import type { Origin } from '../../domain/log-entry.ts';
import type { Sequence, SequenceRange } from '../../domain/sequence.ts';

/** What the deduplicator knows about a stretch of the log, beyond the lines themselves (rules 12-14). */
export interface LogFacts {
  /** Lines of the range that are not the first with their id; a server record's repeats are of kind `repeat`. */
  readonly repeats: ReadonlyMap<Sequence, RepeatedLine>;
  /**
   * Outcome lines of the range: which awaiting event each settles, and whether it is the first outcome. Of later ones
   * only pictures are listed; an outcome whose event the log no longer retains counts as a later one.
   */
  readonly outcomes: ReadonlyMap<Sequence, Outcome>;
}

export interface RepeatedLine {
  /** `repeat`: same id, same envelope bytes: silent. `conflict`: same id, other bytes: a dead letter of every destination. */
  readonly kind: 'repeat' | 'conflict';
  readonly firstSeq: Sequence;
}

export interface Outcome {
  readonly subject: Sequence;
  /** False: a late success, delivered as a row of its own (rule 14). */
  readonly first: boolean;
}

/** Read side of the deduplicator's table. Rebuildable: a pure function of the log. */
export interface LogFactsReader {
  /** The last sequence the deduplicator has seen; delivery reads no further. Falls to 0 when the table is rebuilt. */
  position(): Sequence;
  /**
   * @param range ends at `position()` at most
   * @throws CodedError INDEX_REBUILDING when it does not, or when the table turns out to be damaged: wait for `waitPast`
   */
  facts(range: SequenceRange): LogFacts;
  /** Resolves once `position() > seq`, or when the signal aborts (without throwing). */
  waitPast(seq: Sequence, signal: AbortSignal): Promise<void>;
}

/** What else the table can answer. */
export interface LogFactsQueries {
  /** The first line with this id, retained or not; undefined: no such id is known. Any letter case. */
  firstWithId(origin: Origin, id: string): Sequence | undefined;
  /** Events after `after` that await an outcome which has not come, oldest first. */
  unsettledAwaiting(after: Sequence, limit: number): readonly Sequence[];
  /** How many events await an outcome. */
  unsettledCount(): number;
  /** Events after `after` that have an outcome and still no picture, not even a late one; oldest first. */
  withoutPicture(after: Sequence, limit: number): readonly PictureMissing[];
  /** Rule 17: does an awaiting event of the range have its outcome still to come, or beyond `cursor`? */
  holdsAwaiting(range: SequenceRange, cursor: Sequence): boolean;
  damaged(): readonly SequenceRange[];
}

export interface PictureMissing {
  readonly subject: Sequence;
  /** Its first outcome record. */
  readonly outcome: Sequence;
}

/** The public part of a line, as far as the table needs it. */
export interface FactLine {
  readonly seq: Sequence;
  readonly origin: Origin;
  readonly id: string;
  readonly type: string;
  readonly awaits?: 'screenshot';
  readonly subject?: Sequence;
}

/** A piece of the log in log order, and the line it ends with, by which the log is recognised at the next start. */
export interface FactBatch {
  readonly lines: readonly FactLine[];
  readonly damaged: readonly SequenceRange[];
  readonly position: Sequence;
  readonly lastDigest?: string;
}

/** A line whose id another line had first: their envelopes decide what it is. */
export interface IdHit {
  readonly seq: Sequence;
  readonly firstSeq: Sequence;
}

export interface FactCounts {
  readonly repeats: number;
  readonly conflicts: number;
}

/** From a segment that retention deleted (rule 12). */
export interface RetiredId {
  readonly id: string;
  readonly seq: Sequence;
  readonly origin: Origin;
}

/** Write side. One writer; every call is one transaction. @throws CodedError INDEX_DAMAGED: `startOver` and read again */
export interface LogFactsStore extends LogFactsQueries {
  position(): Sequence;
  /** The digest of the line at `position()`; undefined where the log had damage there. */
  lastDigest(): string | undefined;
  facts(range: SequenceRange): LogFacts;
  /**
   * Rows and position in one transaction. When ids of client lines were there before and `kinds` does not say what those
   * lines are, nothing is recorded and the hits are returned.
   */
  record(
    batch: FactBatch,
    kinds?: ReadonlyMap<Sequence, RepeatedLine['kind']>,
  ): { readonly hits: readonly IdHit[] } | { readonly recorded: FactCounts };
  /** True once `loadRetiredIds` has finished, which comes before the first line. */
  hasRetiredIds(): boolean;
  loadRetiredIds(ids: AsyncIterable<RetiredId>): Promise<number>;
  /** Retention deleted everything before: what is known about those lines goes, their ids stay. */
  forgetLinesBefore(firstRetained: Sequence): void;
  /** Retention deleted the ids before, too. */
  forgetIdsBefore(seq: Sequence): Promise<void>;
  /** Begins an empty table. What could not be read is kept beside it when `reason` says that it is damaged. */
  startOver(reason: 'damaged' | 'other log' | 'reindex'): void;
}
