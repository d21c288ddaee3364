import { type EpochMillis, epochMillis, toIsoString } from '../../domain/epoch-millis.ts';
import type { Origin, StoredEvent } from '../../domain/log-entry.ts';
import { type Sequence, sequence } from '../../domain/sequence.ts';
import type { RetiredId } from '../../pipeline/ports/log-facts.ts';
import type { OpenFile } from '../shared/file-system.ts';

/**
 * `<first>.ids`: what retention leaves of a segment (rule 12), NDJSON. First line
 * `{"ids":1,"logId":…,"first":…,"last":…,"newestAt":…}`, then `{"seq":…,"origin":…,"id":…,"digest":…}` for each line.
 */
export interface IdsHeader {
  readonly logId: string | undefined;
  readonly first: Sequence;
  readonly last: Sequence;
  /** When the last line of the segment was received. */
  readonly newestAt: EpochMillis;
}

export function encodeIdsHeader({ logId, first, last, newestAt }: IdsHeader): string {
  return `${JSON.stringify({ ids: 1, logId, first, last, newestAt: toIsoString(newestAt) })}\n`;
}

export function encodeIdsLine({ seq, origin, id, digest }: StoredEvent): string {
  return `${JSON.stringify({ seq, origin, id, digest })}\n`;
}

/** Undefined: not such a line. */
export function parseIdsHeader(line: string): IdsHeader | undefined {
  const { ids, logId, first, last, newestAt } = membersOf(line);
  if (ids !== 1 || !isSequence(first) || !isSequence(last) || typeof newestAt !== 'string') return undefined;
  const at = epochMillis(Date.parse(newestAt));
  if (Number.isNaN(at)) return undefined;
  return { logId: typeof logId === 'string' ? logId : undefined, first, last, newestAt: at };
}

/** Undefined: not such a line. */
export function parseIdsLine(line: string): RetiredId | undefined {
  const { seq, origin, id } = membersOf(line);
  if (!isSequence(seq) || typeof id !== 'string' || !isOrigin(origin)) return undefined;
  return { id, seq, origin };
}

function membersOf(line: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function isSequence(value: unknown): value is Sequence {
  return typeof value === 'number' && Number.isSafeInteger(value) && sequence(value) > 0;
}

function isOrigin(value: unknown): value is Origin {
  return value === 'client' || value === 'server';
}

const CHUNK_BYTES = 256 * 1024;
const NEWLINE = 0x0a;

/** The lines of a text file that have their newline, one chunk in memory at a time. */
export async function* readLines(file: OpenFile): AsyncGenerator<string> {
  const chunk = Buffer.alloc(CHUNK_BYTES);
  let rest: Buffer = Buffer.alloc(0);
  for (let position = 0; ; ) {
    const count = await file.read(chunk, position);
    if (count === 0) return;
    position += count;
    const bytes = Buffer.concat([rest, chunk.subarray(0, count)]);
    let start = 0;
    for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, start)) {
      yield bytes.toString('utf8', start, end);
      start = end + 1;
    }
    rest = bytes.subarray(start);
  }
}
