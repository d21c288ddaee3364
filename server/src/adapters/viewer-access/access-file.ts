import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { CodedError, messageOf, systemCodeOf } from '../../domain/errors.ts';
import { whileInUseSync } from '../shared/file-in-use.ts';
import type { Account, ApiToken } from './accounts.ts';

export interface AccessEntries {
  readonly users: readonly Account[];
  readonly tokens: readonly ApiToken[];
}

const NOTHING: AccessEntries = { users: [], tokens: [] };

/**
 * `viewer-access.json` beside the log, for its owner alone: accounts and tokens that the command line keeps. A running
 * server sees a change at the next request. On Windows the list of the folder counts: an administrator, who may be another
 * account than the server's, runs the commands there.
 */
export class AccessFile {
  readonly #path: string;
  #read: { readonly stamp: string; readonly entries: AccessEntries } | undefined;

  constructor(directory: string) {
    this.#path = join(directory, 'viewer-access.json');
  }

  /** @throws CodedError VIEWER_ACCESS_UNREADABLE */
  entries(): AccessEntries {
    const stamp = this.#stamp();
    if (stamp === undefined) return NOTHING;
    if (this.#read?.stamp !== stamp) this.#read = { stamp, entries: this.#parse() };
    return this.#read.entries;
  }

  /** The file is replaced whole: a crash leaves the one before. */
  change(edit: (entries: AccessEntries) => AccessEntries): void {
    const text = `${JSON.stringify(edit(this.entries()), undefined, 2)}\n`;
    const temporary = `${this.#path}.${randomBytes(6).toString('hex')}.tmp`;
    try {
      const descriptor = openSync(temporary, 'wx', 0o600);
      try {
        writeSync(descriptor, text);
        fsyncSync(descriptor);
      } finally {
        closeSync(descriptor);
      }
      whileInUseSync(() => renameSync(temporary, this.#path));
    } finally {
      rmSync(temporary, { force: true });
    }
    this.#read = undefined;
  }

  #stamp(): string | undefined {
    const found = statSync(this.#path, { bigint: true, throwIfNoEntry: false });
    return found === undefined ? undefined : `${found.ino}/${found.mtimeNs}/${found.size}`;
  }

  #parse(): AccessEntries {
    try {
      const { users, tokens } = JSON.parse(readFileSync(this.#path, 'utf8')) as Partial<AccessEntries>;
      return { users: users ?? [], tokens: tokens ?? [] };
    } catch (thrown) {
      if (systemCodeOf(thrown) === 'ENOENT') return NOTHING;
      throw new CodedError(
        'VIEWER_ACCESS_UNREADABLE',
        `${this.#path} cannot be read: ${messageOf(thrown)}. Correct or delete it.`,
        { path: this.#path },
        thrown,
      );
    }
  }
}
