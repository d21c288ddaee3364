import { createHash, randomBytes } from 'node:crypto';
import { closeSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { systemCodeOf } from '../../domain/errors.ts';
import type { Clock } from '../../pipeline/ports/clock.ts';
import { whileInUseSync } from '../shared/file-in-use.ts';
import { makeFoldersSync } from '../shared/make-folders.ts';

const TOKEN = /^[\w-]{43}$/;

interface Link {
  readonly name: string;
  readonly expiresAt: number;
}

/**
 * Links that open the page once: whoever may write beside the log may look at it. `viewer-links/` holds one file for
 * each, named by the hash of its token; a link is spent by deleting its file, so also two servers spend it once.
 * On Windows the access list of the log's folder counts: an administrator, who may be another account than the server's,
 * makes links for it.
 */
export class OneTimeLinks {
  readonly #folder: string;
  readonly #clock: Clock;

  constructor(directory: string, clock: Clock) {
    this.#folder = join(directory, 'viewer-links');
    this.#clock = clock;
  }

  /**
   * @param name for whom: who looks under it is recorded so
   * @returns the token, which is kept nowhere
   */
  create(name: string, validMs: number): string {
    makeFoldersSync(this.#folder, 0o700);
    this.#dropExpired();
    const token = randomBytes(32).toString('base64url');
    const path = this.#pathOf(token);
    const descriptor = openSync(path, 'wx', 0o600);
    try {
      writeSync(descriptor, JSON.stringify({ name, expiresAt: this.#clock.now() + validMs } satisfies Link));
    } finally {
      closeSync(descriptor);
    }
    return token;
  }

  /** @returns the name, once; undefined afterwards, and when it has expired or never was */
  spend(token: string): string | undefined {
    if (!TOKEN.test(token)) return undefined;
    const path = this.#pathOf(token);
    try {
      const { name, expiresAt } = readLink(path);
      whileInUseSync(() => rmSync(path));
      return this.#clock.now() < expiresAt ? name : undefined;
    } catch (thrown) {
      if (systemCodeOf(thrown) === 'ENOENT') return undefined;
      throw thrown;
    }
  }

  #dropExpired(): void {
    for (const name of readdirSync(this.#folder)) {
      const path = join(this.#folder, name);
      try {
        if (readLink(path).expiresAt <= this.#clock.now()) rmSync(path, { force: true });
      } catch {
        // spent meanwhile
      }
    }
  }

  #pathOf(token: string): string {
    return join(this.#folder, createHash('sha256').update(token).digest('hex'));
  }
}

function readLink(path: string): Link {
  return JSON.parse(readFileSync(path, 'utf8')) as Link;
}
