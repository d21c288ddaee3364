import { systemCodeOf } from '../../domain/errors.ts';
import type { Sequence } from '../../domain/sequence.ts';
import type { FileSystem, OpenFile } from '../shared/file-system.ts';
import { listSegments, segmentPath } from './segment-name.ts';

interface Entry {
  readonly file: Promise<OpenFile>;
  users: number;
}

const MAX_IDLE_FILES = 4;

/** The segments of a folder as a reader sees them: their names, and a few of them open. */
export class SegmentFiles {
  readonly #fileSystem: FileSystem;
  readonly #directory: string;
  /** Least recently used first. */
  readonly #open = new Map<Sequence, Entry>();
  #firsts: readonly Sequence[] = [];

  constructor(fileSystem: FileSystem, directory: string) {
    this.#fileSystem = fileSystem;
    this.#directory = directory;
  }

  /** First sequences as of the last `refresh`, ascending. */
  get firsts(): readonly Sequence[] {
    return this.#firsts;
  }

  /** Lists the folder, and lets go of segments that retention has deleted. */
  async refresh(): Promise<readonly Sequence[]> {
    this.#firsts = await listSegments(this.#fileSystem, this.#directory);
    const there = new Set(this.#firsts);
    await this.#closeIdle((first) => !there.has(first));
    return this.#firsts;
  }

  /** Of the segment after `first`, as far as is known. */
  nextFirst(first: Sequence): Sequence | undefined {
    return this.#firsts[this.#firsts.indexOf(first) + 1];
  }

  /** @returns undefined when the segment is gone */
  async use<T>(first: Sequence, action: (file: OpenFile) => Promise<T>): Promise<T | undefined> {
    const entry = this.#open.get(first) ?? {
      file: this.#fileSystem.open(segmentPath(this.#directory, first), 'read'),
      users: 0,
    };
    this.#open.delete(first);
    this.#open.set(first, entry);
    entry.users++;
    try {
      return await action(await entry.file);
    } catch (error) {
      // opened anew next time
      if (this.#open.get(first) === entry) this.#open.delete(first);
      if (systemCodeOf(error) === 'ENOENT') return undefined;
      throw error;
    } finally {
      entry.users--;
      if (this.#open.get(first) !== entry) await closeQuietly(entry);
      else if (this.#open.size > MAX_IDLE_FILES) await this.#closeIdle(() => this.#open.size > MAX_IDLE_FILES);
    }
  }

  async close(): Promise<void> {
    await this.#closeIdle(() => true);
  }

  async #closeIdle(isUnwanted: (first: Sequence) => boolean): Promise<void> {
    for (const [first, entry] of [...this.#open]) {
      // while an earlier one was being closed, others may have closed this one: its descriptor may be anybody's by now
      if (entry.users > 0 || this.#open.get(first) !== entry || !isUnwanted(first)) continue;
      this.#open.delete(first);
      await closeQuietly(entry);
    }
  }
}

async function closeQuietly(entry: Entry): Promise<void> {
  if (entry.users > 0) return;
  await entry.file.then((file) => file.close()).catch(() => undefined);
}
