import { type FileMetaData, parquetMetadata } from 'hyparquet';
import { sequence } from '../../../domain/sequence.ts';
import type { WrittenFrom } from '../../shared/part-merger.ts';

/** Which part of which log a file holds, as `ParquetFile` wrote it. Undefined: not one of ours, or not whole. */
export function writtenFrom(file: Uint8Array): WrittenFrom | undefined {
  try {
    return originIn(parquetMetadata(file));
  } catch {
    return undefined;
  }
}

export function originIn({ key_value_metadata: pairs }: FileMetaData): WrittenFrom | undefined {
  const textAt = (key: string) => pairs?.find((pair) => pair.key === key)?.value;
  const logId = textAt('logId');
  const [first, last] = [Number(textAt('firstSequence')), Number(textAt('lastSequence'))];
  if (logId === undefined || !isPosition(first) || !isPosition(last)) return undefined;
  return { logId, range: { first: sequence(first), last: sequence(last) } };
}

function isPosition(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
