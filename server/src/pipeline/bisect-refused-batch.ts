import { nextSequence } from '../domain/sequence.ts';
import { type BatchPart, lastPositionOf, rowsOf } from './batching.ts';

/**
 * Two parts that make up `part`, in log order; each delivered, begun and committed by itself (rule 20). Where there is
 * only one row there is nothing to halve: undefined.
 */
export function halve(part: BatchPart): readonly [BatchPart, BatchPart] | undefined {
  const rows = rowsOf(part);
  const lastLeft = rows[Math.ceil(rows.length / 2) - 1];
  if (rows.length < 2 || lastLeft === undefined) return undefined;
  const cut = lastLeft.position;
  return [
    { range: { first: part.range.first, last: cut }, entries: part.entries.filter((e) => lastPositionOf(e) <= cut) },
    {
      range: { first: nextSequence(cut), last: part.range.last },
      entries: part.entries.filter((e) => lastPositionOf(e) > cut),
    },
  ];
}

/** So many events refused one after the other, and none taken in between: it is not the events (rule 20). */
export const REFUSALS_IN_A_ROW = 10;
