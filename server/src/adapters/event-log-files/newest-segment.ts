import type { DamagedLines } from '../../domain/log-entry.ts';
import type { SegmentHeader } from '../../domain/log-line.ts';
import { type Sequence, sequence } from '../../domain/sequence.ts';
import { SERVER_SYNCED } from '../../domain/server-record.ts';
import type { FileSystem } from '../shared/file-system.ts';
import { segmentPath } from './segment-name.ts';
import { SegmentScan } from './segment-scan.ts';

/** What rules 9 and 10 say about the newest segment. */
export interface Tail {
  readonly first: Sequence;
  readonly header: SegmentHeader | undefined;
  /** The last sequence that is there or, where damaged, was there. */
  readonly head: Sequence;
  readonly damage: readonly DamagedLines[];
  readonly bytes: number;
  /** Of the header, 0 without a whole one. */
  readonly headerBytes: number;
  /** What lies behind is the unacknowledged tail. 0: nothing of the segment remains. */
  readonly keepBytes: number;
  /** From here on lines are whole, but nothing says that they are on disk; they are written again. */
  readonly rewriteFrom: number;
  readonly linesToRewrite: number;
  /** Damage reaches to the end: nothing is cut, and writing goes on in a new segment. */
  readonly sealed: boolean;
  readonly endsSynced: boolean;
}

/** Lines that follow each other in file and sequence. */
interface Run {
  /** Nothing lies between it and the header. */
  readonly followsHeader: boolean;
  readonly first: Sequence;
  readonly ends: number[];
  readonly start: number;
}

const CHUNK_BYTES = 1024 * 1024;

/** @param atLeastDurable the highest sequence already known to have been synced */
export async function readNewestSegment(
  fileSystem: FileSystem,
  directory: string,
  first: Sequence,
  atLeastDurable: Sequence,
): Promise<Tail> {
  const file = await fileSystem.open(segmentPath(directory, first), 'read');
  try {
    const scan = new SegmentScan(file, 0, CHUNK_BYTES);
    const runs: Run[] = [];
    let header: SegmentHeader | undefined;
    let headerBytes = 0;
    let durable = atLeastDurable;
    let bad = false;
    let lastType = '';
    while (await scan.fill()) {
      for (let item = scan.next(); item !== undefined; item = scan.next()) {
        if (item.kind === 'header') {
          header = item.header;
          headerBytes = item.end;
        } else if (item.kind === 'bad') bad = true;
        else {
          if (isRenumbered(runs.at(-1), item.line.seq)) {
            runs.pop();
            bad = true;
          }
          const run = runs.at(-1);
          const expected = nextOf(run, first);
          // a line that steps back is foreign: it has no place in the sequence
          if (item.line.seq < expected) bad = true;
          else {
            if (run === undefined || bad || item.line.seq !== expected) {
              const followsHeader = item.start === headerBytes && headerBytes > 0 && item.line.seq === first;
              runs.push({ followsHeader, first: item.line.seq, ends: [item.end], start: item.start });
            } else run.ends.push(item.end);
            bad = false;
            durable = Math.max(durable, item.line.durable) as Sequence;
            lastType = item.line.type;
          }
        }
      }
    }
    return judge({ first, header, headerBytes, runs, durable, bytes: await file.size(), lastType });
  } finally {
    await file.close();
  }
}

function nextOf(run: Run | undefined, first: Sequence): number {
  return run === undefined ? first : run.first + run.ends.length;
}

/** A line alone that left some out, and behind which the log goes on below it: its number was altered on the disk (rule 9). */
function isRenumbered(run: Run | undefined, next: Sequence): boolean {
  return run !== undefined && !run.followsHeader && run.ends.length === 1 && next <= run.first;
}

function judge(found: {
  readonly first: Sequence;
  readonly header: SegmentHeader | undefined;
  readonly headerBytes: number;
  readonly runs: readonly Run[];
  readonly durable: Sequence;
  readonly bytes: number;
  readonly lastType: string;
}): Tail {
  const { first, header, headerBytes, runs, durable, bytes, lastType } = found;
  const damage: DamagedLines[] = [];
  const damaged = (from: number, to: number) => {
    const reason = 'the lines are torn, altered or missing';
    if (from <= to) damage.push({ kind: 'damaged', first: sequence(from), last: sequence(to), reason });
  };
  const base = { first, header, headerBytes, bytes, damage };
  let expected: number = first;
  let keepBytes = 0;
  let rewriteFrom = -1;
  let linesToRewrite = 0;
  for (const run of runs) {
    // all runs but the first begin where something is wrong
    if (!run.followsHeader && expected > durable) break;
    if (run.first - 1 > Math.max(durable, expected - 1)) {
      // damage from before D runs on behind it: what is whole from here on is of the tail, and its numbers are given again
      damaged(expected, durable);
      return {
        ...base,
        head: durable,
        keepBytes: run.start,
        rewriteFrom: run.start,
        linesToRewrite: 0,
        sealed: true,
        endsSynced: false,
      };
    }
    damaged(expected, run.first - 1);
    const last = run.first + run.ends.length - 1;
    if (last > durable && rewriteFrom === -1) {
      const kept = durable - run.first;
      rewriteFrom = durable < first ? 0 : kept < 0 ? run.start : (run.ends[kept] ?? run.start);
      linesToRewrite = last - Math.max(durable, run.first - 1);
    }
    expected = last + 1;
    keepBytes = run.ends.at(-1) ?? keepBytes;
  }
  const sealed = expected <= durable;
  damaged(expected, durable);
  const head = sealed ? durable : sequence(expected - 1);
  const wholeToEnd = runs.length > 0 && keepBytes === runs.at(-1)?.ends.at(-1);
  return {
    ...base,
    head,
    keepBytes: sealed ? bytes : keepBytes,
    rewriteFrom: rewriteFrom === -1 ? keepBytes : rewriteFrom,
    linesToRewrite,
    sealed,
    endsSynced: wholeToEnd && !sealed && lastType === SERVER_SYNCED,
  };
}
