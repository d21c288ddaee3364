import { CodedError } from '../../domain/errors.ts';
import { type Sequence, sequence } from '../../domain/sequence.ts';
import type { RetiredId } from '../../pipeline/ports/log-facts.ts';
import type { Logger } from '../../pipeline/ports/logger.ts';
import type { SegmentFile, SegmentStore } from '../../pipeline/ports/segment-store.ts';
import { type FileSystem, type OpenFile, realFileSystem } from '../shared/file-system.ts';
import { encodeIdsHeader, encodeIdsLine, type IdsHeader, parseIdsHeader, parseIdsLine, readLines } from './ids-file.ts';
import { idsPath, listIds, listSegments, segmentPath } from './segment-name.ts';
import { SegmentScan } from './segment-scan.ts';
import { summarizeSegment } from './segment-summary.ts';

export interface SegmentFolderOptions {
  readonly directory: string;
  readonly fileSystem?: FileSystem;
  /** Is told of ids that cannot be read. */
  readonly logger?: Logger;
}

const SCAN_BYTES = 512 * 1024;
const WRITE_BYTES = 256 * 1024;
const UNKNOWN_REPEATS =
  'events of these deleted log lines count as new when they are sent again. Restore it from a backup.';

/**
 * A log folder as pieces that retention deletes whole (rules 12, 17). Works in another thread than the writer's, too.
 */
export class SegmentFolder implements SegmentStore {
  readonly #fileSystem: FileSystem;
  readonly #directory: string;
  readonly #logger: Logger | undefined;
  /** Of segments that are followed by another: they do not change. */
  readonly #finished = new Map<Sequence, SegmentFile>();

  constructor({ directory, fileSystem = realFileSystem, logger }: SegmentFolderOptions) {
    this.#fileSystem = fileSystem;
    this.#directory = directory;
    this.#logger = logger;
  }

  async segments(): Promise<readonly SegmentFile[]> {
    const firsts = await listSegments(this.#fileSystem, this.#directory);
    const files: SegmentFile[] = [];
    for (const first of firsts) {
      const file = this.#finished.get(first) ?? (await this.#look(first));
      if (first !== firsts.at(-1)) this.#finished.set(first, file);
      files.push(file);
    }
    return files;
  }

  /**
   * A crash before the segment is removed leaves both files, and the same is done again; ids are not taken from an
   * `.ids` file while its segment is there.
   */
  async deleteSegment(first: Sequence): Promise<void> {
    const firsts = await listSegments(this.#fileSystem, this.#directory);
    if (!firsts.includes(first)) return;
    const nextFirst = firsts[firsts.indexOf(first) + 1];
    if (nextFirst === undefined) {
      throw new CodedError('DEFECT', `segment ${first} is the newest of the log and cannot be deleted`, { first });
    }
    const temporary = `${idsPath(this.#directory, first)}.tmp`;
    await this.#fileSystem.remove(temporary);
    await this.#writeIds(first, nextFirst, temporary);
    await this.#fileSystem.rename(temporary, idsPath(this.#directory, first));
    await this.#fileSystem.syncFolder(this.#directory);
    await this.#fileSystem.remove(segmentPath(this.#directory, first));
    await this.#fileSystem.syncFolder(this.#directory);
    this.#finished.delete(first);
  }

  async idFiles(): Promise<readonly SegmentFile[]> {
    const files: SegmentFile[] = [];
    for (const first of await this.#retired(await listSegments(this.#fileSystem, this.#directory))) {
      const path = idsPath(this.#directory, first);
      const file = await this.#within(path, async (open) => {
        for await (const line of readLines(open)) {
          return { first, bytes: await open.size(), newestAt: parseIdsHeader(line)?.newestAt };
        }
        return { first, bytes: await open.size() };
      });
      files.push(file);
    }
    return files;
  }

  async deleteIds(first: Sequence): Promise<void> {
    await this.#fileSystem.remove(idsPath(this.#directory, first));
    await this.#fileSystem.syncFolder(this.#directory);
  }

  /**
   * Ids of deleted segments in log order, as long as their `.ids` files are kept (rule 12). Of a file that is damaged or
   * missing the repeats are not known: that is told, and the others are read.
   */
  async *retiredIds(): AsyncGenerator<RetiredId> {
    let expected: number | undefined;
    const segments = await listSegments(this.#fileSystem, this.#directory);
    for (const first of await this.#retired(segments)) {
      this.#tellMissing(expected, first);
      const path = idsPath(this.#directory, first);
      const file = await this.#fileSystem.open(path, 'read');
      try {
        expected = yield* this.#idsIn(file, path);
      } finally {
        await file.close();
      }
    }
    this.#tellMissing(expected, segments[0]);
  }

  /** @returns where the next file begins; undefined: this one does not say */
  async *#idsIn(file: OpenFile, path: string): AsyncGenerator<RetiredId, number | undefined> {
    const size = await file.size();
    let header: IdsHeader | undefined;
    let lines = 0;
    let bytes = 0;
    let bad = 0;
    for await (const line of readLines(file)) {
      bytes += Buffer.byteLength(line) + 1;
      if (lines++ === 0) header = parseIdsHeader(line);
      const id = parseIdsLine(line);
      if (id !== undefined) yield id;
      else if (lines > 1 || header === undefined) bad++;
    }
    if (bytes < size || size === 0) bad++; // a file that was cut short
    if (bad > 0) this.#logger?.warn({ path, lines: bad }, `A file of ids has damaged lines: ${UNKNOWN_REPEATS}`);
    return header === undefined ? undefined : header.last + 1;
  }

  #tellMissing(expected: number | undefined, next: number | undefined): void {
    if (expected === undefined || next === undefined || next <= expected) return;
    this.#logger?.warn({ first: expected, last: next - 1 }, `A file of ids is missing: ${UNKNOWN_REPEATS}`);
  }

  async #retired(segments: readonly Sequence[]): Promise<readonly Sequence[]> {
    const there = new Set(segments);
    return (await listIds(this.#fileSystem, this.#directory)).filter((first) => !there.has(first));
  }

  async #look(first: Sequence): Promise<SegmentFile> {
    const { newestAt, bytes } = await summarizeSegment(this.#fileSystem, this.#directory, first);
    return { first, newestAt, bytes };
  }

  async #writeIds(first: Sequence, nextFirst: Sequence, path: string): Promise<void> {
    const { header, newestAt } = await summarizeSegment(this.#fileSystem, this.#directory, first);
    const facts: IdsHeader | undefined =
      newestAt === undefined ? undefined : { logId: header?.logId, first, last: sequence(nextFirst - 1), newestAt };
    const ids = await this.#fileSystem.open(path, 'create');
    try {
      await this.#within(segmentPath(this.#directory, first), (segment) => copyIds(segment, nextFirst, facts, ids));
      await ids.sync();
    } finally {
      await ids.close();
    }
  }

  async #within<T>(path: string, action: (file: OpenFile) => Promise<T>): Promise<T> {
    const file = await this.#fileSystem.open(path, 'read');
    try {
      return await action(file);
    } finally {
      await file.close();
    }
  }
}

/** Of the whole lines that belong to the segment. */
async function copyIds(
  segment: OpenFile,
  nextFirst: Sequence,
  header: IdsHeader | undefined,
  ids: OpenFile,
): Promise<void> {
  const scan = new SegmentScan(segment, 0, SCAN_BYTES);
  let text = header === undefined ? '' : encodeIdsHeader(header);
  let position = 0;
  const flush = async () => {
    position += await writeAll(ids, Buffer.from(text), position);
    text = '';
  };
  while (await scan.fill()) {
    for (let item = scan.next(); item !== undefined; item = scan.next()) {
      if (item.kind === 'line' && item.line.seq < nextFirst) text += encodeIdsLine(item.line);
    }
    if (text.length > WRITE_BYTES) await flush();
  }
  await flush();
}

async function writeAll(file: OpenFile, bytes: Buffer, position: number): Promise<number> {
  for (let written = 0; written < bytes.length; ) {
    written += await file.write(bytes.subarray(written), position + written);
  }
  return bytes.length;
}
