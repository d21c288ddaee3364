import { basename, dirname, join } from 'node:path';
import type { FileSystem, OpenFile, OpenMode } from '../../src/adapters/shared/file-system.ts';

/** What goes wrong at one call. `lying sync`: the pages that could not be written count as clean from then on. */
export type Fault = 'fails before' | 'fails after it took effect' | 'short write' | 'no space' | 'lying sync' | 'stuck';

interface Contents {
  /** What a read returns. */
  cached: Buffer;
  /** What is on disk. */
  synced: Buffer;
  /** Stretches of `cached` that the next sync writes; others it takes for written. */
  dirty: { readonly start: number; readonly end: number }[];
  sizeChanged: boolean;
}

export interface DiskCall {
  readonly operation: string;
  readonly path: string;
}

/** What every call throws once the process is gone as far as the disk is concerned. */
export class DiskStopped extends Error {}

/** Calls that change something on disk: what a fault table goes through. */
const WRITING = new Set(['create', 'write', 'truncate', 'sync', 'remove', 'rename', 'syncFolder', 'makeFolder']);

/**
 * A disk in memory that knows what its page cache holds and what would survive a power cut. It counts the calls that
 * change something, and one of them, or all from one on, can go wrong.
 */
export class FaultFileSystem implements FileSystem {
  /** By path: what a process sees. */
  readonly #files = new Map<string, Contents>();
  /** By path: the names that survive a power cut. */
  #syncedNames = new Map<string, Contents>();
  readonly calls: DiskCall[] = [];
  /** Decides about each writing call, numbered from 1. */
  fault: (number: number, call: DiskCall) => Fault | undefined = () => undefined;
  /** From this writing call on the process is gone. */
  stopAt = Number.POSITIVE_INFINITY;
  /** Free bytes that `freeBytes` answers; writes do not count against it. */
  free = 1e12;
  #stuck: (() => void)[] = [];

  /** The process has ended: what it wrote is in the page cache. Descriptors of the old process are dead. */
  restart(): void {
    this.calls.length = 0;
    this.stopAt = Number.POSITIVE_INFINITY;
    this.fault = () => undefined;
    this.generation++;
  }
  /** Which process: files that an earlier one opened are closed. */
  generation = 0;

  /** The power was cut: what was never synced is gone, names too. Files and folders come back as they were synced. */
  powerCut(): void {
    this.restart();
    this.#files.clear();
    for (const [path, { synced }] of this.#syncedNames) {
      this.#files.set(path, { cached: Buffer.from(synced), synced, dirty: [], sizeChanged: false });
    }
    this.#syncedNames = new Map(this.#files);
  }

  /** The process is gone as far as the disk is concerned. */
  get hasStopped(): boolean {
    return this.calls.length >= this.stopAt;
  }

  /** Lets calls that were stuck go on, as if nothing had been. */
  unstick(): void {
    for (const release of this.#stuck.splice(0)) release();
  }

  /** Names of the folder, as a process sees it. */
  names(directory: string): string[] {
    return [...this.#files.keys()]
      .filter((path) => dirname(path) === directory)
      .map((path) => basename(path))
      .sort();
  }

  bytes(path: string): Buffer {
    return Buffer.from(this.#contents(path).cached);
  }

  /** Somebody outside the program changes a file, durably. */
  put(path: string, bytes: Buffer): void {
    const contents = { cached: Buffer.from(bytes), synced: Buffer.from(bytes), dirty: [], sizeChanged: false };
    this.#files.set(path, contents);
    this.#syncedNames.set(path, contents);
  }

  /** Somebody outside the program deletes a file, durably. */
  delete(path: string): void {
    this.#files.delete(path);
    this.#syncedNames.delete(path);
  }

  /** A copy of what is there, as a backup would be. */
  copyAll(): ReadonlyMap<string, Buffer> {
    return new Map([...this.#files].map(([path, { cached }]) => [path, Buffer.from(cached)]));
  }

  async open(path: string, mode: OpenMode): Promise<OpenFile> {
    if (mode === 'create') {
      await this.#change({ operation: 'create', path }, () => {
        if (this.#files.has(path)) throw systemError('EEXIST', path);
        this.#files.set(path, { cached: Buffer.alloc(0), synced: Buffer.alloc(0), dirty: [], sizeChanged: false });
      });
    }
    await this.#tick();
    return new FaultFile(this, path, this.#contents(path));
  }
  async list(directory: string): Promise<readonly string[]> {
    await this.#tick();
    return this.names(directory);
  }
  remove(path: string): Promise<void> {
    return this.#change({ operation: 'remove', path }, () => this.#files.delete(path));
  }
  rename(from: string, to: string): Promise<void> {
    return this.#change({ operation: 'rename', path: to }, () => {
      this.#files.set(to, this.#contents(from));
      this.#files.delete(from);
    });
  }
  makeFolder(path: string): Promise<void> {
    return this.#change({ operation: 'makeFolder', path }, () => undefined);
  }
  syncFolder(path: string): Promise<void> {
    return this.#change({ operation: 'syncFolder', path }, () => {
      for (const name of [...this.#syncedNames.keys()]) if (dirname(name) === path) this.#syncedNames.delete(name);
      for (const name of this.names(path)) this.#syncedNames.set(join(path, name), this.#contents(join(path, name)));
    });
  }
  async freeBytes(): Promise<number> {
    await this.#tick();
    return this.free;
  }

  async write(path: string, contents: Contents, bytes: Uint8Array, position: number): Promise<number> {
    let count = bytes.byteLength;
    await this.#change(
      { operation: 'write', path },
      () => {
        const end = position + count;
        const size = Math.max(contents.cached.length, end);
        const next = Buffer.alloc(size);
        contents.cached.copy(next);
        next.set(bytes.subarray(0, count), position);
        contents.cached = next;
        contents.dirty.push({ start: position, end });
        contents.sizeChanged = true;
      },
      () => {
        count = Math.floor(count / 2);
      },
    );
    return count;
  }
  truncate(path: string, contents: Contents, size: number): Promise<void> {
    return this.#change({ operation: 'truncate', path }, () => {
      contents.cached = contents.cached.subarray(0, size);
      contents.sizeChanged = true;
    });
  }
  sync(path: string, contents: Contents): Promise<void> {
    return this.#change(
      { operation: 'sync', path },
      () => {
        const next = Buffer.alloc(contents.sizeChanged ? contents.cached.length : contents.synced.length);
        contents.synced.copy(next);
        for (const { start, end } of contents.dirty) {
          contents.cached.copy(next, start, start, Math.min(end, contents.cached.length));
        }
        contents.synced = next;
        contents.dirty = [];
        contents.sizeChanged = false;
      },
      () => {
        contents.dirty = [];
      },
    );
  }
  async read(contents: Contents, into: Uint8Array, position: number): Promise<number> {
    await this.#tick();
    return contents.cached.copy(into, 0, position, position + into.byteLength);
  }

  #contents(path: string): Contents {
    const contents = this.#files.get(path);
    if (contents === undefined) throw systemError('ENOENT', path);
    return contents;
  }

  async #tick(): Promise<void> {
    const generation = this.generation;
    await Promise.resolve();
    if (generation !== this.generation) throw new DiskStopped('the process has ended');
    if (this.hasStopped) throw new DiskStopped('stopped');
  }

  /** @param instead what a short write or a lying sync does before the effect, or in its place */
  async #change(call: DiskCall, effect: () => void, instead: () => void = () => undefined): Promise<void> {
    await this.#tick();
    if (!WRITING.has(call.operation)) throw new Error(`unknown operation ${call.operation}`);
    this.calls.push(call);
    if (this.hasStopped) throw new DiskStopped(`stopped at ${call.operation}`);
    const fault = this.fault(this.calls.length, call);
    if (fault === 'stuck') await new Promise<void>((resolve) => this.#stuck.push(resolve));
    if (fault === 'fails before') throw systemError('EIO', call.operation);
    if (fault === 'lying sync') {
      if (call.operation === 'sync') instead();
      throw systemError('EIO', call.operation);
    }
    if (fault === 'no space' && (call.operation === 'write' || call.operation === 'create')) {
      throw systemError('ENOSPC', call.operation);
    }
    if (fault === 'short write' && call.operation === 'write') instead();
    effect();
    if (fault === 'fails after it took effect') throw systemError('EIO', call.operation);
  }
}

class FaultFile implements OpenFile {
  readonly #disk: FaultFileSystem;
  readonly #path: string;
  readonly #contents: Contents;
  readonly #generation: number;
  #isOpen = true;
  constructor(disk: FaultFileSystem, path: string, contents: Contents) {
    this.#disk = disk;
    this.#path = path;
    this.#contents = contents;
    this.#generation = disk.generation;
  }
  async read(into: Uint8Array, position: number): Promise<number> {
    this.#check();
    return this.#disk.read(this.#contents, into, position);
  }
  async write(bytes: Uint8Array, position: number): Promise<number> {
    this.#check();
    return this.#disk.write(this.#path, this.#contents, bytes, position);
  }
  async size(): Promise<number> {
    this.#check();
    return this.#contents.cached.length;
  }
  async truncate(size: number): Promise<void> {
    this.#check();
    await this.#disk.truncate(this.#path, this.#contents, size);
  }
  async sync(): Promise<void> {
    this.#check();
    await this.#disk.sync(this.#path, this.#contents);
  }
  async close(): Promise<void> {
    this.#check();
    this.#isOpen = false;
  }
  #check(): void {
    if (this.#generation !== this.#disk.generation) throw new DiskStopped('the process has ended');
    if (!this.#isOpen) throw systemError('EBADF', this.#path);
  }
}

function systemError(code: string, what: string): Error {
  return Object.assign(new Error(`${code}: ${what}`), { code });
}
