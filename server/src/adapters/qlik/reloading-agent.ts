import { stat } from 'node:fs/promises';
import https, { type AgentOptions } from 'node:https';
import { messageOf } from '../../domain/errors.ts';
import type { Logger } from '../../pipeline/ports/logger.ts';

/** Idle connections are closed after this long. */
const IDLE_MS = 20_000;

/** Keeps connections, and takes new certificate files into use when they have changed. */
export class ReloadingAgent {
  readonly #paths: readonly string[];
  readonly #options: () => Promise<AgentOptions>;
  readonly #logger: Logger;
  #agent: https.Agent | undefined;
  #loading: Promise<https.Agent> | undefined;
  #stamp = '';
  /** Looks at the files, and which of them the stamp is of: an earlier one that ends later tells nothing new. */
  #looks = 0;
  #stampLook = 0;

  /** @param options reads the files; may throw */
  constructor(paths: readonly string[], options: () => Promise<AgentOptions>, logger: Logger) {
    this.#paths = paths;
    this.#options = options;
    this.#logger = logger;
  }

  /**
   * As the files are now. While new ones cannot be used, the old ones go on, with one warning.
   * @throws what `options` throws when there are no old ones
   */
  async current(): Promise<https.Agent> {
    const look = ++this.#looks;
    const stamp = (await Promise.all(this.#paths.map(stampOf))).join();
    if (this.#agent !== undefined && (stamp === this.#stamp || look < this.#stampLook)) return this.#agent;
    this.#loading ??= this.#load(stamp, look).finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  close(): void {
    this.#agent?.destroy();
    this.#agent = undefined;
  }

  async #load(stamp: string, look: number): Promise<https.Agent> {
    try {
      const options = await this.#options();
      if (this.#agent !== undefined) this.#logger.info({ paths: this.#paths }, 'New certificate files are in use.');
      this.#agent = new https.Agent({ keepAlive: true, timeout: IDLE_MS, ...options });
    } catch (thrown) {
      if (this.#agent === undefined) throw thrown;
      this.#logger.warn({ error: messageOf(thrown) }, 'New certificate files cannot be used; the old ones go on.');
    }
    this.#stamp = stamp;
    this.#stampLook = look;
    return this.#agent;
  }
}

async function stampOf(path: string): Promise<string> {
  try {
    const { mtimeMs, size, ino } = await stat(path);
    return `${mtimeMs}:${size}:${ino}`;
  } catch {
    return 'missing';
  }
}
