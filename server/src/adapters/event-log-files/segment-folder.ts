import { CodedError } from '../../domain/errors.ts';
import { type Sequence, sequence } from '../../domain/sequence.ts';
import type { RetiredId } from '../../pipeline/ports/log-facts.ts';
import type { SegmentFile, SegmentStore } from '../../pipeline/ports/segment-store.ts';
import { type FileSystem, type OpenFile, realFileSystem } from '../shared/file-system.ts';
import { encodeIdsHeader, encodeIdsLine, type IdsHeader, parseIdsHeader, parseIdsLine, readLines } from './ids-file.ts';
import { idsPath, listIds, listSegments, segmentPath } from './segment-name.ts';
import { SegmentScan } from './segment-scan.ts';
import { summarizeSegment } from './segment-summary.ts';

export interface SegmentFolderOptions {
  readonly directory: string;
  readonly fileSystem?: FileSystem;
}

const SCAN_BYTES = 512 * 1024;
const WRITE_BYTES = 256 * 1024;

/**
 * A log folder as pieces that retention deletes whole (rules 12, 17). Works in another thread than the writer's, too.
 */
export class SegmentFolder implements SegmentStore {
  readonly #fileSystem: FileSystem;
  readonly #directory: string;
  /** Of segments that are followed by another: they do not change. */
  readonly #finished = new Map<Sequence, SegmentFile>();

  constructor({ directory, fileSystem = realFileSystem }: SegmentFolderOptions) {
    this.#fileSystem = fileSystem;
    this.#directory = directory;
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
    for (const first of await this.#retired()) {
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

  /** Ids of deleted segments in log order, as long as their `.ids` files are kept (rule 12). */
  async *retiredIds(): AsyncGenerator<RetiredId> {
    for (const first of await this.#retired()) {
      const file = await this.#fileSystem.open(idsPath(this.#directory, first), 'read');
      try {
        for await (const line of readLines(file)) {
          const id = parseIdsLine(line);
          if (id !== undefined) yield id;
        }
      } finally {
        await file.close();
      }
    }
  }

  async #retired(): Promise<readonly Sequence[]> {
    const there = new Set(await listSegments(this.#fileSystem, this.#directory));
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
