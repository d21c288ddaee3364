import { randomUUID } from 'node:crypto';
import { CodedError } from '../../domain/errors.ts';
import type { DamagedLines } from '../../domain/log-entry.ts';
import { BEFORE_FIRST, nextSequence, type Sequence, sequence } from '../../domain/sequence.ts';
import type { Clock } from '../../pipeline/ports/clock.ts';
import type { FileSystem } from '../shared/file-system.ts';
import { cutTail, removeSegment, rewriteLines, type SavedCut } from './cut-tail.ts';
import { readNewestSegment, type Tail } from './newest-segment.ts';
import { listSegments, segmentPath } from './segment-name.ts';
import { type SegmentSummary, summarizeSegment } from './segment-summary.ts';

/** What opening a log found and did (rules 9-11). */
export interface RecoveryReport {
  /** Made once for each log and kept in every segment; a cursor of another log stops its destination (rule 11). */
  readonly logId: string;
  readonly head: Sequence;
  readonly firstRetained: Sequence;
  readonly segments: number;
  /** Only what the newest segment and the ends of the others show; a reader finds the rest where it is. */
  readonly damage: readonly DamagedLines[];
  /** The unacknowledged tail, saved and cut (rule 10); more than one when a segment had just begun. */
  readonly cuts: readonly SavedCut[];
  /** Whole lines that no later line said to be durable: written again and synced before anybody could read them. */
  readonly linesWrittenAgain: number;
  /** First sequences of segments whose first line cannot be read. */
  readonly damagedHeaders: readonly Sequence[];
  /** Segments without a line, which a crash right after their creation left behind (rule 4). */
  readonly removedSegments: readonly Sequence[];
}

export interface RecoveredLog {
  readonly report: RecoveryReport;
  /** The segment in which writing goes on; undefined: the next line begins a new one. */
  readonly open: { readonly first: Sequence; readonly bytes: number } | undefined;
  /** Is the last line a `server.synced` record (rule 7)? */
  readonly endsSynced: boolean;
}

export interface RecoveryOptions {
  readonly directory: string;
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
}

/**
 * Brings a log folder into the state in which it can be read and written: nothing in it that was acknowledged is
 * touched. A crash anywhere in here is followed by the same again. Opening a log after a clean stop takes the same way.
 * @throws CodedError EVENT_LOG_MIXED; system errors of the disk
 */
export async function recover(options: RecoveryOptions): Promise<RecoveredLog> {
  const { fileSystem, directory } = options;
  const firsts = await listSegments(fileSystem, directory);
  const cuts: SavedCut[] = [];
  const removedSegments: Sequence[] = [];
  let tail: Tail | undefined;
  // A file of that name was created only after everything before it had been synced.
  let durable = BEFORE_FIRST;
  for (let first = firsts.at(-1); first !== undefined; first = firsts.at(-1)) {
    durable = Math.max(durable, first - 1) as Sequence;
    tail = await readNewestSegment(fileSystem, directory, first, durable);
    const onlyHeader = tail.keepBytes === 0 && tail.bytes === tail.headerBytes;
    if (tail.bytes > tail.keepBytes && !onlyHeader) cuts.push(await cutTail(options, tail));
    if (tail.keepBytes > 0) break;
    await removeSegment(options, first);
    removedSegments.push(first);
    firsts.pop();
    tail = undefined;
  }
  const linesWrittenAgain = tail === undefined ? 0 : await rewriteLines(options, tail);
  const older = await summarizeAll(options, firsts.slice(0, -1));
  const files = [...older, ...(tail === undefined ? [] : [tail])];
  const logId = singleLogId(directory, files);
  const head = tail?.head ?? durable;
  const damage = [...gapsBetween(older, tail), ...(tail?.damage ?? [])];
  return {
    report: {
      logId,
      head,
      firstRetained: firsts[0] ?? nextSequence(head),
      segments: firsts.length,
      damage,
      damagedHeaders: files.flatMap((file) => (file.header === undefined ? [file.first] : [])),
      cuts,
      linesWrittenAgain,
      removedSegments,
    },
    // a new id is kept by the header of a new segment
    open: tail?.header === undefined || tail.sealed ? undefined : { first: tail.first, bytes: tail.keepBytes },
    endsSynced: tail?.endsSynced ?? false,
  };
}

async function summarizeAll(options: RecoveryOptions, firsts: readonly Sequence[]): Promise<SegmentSummary[]> {
  const summaries: SegmentSummary[] = [];
  for (const first of firsts) summaries.push(await summarizeSegment(options.fileSystem, options.directory, first));
  return summaries;
}

/** A log without lines gets a new id. */
function singleLogId(directory: string, files: readonly (SegmentSummary | Tail)[]): string {
  const [one, ...others] = files.flatMap(({ first, header }) => (header === undefined ? [] : [{ first, header }]));
  const other = others.find(({ header }) => header.logId !== one?.header.logId);
  if (one !== undefined && other !== undefined) {
    throw new CodedError(
      'EVENT_LOG_MIXED',
      `${segmentPath(directory, one.first)} and ${segmentPath(directory, other.first)} belong to different logs. ` +
        'Move the files of one of them away.',
      { directory, logId: one.header.logId, otherLogId: other.header.logId },
    );
  }
  return one?.header.logId ?? randomUUID();
}

/** Segments follow each other without a gap; what is missing in between had been synced. */
function gapsBetween(older: readonly SegmentSummary[], tail: Tail | undefined): DamagedLines[] {
  return older.flatMap((segment, index) => {
    const nextFirst = older[index + 1]?.first ?? tail?.first;
    if (nextFirst === undefined) return [];
    const last = sequence(nextFirst - 1);
    const from = segment.last === undefined ? segment.first : nextSequence(segment.last);
    if (from > last) return [];
    return [{ kind: 'damaged' as const, first: from, last, reason: 'the lines, or a whole segment, are missing' }];
  });
}
