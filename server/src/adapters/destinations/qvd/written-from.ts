import { sequence } from '../../../domain/sequence.ts';
import type { WrittenFrom } from '../../shared/part-merger.ts';

/** What the lineage of a file says of each log; `writtenFrom` reads it. */
export function lineageStatement({ logId, range }: Partial<WrittenFrom> & Pick<WrittenFrom, 'range'>): string {
  const events = `events ${range.first} to ${range.last} of the event log`;
  return logId === undefined ? events : `${events} ${logId}`;
}

const STATEMENT = /<Statement>events (\d+) to (\d+) of the event log (\S+)<\/Statement>/;

/** Which part of which log a file holds, from its XML header, which a zero byte ends. Undefined: not one of ours. */
export function writtenFrom(file: Uint8Array): WrittenFrom | undefined {
  const header = Buffer.from(file.buffer, file.byteOffset, Math.max(file.indexOf(0), 0)).toString('utf8');
  const [, first, last, logId] = STATEMENT.exec(header) ?? [];
  if (logId === undefined || !Number.isSafeInteger(Number(first)) || !Number.isSafeInteger(Number(last)))
    return undefined;
  return { logId, range: { first: sequence(Number(first)), last: sequence(Number(last)) } };
}
