import { CodedError } from '../domain/errors.ts';
import type { Sequence, SequenceRange } from '../domain/sequence.ts';
import type { Rejection } from './ports/cursor-store.ts';

/** An operator gives up a part of the log for one destination (rule 17). */
export interface SkipRequest {
  /** Of the request, so that doing it twice leaves one record. */
  readonly id: string;
  /** The cursor that the operator saw: with any other, nothing is skipped. */
  readonly expectedCommitted: Sequence;
  readonly through: Sequence;
  readonly reason: string;
  readonly actor: string;
}

export type SkipOutcome =
  | { readonly kind: 'skipped'; readonly range: SequenceRange }
  /** The destination has moved on meanwhile, or the log does not go so far: look again. */
  | { readonly kind: 'not-skipped'; readonly committed: Sequence; readonly head: Sequence }
  /** The worker has ended; the request stands for the next start. */
  | { readonly kind: 'worker-gone' };

/** The dead letter that stands for everything skipped. */
export function skippedRange(range: SequenceRange, { reason, actor }: SkipRequest): Rejection {
  const error = new CodedError('DESTINATION_SKIPPED', `Skipped by ${actor}: ${reason}`, {
    actor,
    reason,
    first: range.first,
    last: range.last,
  });
  return { range, error };
}
