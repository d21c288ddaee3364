import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const ADMIN = { username: 'admin', password: 'Secret-of-the-admin' };

/** A row of an InfluxQL answer by column; numbers as the text in which they came. */
export type InfluxRow = Readonly<Record<string, string | boolean | null>>;

export interface InfluxdbOneSettings {
  /** Lines for `[data]` and `[http]` of its configuration. */
  readonly data?: string;
  readonly http?: string;
}

/** A real InfluxDB 1 with log-in, in a temporary folder and on ports of its own. */
export class InfluxdbOne {
  readonly port: number;
  readonly #program: string;
  readonly #folder: string;
  #process: ChildProcess | undefined;

  private constructor(program: string, folder: string, port: number) {
    this.#program = program;
    this.#folder = folder;
    this.port = port;
  }

  static async start(program: string, settings: InfluxdbOneSettings = {}): Promise<InfluxdbOne> {
    const folder = mkdtempSync(join(tmpdir(), 'audit-influxdb-'));
    const port = await freePort();
    const path = (name: string): string => JSON.stringify(join(folder, name));
    writeFileSync(
      join(folder, 'influxdb.conf'),
      `reporting-disabled = true
bind-address = "127.0.0.1:${await freePort()}"
[meta]
dir = ${path('meta')}
[data]
dir = ${path('data')}
wal-dir = ${path('wal')}
query-log-enabled = false
${settings.data ?? ''}
[monitor]
store-enabled = false
[http]
bind-address = "127.0.0.1:${port}"
auth-enabled = true
log-enabled = false
${settings.http ?? ''}
`,
    );
    const server = new InfluxdbOne(program, folder, port);
    await server.up();
    await server.query(`CREATE USER ${ADMIN.username} WITH PASSWORD '${ADMIN.password}' WITH ALL PRIVILEGES`);
    return server;
  }

  async up(): Promise<void> {
    this.#process = spawn(this.#program, ['-config', join(this.#folder, 'influxdb.conf')], { stdio: 'ignore' });
    for (let tries = 0; tries < 400; tries++) {
      const answers = await fetch(`http://127.0.0.1:${this.port}/ping`).then(
        (reply) => reply.status === 204,
        () => false,
      );
      if (answers) return;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    throw new Error('InfluxDB does not answer');
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
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async query(q: string, db = ''): Promise<readonly InfluxRow[]> {
    const reply = await fetch(`http://127.0.0.1:${this.port}/query`, {
      method: 'POST',
      headers: { authorization: basic() },
      body: new URLSearchParams({ q, db, epoch: 'ns' }),
    });
    const answer = JSON.parse(await reply.text(), exactNumber) as InfluxAnswer;
    const error = answer.error ?? answer.results?.[0]?.error;
    if (error !== undefined) throw new Error(error);
    return (answer.results?.[0]?.series ?? []).flatMap(({ columns, values }) =>
      values.map((row) => Object.fromEntries(columns.map((column, i) => [column, row[i] ?? null]))),
    );
  }

  /** As a foreign writer would. */
  async write(db: string, lines: string): Promise<void> {
    const reply = await fetch(`http://127.0.0.1:${this.port}/write?${new URLSearchParams({ db, precision: 'ns' })}`, {
      method: 'POST',
      headers: { authorization: basic() },
      body: lines,
    });
    if (!reply.ok) throw new Error(await reply.text());
  }
}

interface InfluxAnswer {
  readonly error?: string;
  readonly results?: readonly {
    readonly error?: string;
    readonly series?: readonly {
      readonly columns: readonly string[];
      readonly values: readonly (readonly (string | boolean | null)[])[];
    }[];
  }[];
}

function exactNumber(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  return typeof value === 'number' ? (context?.source ?? String(value)) : value;
}

function basic(): string {
  return `Basic ${Buffer.from(`${ADMIN.username}:${ADMIN.password}`).toString('base64')}`;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
