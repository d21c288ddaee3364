import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { CodedError, messageOf } from '../../domain/errors.ts';
import type { ScreenshotFile } from '../../domain/screenshot-outcome.ts';
import type { Clock } from '../../pipeline/ports/clock.ts';
import type { EditedImage, ImageFormat, ScreenshotName, ScreenshotStore } from '../../pipeline/ports/screenshots.ts';
import { type Disk, DurableFolder } from '../shared/durable-file.ts';
import { eventFileName } from '../shared/event-file-name.ts';

export interface ScreenshotFilesOptions {
  /** Absolute directories. `dated`: in folders `YYYY/MM/DD` below it, by the time that is in the name (UTC). */
  readonly targets: readonly { readonly type: 'flat' | 'dated'; readonly directory: string }[];
  /** Whose temporary files these are, so that those of a crash are recognised. */
  readonly logId: string;
  readonly clock: Clock;
  readonly disk?: Disk;
}

const EXTENSIONS: Readonly<Record<ImageFormat, string>> = { png: 'png', jpeg: 'jpg', webp: 'webp', gif: 'gif' };
const SUFFIXES: Readonly<Record<EditedImage['role'], string>> = {
  seen: '',
  annotated: '_metadata',
  downloaded: '_downloaded',
};
/** Folders of days that are known to be ready; an older one is looked at again. */
const FOLDERS_REMEMBERED = 64;
const PIECE_BYTES = 1024 * 1024;
/** For all pictures of an event in one folder. A share whose server is gone may never answer. */
const ANSWER_MS = 60_000;

/** Pictures in folders of this machine, readable by the owner only. */
export class ScreenshotFiles implements ScreenshotStore {
  readonly #options: ScreenshotFilesOptions;
  readonly #ready = new Map<string, Promise<DurableFolder>>();
  /** Calls that were given up and have not come back, by target: each holds a thread of the system. */
  readonly #unanswered = new Map<string, number>();

  constructor(options: ScreenshotFilesOptions) {
    this.#options = options;
  }

  async save(
    name: ScreenshotName,
    images: readonly EditedImage[],
    where: 'everywhere' | 'anywhere',
  ): Promise<readonly ScreenshotFile[]> {
    const baseName = eventFileName({ ...name, timestamp: BigInt(Math.trunc(name.atMs)) });
    const saved: ScreenshotFile[] = [];
    let trouble: CodedError | undefined;
    for (const target of this.#options.targets) {
      const directory = target.type === 'flat' ? target.directory : join(target.directory, ...dayFolders(baseName));
      try {
        saved.push(
          ...(await this.#inTime(target.directory, (givenUp) => this.#saveIn(directory, baseName, images, givenUp))),
        );
      } catch (error) {
        if (!(error instanceof CodedError)) throw error;
        trouble ??= error;
      }
    }
    if (trouble !== undefined && (where === 'everywhere' || saved.length === 0)) throw trouble;
    return saved;
  }

  /** While a folder owes an answer nothing more is asked of it. What comes late is found by the repeated call. */
  async #inTime<T>(target: string, action: (givenUp: AbortSignal) => Promise<T>): Promise<T> {
    if (this.#unanswered.has(target)) throw unanswered(target);
    const [over, giveUp] = [new AbortController(), new AbortController()];
    const saving = action(giveUp.signal);
    const answer = saving.then((value) => ({ value }));
    const late = this.#options.clock.sleep(ANSWER_MS, over.signal).then(() => undefined);
    const first = await Promise.race([answer, late]).finally(() => over.abort());
    if (first !== undefined) return first.value;
    giveUp.abort(unanswered(target));
    this.#unanswered.set(target, (this.#unanswered.get(target) ?? 0) + 1);
    const answered = () => {
      const left = (this.#unanswered.get(target) ?? 1) - 1;
      if (left > 0) this.#unanswered.set(target, left);
      else this.#unanswered.delete(target);
    };
    void saving.then(answered, answered);
    throw unanswered(target);
  }

  async #saveIn(
    directory: string,
    baseName: string,
    images: readonly EditedImage[],
    givenUp: AbortSignal,
  ): Promise<readonly ScreenshotFile[]> {
    try {
      return await this.#publishAll(await this.#folder(directory), baseName, images, givenUp);
    } catch (error) {
      this.#ready.delete(directory);
      if (!(error instanceof CodedError) || error.code !== 'EXPORT_WRITE_FAILED') throw error;
      const message = `A picture could not be kept: ${messageOf(error)}`;
      throw new CodedError('SCREENSHOT_WRITE_FAILED', message, error.context, error);
    }
  }

  /**
   * All pictures of an event in one folder have the same number in their names. A crash in here leaves strays, or some of
   * the files under their names, which the repeated call recognises by their bytes.
   */
  async #publishAll(
    folder: DurableFolder,
    baseName: string,
    images: readonly EditedImage[],
    givenUp: AbortSignal,
  ): Promise<readonly ScreenshotFile[]> {
    const pictures: { readonly image: EditedImage; readonly sha256: string }[] = [];
    for (const image of images) pictures.push({ image, sha256: await hashInPieces(image.bytes) });
    for (let n = 1; ; n++) {
      const numbered = n === 1 ? baseName : `${baseName}_${n}`;
      const files = pictures.map(({ image, sha256 }) => ({
        image,
        sha256,
        path: join(folder.directory, `${numbered}${SUFFIXES[image.role]}.${EXTENSIONS[image.format]}`),
      }));
      if (!(await publish(folder, files, givenUp))) continue;
      await folder.sync();
      return files.map(({ image: { role, bytes, width, height }, sha256, path }) => ({
        ...{ path, role, sha256, bytes: bytes.length, width, height },
      }));
    }
  }

  /** Created, and without what a crash left there, before anybody writes to it. */
  #folder(directory: string): Promise<DurableFolder> {
    const known = this.#ready.get(directory);
    if (known !== undefined) return known;
    const [oldest] = this.#ready.keys();
    if (oldest !== undefined && this.#ready.size >= FOLDERS_REMEMBERED) this.#ready.delete(oldest);
    const preparing = this.#prepare(directory);
    this.#ready.set(directory, preparing);
    return preparing;
  }

  async #prepare(directory: string): Promise<DurableFolder> {
    const { logId, clock, disk } = this.#options;
    const owner = `${logId}/screenshots`;
    const folder = new DurableFolder({ directory, owner, clock, readableBy: 'owner', ...(disk && { disk }) });
    await folder.create();
    await folder.removeStrays();
    return folder;
  }
}

function unanswered(directory: string): CodedError {
  return new CodedError(
    'SCREENSHOT_WRITE_FAILED',
    `A picture could not be kept: ${directory} does not answer. Look at the disk or the share; it is tried again.`,
    { directory },
  );
}

interface PictureFile {
  readonly image: EditedImage;
  readonly sha256: string;
  readonly path: string;
}

/**
 * Where one of them cannot be written, those that were published before it are taken back: the folder may be done without.
 * @returns false when a file of something else has one of the names; what was published by then stays and is nobody's
 */
async function publish(folder: DurableFolder, files: readonly PictureFile[], givenUp: AbortSignal): Promise<boolean> {
  const missing: PictureFile[] = [];
  for (const file of files) {
    const found = await folder.hashOf(file.path);
    if (found !== undefined && found !== file.sha256) return false;
    // a folder in its place cannot be read, and is found when the file is published
    if (found === undefined) missing.push(file);
  }
  const created: string[] = [];
  try {
    for (const file of missing) {
      if (!(await publishOne(folder, file, givenUp, created))) return false;
    }
  } catch (error) {
    for (const path of created) await folder.removeTemporary(path).catch(() => undefined);
    throw error;
  }
  return true;
}

/** @param created names of ours that are there because of this call */
async function publishOne(
  folder: DurableFolder,
  { image, path, sha256 }: PictureFile,
  givenUp: AbortSignal,
  created: string[],
): Promise<boolean> {
  const temporary = await folder.writeTemporaryPieces(async (write) => {
    for (const piece of piecesOf(image.bytes)) await write(piece);
  });
  created.push(temporary.path);
  // the memory of what was given up may have been taken back while it was written
  givenUp.throwIfAborted();
  const published = await folder.linkNew(temporary.path, path);
  if (published === 'linked') created.push(path);
  await folder.removeTemporary(temporary.path);
  return published === 'linked' || (await folder.hashOf(path)) === sha256;
}

/** A large picture keeps the thread busy for a moment at a time only. */
async function hashInPieces(bytes: Buffer): Promise<string> {
  const hash = createHash('sha256');
  for (const piece of piecesOf(bytes)) {
    hash.update(piece);
    if (bytes.length > PIECE_BYTES) await nextTurn();
  }
  return hash.digest('hex');
}

function* piecesOf(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) yield bytes.subarray(at, at + PIECE_BYTES);
}

/** From `20261123T070000.123Z_…`. */
function dayFolders(baseName: string): readonly [string, string, string] {
  return [baseName.slice(0, 4), baseName.slice(4, 6), baseName.slice(6, 8)];
}
