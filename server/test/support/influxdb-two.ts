import { join } from 'node:path';
import { exactNumber, ForeignServer, freePort, temporaryFolder } from './foreign-server.ts';
import type { InfluxRow } from './influxdb-one.ts';

export const ORG = 'my "org", ö';
/** Of the operator: may do everything. */
export const OPERATOR_TOKEN = 'Secret-token-of-the-operator==';

/** A real InfluxDB 2, set up with an organisation and its operator. */
export class InfluxdbTwo {
  readonly port: number;
  readonly #server: ForeignServer;

  private constructor(server: ForeignServer, port: number) {
    this.#server = server;
    this.port = port;
  }

  static async start(program: string): Promise<InfluxdbTwo> {
    const folder = temporaryFolder('influxdb-2');
    const port = await freePort();
    const paths = ['--bolt-path', join(folder, 'bolt'), '--engine-path', join(folder, 'engine')];
    const address = ['--http-bind-address', `127.0.0.1:${port}`];
    const options = { name: 'InfluxDB 2', program, folder, port, upPath: '/health' };
    const foreign = new ForeignServer({ ...options, arguments: [...address, ...paths, '--reporting-disabled'] });
    const server = new InfluxdbTwo(foreign, port);
    await server.up();
    const operator = { username: 'operator', password: 'Secret-of-the-operator' };
    await server.ask('POST', '/api/v2/setup', { ...operator, org: ORG, bucket: 'first', token: OPERATOR_TOKEN });
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

  /** Its API, as the operator. @throws Error on any answer that is no success */
  async ask(method: string, path: string, body?: unknown): Promise<Readonly<Record<string, unknown>>> {
    const text = await this.#send(method, path, 'application/json', body === undefined ? null : JSON.stringify(body));
    return text === '' ? {} : (JSON.parse(text) as Readonly<Record<string, unknown>>);
  }

  async bucket(name: string): Promise<Bucket | undefined> {
    const { buckets } = await this.ask('GET', `/api/v2/buckets?${new URLSearchParams({ name })}`);
    return (buckets as readonly Bucket[])[0];
  }

  async removeBucket(name: string): Promise<void> {
    await this.ask('DELETE', `/api/v2/buckets/${(await this.bucket(name))?.id}`);
  }

  /** A token that may write to this bucket, and nothing else. */
  async writeOnlyToken(bucketName: string): Promise<string> {
    const bucket = await this.bucket(bucketName);
    const resource = { type: 'buckets', id: bucket?.id, orgID: bucket?.orgID };
    const permissions = [{ action: 'write', resource }];
    const { token } = await this.ask('POST', '/api/v2/authorizations', { orgID: bucket?.orgID, permissions });
    return String(token);
  }

  /** As a foreign writer would. */
  async write(bucket: string, lines: string): Promise<void> {
    const target = new URLSearchParams({ org: ORG, bucket, precision: 'ns' });
    await this.#send('POST', `/api/v2/write?${target}`, 'text/plain', lines);
  }

  /** A Flux query; its answer as the server sends it: CSV, with the types of its columns above when they are wanted. */
  flux(query: string, { annotated = false } = {}): Promise<string> {
    const dialect = { header: true, annotations: annotated ? ['datatype'] : [] };
    const path = `/api/v2/query?${new URLSearchParams({ org: ORG })}`;
    return this.#send('POST', path, 'application/json', JSON.stringify({ query, type: 'flux', dialect }));
  }

  /**
   * Every point of a measurement, tags and fields by name and `_time`, in order of time. Read by Flux, which puts each
   * value into JSON over there: its CSV alone does not tell all line ends apart.
   */
  async points(bucket: string, measurement = 'audit_event'): Promise<readonly InfluxRow[]> {
    const answer = await this.flux(`import "json"
from(bucket: ${JSON.stringify(bucket)})
  |> range(start: 1678-01-01T00:00:00Z, stop: 2262-01-01T00:00:00Z)
  |> filter(fn: (r) => r["_measurement"] == ${JSON.stringify(measurement)})
  |> drop(columns: ["_start", "_stop", "_measurement"])
  |> map(fn: (r) => ({json: string(v: json.encode(v: r))}))`);
    const points = new Map<string, Record<string, string | boolean | null>>();
    for (const json of jsonColumn(answer)) {
      const { _field, _value = null, ...series } = JSON.parse(json, exactNumber) as InfluxRow;
      const key = JSON.stringify(Object.entries(series).sort());
      const point = points.get(key) ?? { ...series };
      point[String(_field)] = _value;
      points.set(key, point);
    }
    return [...points.values()].sort((a, b) => (String(a._time) < String(b._time) ? -1 : 1));
  }

  async #send(method: string, path: string, type: string, body: string | null): Promise<string> {
    const reply = await fetch(this.#server.url + path, {
      method,
      headers: { authorization: `Token ${OPERATOR_TOKEN}`, 'content-type': type },
      body,
    });
    const text = await reply.text();
    if (!reply.ok) throw new Error(`${method} ${path}: ${reply.status} ${text}`);
    return text;
  }
}

export interface Bucket {
  readonly id: string;
  readonly orgID: string;
  readonly name: string;
  readonly description?: string;
  readonly retentionRules: readonly { readonly type: string; readonly everySeconds: number }[];
}

/** The last cell of every row; it is JSON, so it has neither line ends nor bare quotes. */
function jsonColumn(csv: string): readonly string[] {
  return [...csv.matchAll(/^,[^,]*,\d+,"(.*)"\r?$/gm)].map(([, cell = '']) => cell.replaceAll('""', '"'));
}
