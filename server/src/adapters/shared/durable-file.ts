import { createHash, randomBytes } from 'node:crypto';
import * as nodeFiles from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CodedError, messageOf, systemCodeOf } from '../../domain/errors.ts';
import type { Clock } from '../../pipeline/ports/clock.ts';
import { whileInUse } from './file-in-use.ts';
import { makeFolders } from './make-folders.ts';
import { restrictToOwner } from './private-folder.ts';

/** Files that appear whole and for good, or not at all (rule 19): written beside their place, synced, then linked to it. */
export interface TemporaryFile {
  readonly path: string;
  /** Hex, of its bytes. */
  readonly sha256: string;
}

export type WritePiece = (bytes: Uint8Array) => Promise<void>;

export type FileOperations = Pick<
  typeof nodeFiles,
  'link' | 'mkdir' | 'open' | 'readFile' | 'readdir' | 'rename' | 'stat' | 'unlink'
>;

/** Tests put one in that stops or fails at any call. */
export interface Disk {
  readonly files: FileOperations;
  readonly platform: NodeJS.Platform;
}

export interface DurableFolderOptions {
  /** Absolute. */
  readonly directory: string;
  /** Tells the temporary files of one log's destination from those of others in the same folder. */
  readonly owner: string;
  readonly clock: Clock;
  readonly disk?: Disk;
  /** `owner`: nobody else can read what is created here (files 0600, folders 0700, on Windows an access list). */
  readonly readableBy?: 'owner' | 'others';
}

/** Matches neither `*.parquet` nor `*_part*`, so that nobody who reads the folder by wildcard meets half a file. */
const TEMPORARY_PREFIX = '.butler-sos-audit-';
const TEMPORARY_SUFFIX = '.tmp';
const PROBE_SUFFIX = '.probe';
const HASHED_PIECE_BYTES = 1024 * 1024;

export class DurableFolder {
  readonly directory: string;
  readonly #prefix: string;
  readonly #clock: Clock;
  readonly #files: FileOperations;
  readonly #isWindows: boolean;
  readonly #isPrivate: boolean;
  #parentSynced = false;

  constructor(options: DurableFolderOptions) {
    this.directory = options.directory;
    this.#prefix = `${TEMPORARY_PREFIX}${sha256Of(options.owner).slice(0, 16)}-`;
    this.#clock = options.clock;
    this.#files = options.disk?.files ?? nodeFiles;
    this.#isWindows = (options.disk?.platform ?? process.platform) === 'win32';
    this.#isPrivate = options.readableBy === 'owner';
  }

  /** The same for two spellings of one path: to Windows `d:\Audit` is `D:\audit`. */
  keyOf(path: string): string {
    return this.#isWindows ? path.toLowerCase() : path;
  }

  /** Creates the folder with its parents, durably. @throws CodedError EXPORT_WRITE_FAILED */
  async create(): Promise<void> {
    await this.#guard('create the folder', async () => {
      const first = await makeFolders(this.directory, this.#isPrivate ? 0o700 : 0o777, this.#files);
      if (first !== undefined && this.#isPrivate && this.#isWindows) restrictToOwner(first, 'folder', 'win32');
      if (first === undefined && this.#parentSynced) return;
      // a crash may have come between making the folder and syncing its parent
      for (let folder = this.directory; folder.length >= (first ?? this.directory).length; folder = dirname(folder)) {
        await this.#syncFolder(dirname(folder));
      }
      this.#parentSynced = true;
    });
  }

  /** Proves that files can be written here. @throws CodedError EXPORT_WRITE_FAILED */
  async probe(): Promise<void> {
    await this.create();
    await this.#removeAll(PROBE_SUFFIX, []);
    await this.removeTemporary((await this.#writeNew((write) => write(Buffer.from('probe')), PROBE_SUFFIX)).path);
  }

  /**
   * The bytes are on disk when this resolves; the name of the file is after `sync()`. Every name is new: an older
   * temporary file may be a second link to a published file and is never opened for writing.
   * @throws CodedError EXPORT_WRITE_FAILED, leaving nothing behind
   */
  writeTemporary(bytes: Uint8Array): Promise<TemporaryFile> {
    return this.#writeNew((write) => write(bytes), TEMPORARY_SUFFIX);
  }

  /** The same for a file that does not fit into memory: piece by piece. What `produce` throws comes through. */
  writeTemporaryPieces(produce: (write: WritePiece) => Promise<void>): Promise<TemporaryFile> {
    return this.#writeNew(produce, TEMPORARY_SUFFIX);
  }

  #writeNew(produce: (write: WritePiece) => Promise<void>, suffix: string): Promise<TemporaryFile> {
    const path = join(this.directory, `${this.#prefix}${randomBytes(8).toString('hex')}${suffix}`);
    return this.#guard('write', async () => {
      const file = await this.#files.open(path, 'wx', this.#isPrivate ? 0o600 : 0o666);
      const hash = createHash('sha256');
      try {
        await produce(async (bytes) => {
          hash.update(bytes);
          await file.writeFile(bytes);
        });
        await file.sync();
      } catch (error) {
        await file.close();
        await this.#files.unlink(path).catch(() => undefined);
        throw error;
      }
      await file.close();
      return { path, sha256: hash.digest('hex') };
    });
  }

  /**
   * Gives a temporary file its final name unless that name is taken. Where the disk has hard links, the temporary name
   * stays until `removeTemporary`, and a crash right here leaves a file with two names.
   * @throws CodedError EXPORT_WRITE_FAILED
   */
  async linkNew(temporaryPath: string, path: string): Promise<'linked' | 'occupied'> {
    return this.#guard('publish', () => this.#linkOrRename(temporaryPath, path));
  }

  /** Gone already is fine. @throws CodedError EXPORT_WRITE_FAILED */
  async removeTemporary(path: string): Promise<void> {
    await this.#guard('remove a temporary file', () =>
      this.#unlessInUse(() => this.#files.unlink(path)).catch((error: unknown) => {
        if (systemCodeOf(error) !== 'ENOENT') throw error;
      }),
    );
  }

  /** The names given so far survive a power cut. @throws CodedError EXPORT_WRITE_FAILED */
  async sync(): Promise<void> {
    await this.#guard('sync', () => this.#syncFolder(this.directory));
  }

  /** Undefined: no such file. `links` above 1: a temporary file that already has its final name too. */
  async inspect(path: string): Promise<{ readonly links: number } | undefined> {
    return this.#guard('look at a file', async () => {
      try {
        return { links: (await this.#files.stat(path)).nlink };
      } catch (error) {
        if (systemCodeOf(error) === 'ENOENT') return undefined;
        throw error;
      }
    });
  }

  /** SHA-256 of a file's bytes, hex; undefined where `read` is. @throws CodedError EXPORT_WRITE_FAILED */
  async hashOf(path: string): Promise<string | undefined> {
    return this.#guard('read', async () => {
      try {
        const file = await this.#unlessInUse(() => this.#files.open(path, 'r'));
        try {
          return await hashOfOpen(file);
        } finally {
          await file.close();
        }
      } catch (error) {
        if (NO_SUCH_FILE.has(systemCodeOf(error) ?? '')) return undefined;
        throw error;
      }
    });
  }

  /** The bytes of a file, or undefined when there is none (or a folder has its name). @throws CodedError EXPORT_WRITE_FAILED */
  async read(path: string): Promise<Uint8Array | undefined> {
    return this.#guard('read', async () => {
      try {
        return await this.#unlessInUse(() => this.#files.readFile(path));
      } catch (error) {
        if (NO_SUCH_FILE.has(systemCodeOf(error) ?? '')) return undefined;
        throw error;
      }
    });
  }

  /** File names; none when the folder is not there. @throws CodedError EXPORT_WRITE_FAILED */
  async list(): Promise<readonly string[]> {
    return this.#guard('list', async () => {
      try {
        return await this.#files.readdir(this.directory);
      } catch (error) {
        if (systemCodeOf(error) === 'ENOENT') return [];
        throw error;
      }
    });
  }

  /** Removes what a crash left of temporary files of this owner, except those that still wait to be published. */
  removeStrays(...keep: readonly (string | undefined)[]): Promise<void> {
    return this.#removeAll(TEMPORARY_SUFFIX, keep);
  }

  async #removeAll(suffix: string, keep: readonly (string | undefined)[]): Promise<void> {
    // by their names, which are random: the path of this folder may be written in another way than before a restart
    const kept = new Set(keep.map((path) => (path === undefined ? undefined : basename(path))));
    for (const name of await this.list()) {
      if (name.startsWith(this.#prefix) && name.endsWith(suffix) && !kept.has(name))
        await this.removeTemporary(join(this.directory, name));
    }
  }

  async #linkOrRename(temporaryPath: string, path: string): Promise<'linked' | 'occupied'> {
    try {
      await this.#unlessInUse(() => this.#files.link(temporaryPath, path));
      return 'linked';
    } catch (error) {
      const code = systemCodeOf(error);
      if (code === 'EEXIST') return 'occupied';
      if (code === undefined || !NO_HARD_LINKS.has(code)) throw error;
    }
    return this.#renameToNew(temporaryPath, path);
  }

  /**
   * For disks without hard links (FAT, some network shares). A rename replaces, so the name is taken first: nobody else
   * can create that file then. A crash in between leaves the claim, which the next try takes over, or, before it has any
   * contents, an empty file that has the name for good.
   */
  async #renameToNew(temporaryPath: string, path: string): Promise<'linked' | 'occupied'> {
    if (!(await this.#claim(path))) return 'occupied';
    try {
      await this.#unlessInUse(() => this.#files.rename(temporaryPath, path));
    } catch (error) {
      await this.#files.unlink(path).catch(() => undefined);
      throw error;
    }
    return 'linked';
  }

  async #claim(path: string): Promise<boolean> {
    const claim = `${this.#prefix}claim\n`;
    let file: nodeFiles.FileHandle;
    try {
      file = await this.#files.open(path, 'wx', this.#isPrivate ? 0o600 : 0o666);
    } catch (error) {
      if (systemCodeOf(error) !== 'EEXIST') throw error;
      // only one server works for this owner: a claim of its own is from before a crash
      return (
        (await this.#files.stat(path)).size === claim.length && (await this.#files.readFile(path, 'utf8')) === claim
      );
    }
    try {
      await file.writeFile(claim);
    } catch (error) {
      await file.close();
      await this.#files.unlink(path).catch(() => undefined);
      throw error;
    }
    await file.close();
    return true;
  }

  /** On Windows a reader or a virus scanner can hold a file for a moment. */
  #unlessInUse<T>(action: () => Promise<T>): Promise<T> {
    return whileInUse(action, this.#isWindows ? 'win32' : 'linux', (ms) => this.#clock.sleep(ms, NEVER));
  }

  async #syncFolder(folder: string): Promise<void> {
    try {
      const handle = await this.#files.open(folder, 'r');
      try {
        await handle.sync();
      } finally {
        await handle.close();
      }
    } catch (error) {
      const ignored = this.#isWindows ? FOLDER_SYNC_ON_WINDOWS : NO_FOLDER_SYNC;
      if (!ignored.has(systemCodeOf(error) ?? '')) throw error;
    }
  }

  async #guard<T>(what: string, action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      if (error instanceof CodedError || systemCodeOf(error) === undefined) throw error;
      throw new CodedError(
        'EXPORT_WRITE_FAILED',
        `Could not ${what} in ${this.directory}: ${messageOf(error)}. Make the folder writable, or free space there; delivery goes on by itself.`,
        { directory: this.directory, systemCode: systemCodeOf(error) },
        error,
      );
    }
  }
}

/** What disks without hard links say: FAT and exFAT, ReFS before Windows Server 2022, some network shares. */
export const NO_HARD_LINKS: ReadonlySet<string> = new Set([
  'EPERM',
  'ENOTSUP',
  'EOPNOTSUPP',
  'ENOSYS',
  'EISDIR',
  'EINVAL',
  'EMLINK',
  'UNKNOWN',
]);
/** Also for a folder that has the name. */
const NO_SUCH_FILE = new Set(['ENOENT', 'EISDIR']);
const NO_FOLDER_SYNC = new Set(['EINVAL', 'ENOTSUP', 'EOPNOTSUPP']);
const FOLDER_SYNC_ON_WINDOWS = new Set(['EPERM', 'EISDIR', 'EACCES', 'EBADF', 'EINVAL']);
const NEVER = new AbortController().signal;

async function hashOfOpen(file: nodeFiles.FileHandle): Promise<string> {
  const hash = createHash('sha256');
  const piece = new Uint8Array(HASHED_PIECE_BYTES);
  for (;;) {
    const { bytesRead } = await file.read(piece, 0, piece.length);
    if (bytesRead === 0) return hash.digest('hex');
    hash.update(piece.subarray(0, bytesRead));
  }
}

export function sha256Of(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}
