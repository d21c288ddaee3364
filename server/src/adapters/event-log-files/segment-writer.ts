import { systemCodeOf } from '../../domain/errors.ts';
import type { Sequence } from '../../domain/sequence.ts';
import type { FileSystem, OpenFile } from '../shared/file-system.ts';
import { segmentPath } from './segment-name.ts';

interface Segment {
  readonly first: Sequence;
  /** Everything before is on disk, what lies behind is not acknowledged. */
  syncedBytes: number;
  /** Undefined: closed, or never opened. */
  file: OpenFile | undefined;
}

/** Writes the newest segment: one write and one sync at a time (rule 4), and cuts back what failed (rule 5). */
export class SegmentWriter {
  readonly #fileSystem: FileSystem;
  readonly #directory: string;
  readonly #segmentBytes: number;
  #segment: Segment | undefined;

  constructor(options: { fileSystem: FileSystem; directory: string; segmentBytes: number }) {
    this.#fileSystem = options.fileSystem;
    this.#directory = options.directory;
    this.#segmentBytes = options.segmentBytes;
  }

  /** Goes on in a segment that recovery has looked at. */
  async reopen(first: Sequence, bytes: number): Promise<void> {
    const file = await this.#fileSystem.open(segmentPath(this.#directory, first), 'readWrite');
    this.#segment = { first, syncedBytes: bytes, file };
  }

  /** The next batch begins a segment. */
  get needsNew(): boolean {
    return this.#segment === undefined || this.#segment.syncedBytes >= this.#segmentBytes;
  }

  /**
   * All of the segment before is on disk, so it is closed first. A crash after the creation leaves a segment without
   * lines, which recovery removes.
   */
  async begin(first: Sequence): Promise<void> {
    await this.close();
    this.#segment = { first, syncedBytes: 0, file: undefined };
    this.#segment.file = await this.#fileSystem.open(segmentPath(this.#directory, first), 'create');
  }

  /**
   * Resolves when the bytes are on disk and, for the first of a segment, its name too. A crash before that leaves whole
   * or torn lines that were never acknowledged. After a rejection `cutBack` must succeed before anything else.
   */
  async commit(bytes: Uint8Array): Promise<void> {
    const segment = this.#segment;
    if (segment?.file === undefined) throw new Error('no segment has begun');
    const written = await segment.file.write(bytes, segment.syncedBytes);
    if (written !== bytes.byteLength) throw new ShortWrite(written, bytes.byteLength);
    await segment.file.sync();
    if (segment.syncedBytes === 0) await this.#fileSystem.syncFolder(this.#directory);
    segment.syncedBytes += bytes.byteLength;
  }

  /**
   * Rule 5: what failed is cut off, durably, and the next batch begins a new segment. May be called again until it
   * succeeds. A crash in here leaves at most whole lines that were never acknowledged.
   */
  async cutBack(): Promise<void> {
    const segment = this.#segment;
    if (segment === undefined) return;
    await this.close();
    const path = segmentPath(this.#directory, segment.first);
    try {
      const file = await this.#fileSystem.open(path, 'readWrite');
      try {
        await file.truncate(segment.syncedBytes);
        await file.sync();
      } finally {
        await file.close().catch(() => undefined);
      }
    } catch (error) {
      // the creation of the segment was what failed
      if (segment.syncedBytes > 0 || systemCodeOf(error) !== 'ENOENT') throw error;
    }
    if (segment.syncedBytes === 0) {
      await this.#fileSystem.remove(path);
      await this.#fileSystem.syncFolder(this.#directory);
    }
    this.#segment = undefined;
  }

  /** All that counts has been synced, so nothing depends on the outcome. */
  async close(): Promise<void> {
    const file = this.#segment?.file;
    if (this.#segment !== undefined) this.#segment.file = undefined;
    await file?.close().catch(() => undefined);
  }
}

/** The disk took only a part: as good as a failed write (rule 5). Mostly a disk that is full. */
export class ShortWrite extends Error {
  constructor(written: number, wanted: number) {
    super(`only ${written} of ${wanted} bytes were written`);
  }
}
