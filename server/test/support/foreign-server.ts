import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface ForeignServerOptions {
  readonly name: string;
  readonly program: string;
  readonly folder: string;
  readonly port: number;
  readonly arguments: readonly string[];
  /** Answered with success once the server is up. */
  readonly upPath: string;
}

const UP_WITHIN_MS = 30_000;

/** A real server of another maker, in a temporary folder and on a port of its own. */
export class ForeignServer {
  readonly #options: ForeignServerOptions;
  #process: ChildProcess | undefined;

  constructor(options: ForeignServerOptions) {
    this.#options = options;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#options.port}`;
  }

  async up(): Promise<void> {
    const { name, program, folder } = this.#options;
    const child = spawn(program, this.#options.arguments, { stdio: 'ignore', cwd: folder });
    this.#process = child;
    const deadline = Date.now() + UP_WITHIN_MS;
    while (Date.now() < deadline && child.exitCode === null) {
      if (await this.isUp()) return;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    throw new Error(`${name} does not come up`);
  }

  isUp(): Promise<boolean> {
    return fetch(this.url + this.#options.upPath).then(
      (reply) => reply.ok,
      () => false,
    );
  }

  /** At once, without a chance to put anything in order. */
  async kill(): Promise<void> {
    const running = this.#process;
    this.#process = undefined;
    if (running === undefined || running.exitCode !== null) return;
    const gone = once(running, 'exit');
    running.kill('SIGKILL');
    await gone;
  }

  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.#options.folder, { recursive: true, force: true });
  }
}

export function temporaryFolder(name: string): string {
  return mkdtempSync(join(tmpdir(), `audit-${name}-`));
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** For `JSON.parse`: numbers as the text in which they came. */
export function exactNumber(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  return typeof value === 'number' ? (context?.source ?? String(value)) : value;
}
