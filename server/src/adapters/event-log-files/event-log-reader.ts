import { CodedError, messageOf, systemCodeOf } from '../../domain/errors.ts';
import { type LogItem, lastSequenceOf } from '../../domain/log-entry.ts';
import { BEFORE_FIRST, nextSequence, type Sequence, sequence } from '../../domain/sequence.ts';
import type { EventLogReader, ReadLimit } from '../../pipeline/ports/event-log.ts';
import { type FileSystem, type OpenFile, realFileSystem } from '../shared/file-system.ts';
import { HeadPosition } from './head-position.ts';
import { KnownPlaces } from './known-places.ts';
import { ReadItems } from './read-items.ts';
import { SegmentFiles } from './segment-files.ts';
import { type Scanned, SegmentScan } from './segment-scan.ts';

export interface ReaderOptions {
  readonly directory: string;
  readonly fileSystem?: FileSystem;
  /** The head as of now; `setHead` moves it. Without it nothing can be read yet. */
  readonly head?: Sequence;
}

/** Where a caller's next line is looked for. */
interface Position {
  readonly segment: Sequence;
  /** Start of a line, or of what is where a line should be. */
  readonly offset: number;
  /** The sequence that should come. */
  readonly expected: Sequence;
}

/** So many callers, each with positions of its own, find their place without looking for it. */
const MAX_POSITIONS = 256;
const MIN_CHUNK_BYTES = 64 * 1024;
const MAX_CHUNK_BYTES = 512 * 1024;
const USUAL_LINE_BYTES = 2048;
const SEARCH_BYTES = 256 * 1024;

/**
 * Reads a log folder in any thread. The head comes from the writer, so bytes that are not durable yet may be seen in the
 * file but are never handed out and never kept: a failed batch is cut off and its sequences come again elsewhere (rule 6).
 */
export class SegmentReader implements EventLogReader {
  readonly #head: HeadPosition;
  readonly #segments: SegmentFiles;
  readonly #positions = new Map<Sequence, Position>();
  readonly #places = new KnownPlaces();

  constructor(options: ReaderOptions) {
    this.#head = new HeadPosition(options.head ?? BEFORE_FIRST);
    this.#segments = new SegmentFiles(options.fileSystem ?? realFileSystem, options.directory);
  }

  head(): Sequence {
    return this.#head.value;
  }

  /** Told by the writer's thread; late or lost news cost nothing, the latest counts. */
  setHead(seq: Sequence): void {
    this.#head.moveTo(seq);
  }

  waitPast(seq: Sequence, signal: AbortSignal): Promise<void> {
    return this.#head.waitPast(seq, signal);
  }

  async firstRetained(): Promise<Sequence> {
    return this.#guard(async () => (await this.#segments.refresh())[0] ?? nextSequence(this.head()));
  }

  /** @throws CodedError EVENT_LOG_READ_FAILED when the disk does not answer; the same read may be tried again */
  async read(after: Sequence, limit: ReadLimit): Promise<readonly LogItem[]> {
    // Taken before any byte is read: what it covers will not change any more.
    const head = this.head();
    if (after >= head) return [];
    return this.#guard(() => this.#read(after, head, limit));
  }

  /** For the end of the thread; a read afterwards opens files again. */
  close(): Promise<void> {
    return this.#segments.close();
  }

  async #read(after: Sequence, head: Sequence, limit: ReadLimit): Promise<readonly LogItem[]> {
    const items = new ReadItems(limit, head);
    let position = this.#positions.get(after) ?? (await this.#locate(after, head));
    while (position !== undefined && !items.isFull && position.expected <= head) {
      const before = position;
      position = await this.#readSegment(before, head, items, limit);
      // the segment is gone: retention has been here
      position ??= await this.#locate(sequence(before.expected - 1), head);
    }
    if (position === undefined) items.addDamage(sequence(after + 1), head, 'no segment of the log is left');
    const last = items.list.at(-1);
    if (position !== undefined && last !== undefined) this.#remember(lastSequenceOf(last), position);
    return items.list;
  }

  /** @returns where to go on; undefined when the file is gone */
  #readSegment(position: Position, head: Sequence, items: ReadItems, limit: ReadLimit): Promise<Position | undefined> {
    const { segment } = position;
    return this.#segments.use(segment, async (file) => {
      const scan = new SegmentScan(file, position.offset, chunkBytes(limit));
      // In a segment that damage has sealed, or that could not be cut, lines of the next one's range do not count.
      const end = this.#segments.nextFirst(segment) ?? Number.POSITIVE_INFINITY;
      let { expected, offset } = position;
      const places = this.#places.of(segment);
      let previous = offset === 0 ? segment - 1 : undefined;
      for (;;) {
        const item = scan.next();
        if (item === undefined) {
          if (await scan.fill()) continue;
          break;
        }
        if (item.kind === 'line') {
          const { seq } = item.line;
          const follows = previous === undefined ? seq <= expected : seq === previous + 1;
          if (!follows && (await isRenumbered(file, seq, item.end))) {
            offset = item.end;
            continue;
          }
          previous = seq;
        }
        if (item.kind === 'line' && item.line.seq >= expected) {
          const { seq } = item.line;
          if (seq >= end) break;
          if (seq > expected) items.addDamage(expected, sequence(seq - 1), 'the lines are torn, altered or missing');
          if (seq > head) return { segment, offset, expected: nextSequence(head) };
          expected = seq;
          if (items.isFull) return { segment, offset: item.start, expected };
          items.addLine(item.line, item.end - item.start);
          places.note(seq, item.start);
          expected = nextSequence(seq);
        }
        offset = item.end;
        if (items.isFull || expected > head) return { segment, offset, expected };
      }
      return this.#goToNext({ segment, offset, expected }, head, items);
    });
  }

  /** The segment has no more lines although there should be: the next one has them, or they are lost. */
  async #goToNext(at: Position, head: Sequence, items: ReadItems): Promise<Position> {
    if (this.#segments.nextFirst(at.segment) === undefined) await this.#segments.refresh();
    const next = this.#segments.nextFirst(at.segment);
    if (next !== undefined && next <= head) {
      items.addDamage(at.expected, sequence(next - 1), 'the lines, or a whole segment, are missing');
      return { segment: next, offset: 0, expected: next };
    }
    items.addDamage(at.expected, head, 'the end of a segment is missing');
    return { ...at, expected: nextSequence(head) };
  }

  /** @returns undefined when there is no segment at all, or none up to the head */
  async #locate(after: Sequence, head: Sequence): Promise<Position | undefined> {
    const firsts = await this.#segments.refresh();
    const oldest = firsts[0];
    if (oldest === undefined || oldest > head) return undefined;
    if (oldest > after + 1) return { segment: oldest, offset: 0, expected: oldest };
    const segment = firsts.findLast((first) => first <= after + 1) ?? oldest;
    const known = this.#places.of(segment).before(nextSequence(after));
    const offset = known ?? (await this.#segments.use(segment, (file) => findLine(file, after)));
    if (offset === undefined) return this.#locate(after, head);
    return { segment, offset, expected: nextSequence(after) };
  }

  #remember(after: Sequence, position: Position): void {
    this.#positions.delete(after);
    this.#positions.set(after, position);
    if (this.#positions.size <= MAX_POSITIONS) return;
    for (const oldest of this.#positions.keys()) {
      this.#positions.delete(oldest);
      return;
    }
  }

  async #guard<T>(action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      const systemCode = systemCodeOf(error);
      if (systemCode === undefined) throw error;
      throw new CodedError(
        'EVENT_LOG_READ_FAILED',
        `The event log could not be read: ${messageOf(error)}. It is tried again.`,
        { systemCode },
        error,
      );
    }
  }
}

function chunkBytes({ events, bytes }: ReadLimit): number {
  return Math.max(MIN_CHUNK_BYTES, Math.min(MAX_CHUNK_BYTES, bytes, events * USUAL_LINE_BYTES));
}

/** The start of some line at or not far before the one after `after`: a search by halves, as lines are in sequence. */
async function findLine(file: OpenFile, after: Sequence): Promise<number> {
  let low = 0;
  let high = await file.size();
  while (high - low > SEARCH_BYTES) {
    const middle = Math.floor((low + high) / 2);
    const line = await firstPairFrom(file, middle);
    if (line !== undefined && line.start < high && line.seq <= after) low = line.start;
    else high = middle;
  }
  return low;
}

/** The first line that its successor follows: a single one may have another's number, altered on the disk. */
async function firstPairFrom(file: OpenFile, offset: number) {
  let before: { readonly seq: Sequence; readonly start: number } | undefined;
  for await (const { line, start } of linesFrom(file, offset)) {
    if (before !== undefined && line.seq === before.seq + 1) return before;
    before = { seq: line.seq, start };
  }
  return undefined;
}

/** Sequences ascend: a line that leaves some out, and behind which they go on below it, has an altered number (rule 9). */
async function isRenumbered(file: OpenFile, seq: Sequence, end: number): Promise<boolean> {
  for await (const { line } of linesFrom(file, end)) return line.seq <= seq;
  return false;
}

async function* linesFrom(file: OpenFile, offset: number): AsyncGenerator<Extract<Scanned, { kind: 'line' }>> {
  const scan = new SegmentScan(file, offset, MIN_CHUNK_BYTES);
  while (await scan.fill()) {
    for (let item = scan.next(); item !== undefined; item = scan.next()) {
      if (item.kind === 'line') yield item;
    }
  }
}
