import { randomFillSync } from 'node:crypto';
import { join } from 'node:path';
import { messageOf, systemCodeOf } from '../../domain/errors.ts';
import type { Logger } from '../../pipeline/ports/logger.ts';
import type { Gauge, Metrics } from '../../pipeline/ports/metrics.ts';
import type { FileSystem, OpenFile } from '../shared/file-system.ts';

/** Rule 8: while `isFull`, client events get 503 and exports, images and search indexing pause. */
export interface DiskState {
  readonly isFull: boolean;
  /** Undefined until the system has said so. */
  readonly freeBytes: number | undefined;
  /** What is left of the preallocated space for server records and the durable database. */
  readonly reserveBytes: number;
}

export interface DiskSpaceOptions {
  readonly directory: string;
  readonly minFreeBytes: number;
  readonly reserveBytes: number;
  readonly fileSystem: FileSystem;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly onChange: (state: DiskState) => void;
}

const SLICE_BYTES = 1024 * 1024;
/** Space has to come back by so much more before events are taken again, so that the state does not flutter. */
const MAX_MARGIN_BYTES = 64 * 1024 * 1024;

/**
 * Watches the free space of the log's disk and keeps `reserve.bin`, which is given up slice by slice when nothing else
 * is left: what is freed lets server records and the durable database, on the same disk, go on.
 */
export class DiskSpace {
  readonly #options: DiskSpaceOptions;
  readonly #reservePath: string;
  readonly #free: Gauge;
  #state: DiskState = { isFull: false, freeBytes: undefined, reserveBytes: 0 };

  constructor(options: DiskSpaceOptions) {
    this.#options = options;
    this.#reservePath = join(options.directory, 'reserve.bin');
    this.#free = options.metrics.gauge(
      'butler_sos_audit_log_disk_free_bytes',
      'Free space on the disk of the event log',
    );
  }

  get state(): DiskState {
    return this.#state;
  }

  /** Asks the system, once a second. Never throws. */
  async check(): Promise<void> {
    const freeBytes = await this.#freeBytes();
    if (freeBytes === undefined) return;
    // what is given up here is not for events, however low the limit
    const isGivenUp = freeBytes < SLICE_BYTES && (await this.releaseReserve());
    this.#change({ freeBytes, isFull: isGivenUp || freeBytes < this.#neededBytes() });
    const missing = this.#missingBytes();
    if (!this.#state.isFull && missing > 0 && freeBytes > this.#options.minFreeBytes + missing) {
      await this.#fillReserve();
    }
  }

  #missingBytes(): number {
    return Math.max(0, this.#options.reserveBytes - this.#state.reserveBytes);
  }

  /** A full state ends with room for the whole reserve: events would take what was given up for the server's own records. */
  #neededBytes(): number {
    const { minFreeBytes } = this.#options;
    if (!this.#state.isFull) return minFreeBytes;
    const missing = this.#missingBytes();
    const forReserve = missing === 0 ? 0 : missing + SLICE_BYTES;
    return Math.max(minFreeBytes + Math.min(MAX_MARGIN_BYTES, minFreeBytes / 20), forReserve);
  }

  /** Asks the system before a segment begins. Only `check` ends a full state: one attempt a second is enough. */
  async checkBeforeSegment(): Promise<void> {
    const freeBytes = await this.#freeBytes();
    if (freeBytes !== undefined && freeBytes < this.#options.minFreeBytes) this.#change({ freeBytes, isFull: true });
  }

  /** A write has met a full disk, whatever the system says about its space. The next `check` may clear it. */
  markFull(): void {
    this.#change({ isFull: true });
  }

  /** Gives up one slice. @returns false when there is none left */
  async releaseReserve(): Promise<boolean> {
    try {
      return await this.#withReserve('readWrite', async (file) => {
        const size = await file.size();
        if (size === 0) return false;
        const left = Math.max(0, size - SLICE_BYTES);
        await file.truncate(left);
        await file.sync();
        this.#change({ reserveBytes: left });
        return true;
      });
    } catch {
      return false;
    }
  }

  async #fillReserve(): Promise<void> {
    try {
      await this.#withReserve('readWrite', (file) => this.#fill(file)).catch((error: unknown) => {
        if (systemCodeOf(error) !== 'ENOENT') throw error;
        return this.#withReserve('create', (file) => this.#fill(file));
      });
    } catch (error) {
      this.#options.logger.debug({ error: messageOf(error) }, 'the reserve for server records could not be filled');
    }
  }

  /** Real bytes, not zeros: some file systems keep no space for those. */
  async #fill(file: OpenFile): Promise<void> {
    const slice = randomFillSync(Buffer.alloc(SLICE_BYTES));
    let size = await file.size();
    while (size < this.#options.reserveBytes) {
      const written = await file.write(slice.subarray(0, this.#options.reserveBytes - size), size);
      if (written === 0) return;
      size += written;
    }
    await file.sync();
    this.#change({ reserveBytes: size });
  }

  async #withReserve<T>(mode: 'readWrite' | 'create', action: (file: OpenFile) => Promise<T>): Promise<T> {
    const file = await this.#options.fileSystem.open(this.#reservePath, mode);
    try {
      return await action(file);
    } finally {
      await file.close().catch(() => undefined);
    }
  }

  async #freeBytes(): Promise<number | undefined> {
    try {
      const freeBytes = await this.#options.fileSystem.freeBytes(this.#options.directory);
      this.#free.set(freeBytes);
      return freeBytes;
    } catch (error) {
      this.#options.logger.debug({ error: messageOf(error) }, 'the free space of the disk could not be read');
      return undefined;
    }
  }

  #change(change: Partial<DiskState>): void {
    const before = this.#state;
    this.#state = { ...before, ...change };
    const { isFull, freeBytes, reserveBytes } = this.#state;
    if (isFull !== before.isFull) {
      const fields = { freeBytes, minFreeBytes: this.#options.minFreeBytes, directory: this.#options.directory };
      if (isFull) this.#options.logger.error(fields, 'disk full: events are refused with 503 until there is space');
      else this.#options.logger.warn(fields, 'there is space on the disk again: events are accepted');
    }
    const isNews = freeBytes !== before.freeBytes || isFull !== before.isFull || reserveBytes !== before.reserveBytes;
    if (isNews) this.#options.onChange(this.#state);
  }
}
