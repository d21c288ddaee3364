import { type Sequence, type SequenceRange, sequence } from '../../../domain/sequence.ts';

export interface WrittenFrom {
  readonly logId: string;
  readonly lastSequence: Sequence;
}

/** What `encodeQvd` puts into the lineage of a file; `writtenFrom` reads it. */
export function lineageStatement(range: SequenceRange, logId: string | undefined): string {
  const events = `events ${range.first} to ${range.last} of the event log`;
  return logId === undefined ? events : `${events} ${logId}`;
}

const STATEMENT = /<Statement>events \d+ to (\d+) of the event log (\S+)<\/Statement>/;

/** Which part of which log a file holds, from its XML header, which a zero byte ends. Undefined: not one of ours. */
export function writtenFrom(file: Uint8Array): WrittenFrom | undefined {
  const header = Buffer.from(file.buffer, file.byteOffset, Math.max(file.indexOf(0), 0)).toString('utf8');
  const [, last, logId] = STATEMENT.exec(header) ?? [];
  if (logId === undefined || !Number.isSafeInteger(Number(last))) return undefined;
  return { logId, lastSequence: sequence(Number(last)) };
}
