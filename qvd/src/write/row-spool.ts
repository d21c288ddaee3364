import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { QvdError } from '../errors.ts';

/** Where sealed blocks of rows wait for the end of the table: in memory, and in a temporary file beyond a limit. */
export interface RowSpoolOptions {
  /** Beyond this many bytes all blocks move to a file. */
  readonly memoryBytes: number;
  /** Where that file's own new folder is made; the system's temporary folder when absent. */
  readonly directory?: string | undefined;
}

/**
 * Blocks of bytes, appended and read back in the same order. Synchronous, so that adding a row is.
 * The file is deleted by `close`; a killed process leaves its folder `qvd-spool-*` behind, which nobody reads again.
 */
export class RowSpool {
  readonly #options: RowSpoolOptions;
  readonly #lengths: number[] = [];
  #blocks: Uint8Array[] = [];
  #bytes = 0;
  #file: { readonly fd: number; readonly folder: string } | undefined;

  constructor(options: RowSpoolOptions) {
    this.#options = options;
  }

  /** Whether the blocks are in a file. */
  get onDisk(): boolean {
    return this.#file !== undefined;
  }

  /** Of the blocks that are in memory. */
  get memoryBytes(): number {
    return this.#file === undefined ? this.#bytes : 0;
  }

  /** Takes the block over; the caller must not change it. @throws {QvdError} QVD_SPOOL_FAILED */
  append(block: Uint8Array): void {
    if (this.#file === undefined && this.#bytes + block.length > this.#options.memoryBytes) this.#moveToFile();
    if (this.#file === undefined) this.#blocks.push(block);
    else this.#write(this.#file.fd, block);
    this.#lengths.push(block.length);
    this.#bytes += block.length;
  }

  /** The blocks in order, each with a buffer of its own. @throws {QvdError} QVD_SPOOL_FAILED */
  *blocks(): Generator<Uint8Array> {
    if (this.#file === undefined) {
      yield* this.#blocks;
      return;
    }
    let position = 0;
    for (const length of this.#lengths) {
      yield this.#read(this.#file.fd, position, length);
      position += length;
    }
  }

  /** Forgets the blocks and deletes the file. Harmless when called again. */
  close(): void {
    this.#blocks = [];
    this.#lengths.length = 0;
    if (this.#file === undefined) return;
    const { fd, folder } = this.#file;
    this.#file = undefined;
    closeSync(fd);
    // on Windows a virus scanner may hold it for a moment
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }

  #moveToFile(): void {
    try {
      const folder = mkdtempSync(join(this.#options.directory ?? tmpdir(), 'qvd-spool-'));
      this.#file = { fd: openSync(join(folder, 'rows.tmp'), 'wx+', 0o600), folder };
    } catch (cause) {
      throw failed('made', cause);
    }
    for (const block of this.#blocks) this.#write(this.#file.fd, block);
    this.#blocks = [];
  }

  #write(fd: number, block: Uint8Array): void {
    try {
      let done = 0;
      while (done < block.length) done += writeSync(fd, block, done, block.length - done, null);
    } catch (cause) {
      throw failed('written', cause);
    }
  }

  #read(fd: number, position: number, length: number): Uint8Array {
    const block = new Uint8Array(length);
    let done = 0;
    while (done < length) {
      let count: number;
      try {
        count = readSync(fd, block, done, length - done, position + done);
      } catch (cause) {
        throw failed('read', cause);
      }
      if (count === 0) throw failed('read', new Error('it has been cut short'));
      done += count;
    }
    return block;
  }
}

function failed(action: string, cause: unknown): QvdError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new QvdError('QVD_SPOOL_FAILED', `the temporary file for rows cannot be ${action}: ${reason}`, {}, cause);
}
