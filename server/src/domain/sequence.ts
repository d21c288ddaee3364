/** Position of a line in the event log: an integer from 1, without gaps, never used for two contents. 0 = before the first. */
export type Sequence = number & { readonly __brand: 'Sequence' };

/** Both ends included. */
export interface SequenceRange {
  readonly first: Sequence;
  readonly last: Sequence;
}

export const BEFORE_FIRST = 0 as Sequence;

/** @throws RangeError when `value` is not an integer of 0 … 2^53-1. */
export function sequence(value: number): Sequence {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`not a log sequence: ${value}`);
  return value as Sequence;
}

export function nextSequence(seq: Sequence): Sequence {
  return (seq + 1) as Sequence;
}
