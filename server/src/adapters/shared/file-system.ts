import * as files from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { systemCodeOf } from '../../domain/errors.ts';
import { whileInUse } from './file-in-use.ts';
import { makeFolders } from './make-folders.ts';

/** The few calls that the event log makes on a disk. Tests put one in that fails, stops or forgets. */
export interface FileSystem {
  /**
   * `create`: for reading and writing, and never a file that is there already (EEXIST). Files are readable by their
   * owner only. Rejects with Node.js system errors, as every call here.
   */
  open(path: string, mode: OpenMode): Promise<OpenFile>;
  /** Names; a folder that is not there has none. */
  list(directory: string): Promise<readonly string[]>;
  /** Gone already is fine. */
  remove(path: string): Promise<void>;
  /** Replaces what has the new name. */
  rename(from: string, to: string): Promise<void>;
  /** With its parents, all of them durable. */
  makeFolder(path: string): Promise<void>;
  /** What was created, renamed or removed in the folder survives a power cut. Does nothing where the system cannot. */
  syncFolder(path: string): Promise<void>;
  /** Free for us, on the disk that holds `path`. */
  freeBytes(path: string): Promise<number>;
}

export type OpenMode = 'read' | 'readWrite' | 'create';

export interface OpenFile {
  /** @returns how many bytes were read: fewer than asked for only at the end of the file */
  read(into: Uint8Array, position: number): Promise<number>;
  /** One system call. @returns how many bytes were written: fewer than given is possible and is no error here */
  write(bytes: Uint8Array, position: number): Promise<number>;
  size(): Promise<number>;
  truncate(bytes: number): Promise<void>;
  /** Contents and size are on disk. After a rejection nothing is known about them: see rule 5. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

const FLAGS = { read: 'r', readWrite: 'r+', create: 'wx+' } as const;
const OWNER_FILE = 0o600;
const OWNER_FOLDER = 0o700;

const open = promisify(files.open);
const readdir = promisify(files.readdir);
const unlink = promisify(files.unlink);
const rename = promisify(files.rename);
const fsync = promisify(files.fsync);
const close = promisify(files.close);
const fstat = promisify(files.fstat);
const ftruncate = promisify(files.ftruncate);
const statfs = promisify(files.statfs);

const disks: FileSystem = {
  async open(path, mode) {
    return new RealFile(await open(path, FLAGS[mode], OWNER_FILE));
  },
  async list(directory) {
    try {
      return await readdir(directory);
    } catch (error) {
      if (systemCodeOf(error) === 'ENOENT') return [];
      throw error;
    }
  },
  async remove(path) {
    try {
      await unlink(path);
    } catch (error) {
      if (systemCodeOf(error) !== 'ENOENT') throw error;
    }
  },
  rename: (from, to) => rename(from, to),
  makeFolder: (path) => makeFolder(path),
  syncFolder: (path) => syncFolder(path),
  async freeBytes(path) {
    const { bavail, bsize } = await statfs(path);
    return bavail * bsize;
  },
};

/** Waits for a virus scanner that holds a file for a moment: Windows then lets nobody open, rename or delete it. */
export function patientOnWindows(
  disk: FileSystem,
  platform: NodeJS.Platform = process.platform,
  pause?: (ms: number) => Promise<unknown>,
): FileSystem {
  if (platform !== 'win32') return disk;
  return {
    ...disk,
    open: (path, mode) => whileInUse(() => disk.open(path, mode), platform, pause),
    remove: (path) => whileInUse(() => disk.remove(path), platform, pause),
    rename: (from, to) => whileInUse(() => disk.rename(from, to), platform, pause),
  };
}

/** The disks of this machine. */
export const realFileSystem: FileSystem = patientOnWindows(disks);

/** Callbacks instead of `fs.promises`: a third of the processor time for each write (facts of the stack, section 2). */
class RealFile implements OpenFile {
  readonly #descriptor: number;
  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }
  read(into: Uint8Array, position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      files.read(this.#descriptor, into, 0, into.byteLength, position, (error, count) =>
        error === null ? resolve(count) : reject(error),
      );
    });
  }
  write(bytes: Uint8Array, position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      files.write(this.#descriptor, bytes, 0, bytes.byteLength, position, (error, count) =>
        error === null ? resolve(count) : reject(error),
      );
    });
  }
  async size(): Promise<number> {
    return (await fstat(this.#descriptor)).size;
  }
  truncate(bytes: number): Promise<void> {
    return ftruncate(this.#descriptor, bytes);
  }
  sync(): Promise<void> {
    return new Promise((resolve, reject) => {
      files.fdatasync(this.#descriptor, (error) => (error === null || error === undefined ? resolve() : reject(error)));
    });
  }
  close(): Promise<void> {
    return close(this.#descriptor);
  }
}

/** A new folder is an entry of its parent, so the parents are synced too. */
async function makeFolder(path: string): Promise<void> {
  const first = await makeFolders(path, OWNER_FOLDER, { mkdir, stat });
  if (first === undefined) return;
  for (let folder = path; folder.length >= first.length; folder = dirname(folder)) await syncFolder(dirname(folder));
}

/** Windows has no such call: opening a folder, or syncing it, fails there. Some network disks refuse it as well. */
const NO_FOLDER_SYNC = new Set(['EPERM', 'EISDIR', 'EACCES', 'EBADF', 'EINVAL', 'ENOTSUP', 'EOPNOTSUPP']);
const NO_FOLDER_SYNC_ELSEWHERE = new Set(['EINVAL', 'ENOTSUP', 'EOPNOTSUPP']);

async function syncFolder(path: string): Promise<void> {
  const ignored = process.platform === 'win32' ? NO_FOLDER_SYNC : NO_FOLDER_SYNC_ELSEWHERE;
  try {
    const descriptor = await open(path, 'r');
    try {
      await fsync(descriptor);
    } finally {
      await close(descriptor);
    }
  } catch (error) {
    if (!ignored.has(systemCodeOf(error) ?? '')) throw error;
  }
}
