import { parquetMetadata } from 'hyparquet';
import { type Sequence, sequence } from '../../../domain/sequence.ts';

export interface WrittenFrom {
  readonly logId: string;
  readonly lastSequence: Sequence;
}

/** Which part of which log a file holds, as `encodeParquet` wrote it. Undefined: not one of ours, or not whole. */
export function writtenFrom(file: Uint8Array): WrittenFrom | undefined {
  let pairs: ReturnType<typeof parquetMetadata>['key_value_metadata'];
  try {
    pairs = parquetMetadata(Uint8Array.from(file).buffer).key_value_metadata;
  } catch {
    return undefined;
  }
  const textAt = (key: string) => pairs?.find((pair) => pair.key === key)?.value;
  const logId = textAt('logId');
  const last = Number(textAt('lastSequence'));
  return logId !== undefined && Number.isSafeInteger(last) && last >= 0
    ? { logId, lastSequence: sequence(last) }
    : undefined;
}
