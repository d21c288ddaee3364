import type { EpochMillis } from '../../domain/epoch-millis.ts';
import type { Sequence, SequenceRange } from '../../domain/sequence.ts';

/** An event, or a range of the log, that a destination did not get; listed until a person has dealt with it. */
export interface DeadLetter {
  readonly id: number;
  readonly destination: string;
  /** Where it is due in delivery order; both ends are the same for one event. */
  readonly range: SequenceRange;
  readonly eventId?: string;
  readonly eventType?: string;
  /** The envelope as stored, so that the dead letter survives retention. */
  readonly envelope?: string;
  /** An error code of the catalogue; what was skipped, damaged or not retained has codes of its own. */
  readonly code: string;
  readonly message: string;
  readonly at: EpochMillis;
}

/** Every condition that is given must hold. */
export interface DeadLetterFilter {
  readonly destination?: string;
  readonly code?: string;
  /** In any letter case. */
  readonly eventId?: string;
  /** Dead letters that touch this range. */
  readonly range?: SequenceRange;
  readonly ids?: readonly number[];
}

export interface DeadLetters {
  /** In the order of their ids, `limit` at most; the next page comes after the last id. */
  list(filter: DeadLetterFilter, page: { readonly afterId?: number; readonly limit: number }): readonly DeadLetter[];
  get(id: number): DeadLetter | undefined;
  countByDestination(): ReadonlyMap<string, number>;
}

/** The retry of one destination's dead letters: what it delivers, in delivery order, wherever it was interrupted. */
export interface DeadLettersInLogOrder {
  /** Dead letters of `destination` due after `after`, up to `upTo`, in log order. */
  due(destination: string, after: Sequence, upTo: Sequence, limit: number): readonly DeadLetter[];
}
