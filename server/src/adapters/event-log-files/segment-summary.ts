import type { EpochMillis } from '../../domain/epoch-millis.ts';
import type { SegmentHeader } from '../../domain/log-line.ts';
import type { Sequence } from '../../domain/sequence.ts';
import type { FileSystem, OpenFile } from '../shared/file-system.ts';
import { segmentPath } from './segment-name.ts';
import { SegmentScan } from './segment-scan.ts';

/** What the header and the last line of a segment say; its other lines are not read. */
export interface SegmentSummary {
  /** By its name. */
  readonly first: Sequence;
  readonly header: SegmentHeader | undefined;
  /** Of the last whole line; undefined when there is none. */
  readonly last: Sequence | undefined;
  /** When the last line was received. */
  readonly newestAt: EpochMillis | undefined;
  readonly bytes: number;
}

const HEAD_BYTES = 4096;
const TAIL_BYTES = 64 * 1024;
const NEWLINE = 0x0a;

/** Changes nothing. Rejects with the system error where the file cannot be read. */
export async function summarizeSegment(
  fileSystem: FileSystem,
  directory: string,
  first: Sequence,
): Promise<SegmentSummary> {
  const file = await fileSystem.open(segmentPath(directory, first), 'read');
  try {
    const bytes = await file.size();
    const scan = new SegmentScan(file, 0, HEAD_BYTES);
    const start = (await scan.fill()) ? scan.next() : undefined;
    const last = await lastLine(file, bytes);
    return {
      first,
      header: start?.kind === 'header' ? start.header : undefined,
      last: last?.seq,
      newestAt: last?.at,
      bytes,
    };
  } finally {
    await file.close();
  }
}

/** Looks at ever longer tails until one holds a whole line. */
async function lastLine(file: OpenFile, size: number) {
  for (let length = TAIL_BYTES; ; length *= 8) {
    const from = Math.max(0, size - length);
    const scan = new SegmentScan(file, await lineStart(file, from), length);
    let found: { readonly seq: Sequence; readonly at: EpochMillis } | undefined;
    while (await scan.fill()) {
      for (let item = scan.next(); item !== undefined; item = scan.next()) {
        if (item.kind === 'line') found = item.line;
      }
    }
    if (found !== undefined || from === 0) return found;
  }
}

/** The start of the first line at or after `from`; `from` itself where there is no newline near. */
async function lineStart(file: OpenFile, from: number): Promise<number> {
  if (from === 0) return 0;
  const bytes = Buffer.alloc(TAIL_BYTES);
  const count = await file.read(bytes, from - 1);
  const newline = bytes.subarray(0, count).indexOf(NEWLINE);
  return newline === -1 ? from : from + newline;
}
