import { systemCodeOf } from '../../domain/errors.ts';
import {
  LINE_START,
  parseLine,
  parseSegmentHeader,
  type SegmentHeader,
  type WholeLine,
} from '../../domain/log-line.ts';
import type { OpenFile } from '../shared/file-system.ts';

const NEWLINE = 0x0a;
const MARKER = Buffer.from(LINE_START);
const MIN_CHUNK_BYTES = 64 * 1024;
/** No line is longer: the body of a request is limited to less. */
const MAX_LINE_BYTES = 160 * 1024 * 1024;
const SECTOR_BYTES = 4096;

/** One stretch of a segment file, `end` after its newline. */
export type Scanned =
  | { readonly kind: 'line'; readonly line: WholeLine; readonly start: number; readonly end: number }
  | { readonly kind: 'header'; readonly header: SegmentHeader; readonly start: number; readonly end: number }
  /** Bytes that are no whole line: torn, zeroed, altered, or foreign. */
  | { readonly kind: 'bad'; readonly start: number; readonly end: number };

/**
 * Reads a segment file from an offset on, line by line; the one reader for recovery and for followers. Bad bytes are
 * passed over to the next whole line, which may begin in the middle of what looks like a line (after a hole).
 * `next()` gives what has been loaded; when that is undefined, `fill()` loads more.
 */
export class SegmentScan {
  readonly #file: OpenFile;
  #chunkBytes: number;
  #bytes: Buffer = Buffer.alloc(0);
  /** File offset of `#bytes`. */
  #base: number;
  #at = 0;
  #pending: Scanned | undefined;
  #atEnd = false;

  /** @param offset 0, or the start of a line */
  constructor(file: OpenFile, offset: number, chunkBytes: number) {
    this.#file = file;
    this.#base = offset;
    this.#chunkBytes = Math.max(MIN_CHUNK_BYTES, chunkBytes);
  }

  /** File offset of what `next()` gives next. */
  get offset(): number {
    return this.#base + this.#at;
  }

  /** Bytes after the last newline of the file, once `fill()` has answered false. */
  get restBytes(): number {
    return this.#bytes.length - this.#at;
  }

  /** False: the end of the file, `restBytes` without a newline aside. */
  async fill(): Promise<boolean> {
    if (this.#atEnd) return false;
    for (;;) {
      this.#base += this.#at;
      this.#at = 0;
      this.#bytes = await readUpTo(this.#file, this.#chunkBytes, this.#base);
      if (this.#bytes.includes(NEWLINE)) return true;
      if (this.#bytes.length < this.#chunkBytes) {
        this.#atEnd = true;
        return false;
      }
      if (this.#startsAsLine() && this.#chunkBytes < MAX_LINE_BYTES) this.#chunkBytes *= 4;
      else return this.#skipToMarker();
    }
  }

  next(): Scanned | undefined {
    if (this.#pending !== undefined) {
      const pending = this.#pending;
      this.#pending = undefined;
      this.#at = pending.end - this.#base;
      return pending;
    }
    const newline = this.#bytes.indexOf(NEWLINE, this.#at);
    if (newline === -1) return undefined;
    const start = this.offset;
    const end = this.#base + newline + 1;
    const line = parseLine(this.#bytes, this.#at, newline);
    if (line === undefined) return this.#notALine(start, newline);
    this.#at = newline + 1;
    return { kind: 'line', line, start, end };
  }

  #notALine(start: number, newline: number): Scanned {
    const end = this.#base + newline + 1;
    const header = start === 0 ? parseSegmentHeader(this.#bytes.toString('latin1', 0, newline)) : undefined;
    if (header !== undefined) {
      this.#at = newline + 1;
      return { kind: 'header', header, start, end };
    }
    for (let at = this.#bytes.indexOf(MARKER, this.#at + 1); at !== -1 && at < newline; ) {
      const line = isJson(this.#bytes, at, newline) ? parseLine(this.#bytes, at, newline) : undefined;
      if (line !== undefined) {
        this.#pending = { kind: 'line', line, start: this.#base + at, end };
        this.#at = at;
        return { kind: 'bad', start, end: this.#base + at };
      }
      at = this.#bytes.indexOf(MARKER, at + 1);
    }
    this.#at = newline + 1;
    return { kind: 'bad', start, end };
  }

  #startsAsLine(): boolean {
    return this.#bytes.subarray(0, MARKER.length).equals(MARKER);
  }

  /** A chunk without newline that is no line: a hole, or garbage. A line may begin in it, or in its last bytes. */
  #skipToMarker(): boolean {
    const marker = this.#bytes.indexOf(MARKER, 1);
    const start = this.#base;
    const end = start + (marker === -1 ? this.#bytes.length - MARKER.length : marker);
    this.#pending = { kind: 'bad', start, end };
    return true;
  }
}

/** An envelope may hold what looks like the rest of a line; behind it the braces of the outer line are left over. */
function isJson(bytes: Buffer, start: number, end: number): boolean {
  try {
    JSON.parse(bytes.toString('utf8', start, end));
    return true;
  } catch {
    return false;
  }
}

/** Mostly far less is there to be read than was asked for: it is read into a buffer that is used again. */
const SPARE_BYTES = 512 * 1024;
let spare: Buffer | undefined;

/** A buffer of its own for each chunk: lines keep it alive, and nothing in it is ever read a second time. */
async function readUpTo(file: OpenFile, most: number, position: number): Promise<Buffer> {
  if (most > SPARE_BYTES) {
    const chunk = Buffer.allocUnsafeSlow(most);
    return chunk.subarray(0, await readChunk(file, chunk, position));
  }
  // one at a time has it; after a call that never comes back it is not used again
  const used = spare ?? Buffer.allocUnsafeSlow(SPARE_BYTES);
  spare = undefined;
  const count = await readChunk(file, used.subarray(0, most), position);
  const chunk = Buffer.allocUnsafeSlow(count);
  used.copy(chunk, 0, 0, count);
  spare = used;
  return chunk;
}

/** A sector that the disk cannot read any more counts as zeros: damage, behind which reading goes on. */
async function readChunk(file: OpenFile, into: Buffer, position: number): Promise<number> {
  try {
    return await file.read(into, position);
  } catch (error) {
    if (systemCodeOf(error) !== 'EIO') throw error;
  }
  const size = Math.min(into.length, Math.max(0, (await file.size()) - position));
  for (let at = 0; at < size; at += SECTOR_BYTES) {
    const sector = into.subarray(at, Math.min(at + SECTOR_BYTES, size));
    try {
      await file.read(sector, position + at);
    } catch (error) {
      if (systemCodeOf(error) !== 'EIO') throw error;
      sector.fill(0);
    }
  }
  return size;
}
