import type { Sequence, SequenceRange } from '../../domain/sequence.ts';

/** What the deduplicator knows about a stretch of the log, beyond the lines themselves (rules 12-14). */
export interface LogFacts {
  /** Client lines of the range that are not the first with their id. */
  readonly repeats: ReadonlyMap<Sequence, RepeatedLine>;
  /** Server outcome lines of the range: which awaiting event each settles, and whether it is the first outcome. */
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
  /** The last sequence the deduplicator has seen; delivery reads no further. */
  position(): Sequence;
  facts(range: SequenceRange): LogFacts;
  /** Resolves once `position() > seq`, or when the signal aborts (without throwing). */
  waitPast(seq: Sequence, signal: AbortSignal): Promise<void>;
}
