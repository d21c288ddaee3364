import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exactNumber, ForeignServer, freePort, temporaryFolder } from './foreign-server.ts';

export const ADMIN = { username: 'admin', password: 'Secret-of-the-admin' };

/** A row of an answer by column; numbers as the text in which they came. */
export type InfluxRow = Readonly<Record<string, string | boolean | null>>;

export interface InfluxdbOneSettings {
  /** Lines for `[data]` and `[http]` of its configuration. */
  readonly data?: string;
  readonly http?: string;
}

/** A real InfluxDB 1 with log-in. */
export class InfluxdbOne {
  readonly port: number;
  readonly #server: ForeignServer;

  private constructor(server: ForeignServer, port: number) {
    this.#server = server;
    this.port = port;
  }

  static async start(program: string, settings: InfluxdbOneSettings = {}): Promise<InfluxdbOne> {
    const folder = temporaryFolder('influxdb-1');
    const port = await freePort();
    const path = (name: string): string => JSON.stringify(join(folder, name));
    const configuration = join(folder, 'influxdb.conf');
    writeFileSync(
      configuration,
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
    const options = { name: 'InfluxDB 1', program, folder, port, upPath: '/ping' };
    const server = new InfluxdbOne(new ForeignServer({ ...options, arguments: ['-config', configuration] }), port);
    await server.up();
    await server.query(`CREATE USER ${ADMIN.username} WITH PASSWORD '${ADMIN.password}' WITH ALL PRIVILEGES`);
    return server;
  }

  up(): Promise<void> {
    return this.#server.up();
  }

  isUp(): Promise<boolean> {
    return this.#server.isUp();
  }

  /** At once, without a chance to put anything in order. */
  kill(): Promise<void> {
    return this.#server.kill();
  }

  remove(): Promise<void> {
    return this.#server.remove();
  }

  async query(q: string, db = ''): Promise<readonly InfluxRow[]> {
    const reply = await fetch(`${this.#server.url}/query`, {
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
    const reply = await fetch(`${this.#server.url}/write?${new URLSearchParams({ db, precision: 'ns' })}`, {
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

function basic(): string {
  return `Basic ${Buffer.from(`${ADMIN.username}:${ADMIN.password}`).toString('base64')}`;
}
