import { findTool, INFLUXDB_ONE, INFLUXDB_TWO } from '../../server/test/support/external-tools.ts';
import { ADMIN, InfluxdbOne } from '../../server/test/support/influxdb-one.ts';
import { InfluxdbTwo, OPERATOR_TOKEN, ORG } from '../../server/test/support/influxdb-two.ts';

/** A real InfluxDB as the soak needs it. */
export interface SoakInfluxdb {
  readonly version: 1 | 2;
  /** Members of `destination.influxdb`. */
  readonly settings: Readonly<Record<string, unknown>>;
  kill(): Promise<void>;
  up(): Promise<void>;
  /** Of every point, as often as there is one. */
  eventIds(): Promise<readonly string[]>;
  remove(): Promise<void>;
}

/** @throws Error when this machine has none of that version */
export function startInfluxdb(version: 1 | 2): Promise<SoakInfluxdb> {
  const tool = version === 1 ? INFLUXDB_ONE : INFLUXDB_TWO;
  const program = findTool(tool);
  if (program === undefined) {
    throw new Error(`There is no InfluxDB ${version} here: "npm run test-services -- ${tool.name}" installs one.`);
  }
  return version === 1 ? startOne(program) : startTwo(program);
}

async function startOne(program: string): Promise<SoakInfluxdb> {
  // with the documented tags each event is a series of its own, and its default takes no more than 100,000
  const server = await InfluxdbOne.start(program, { data: 'max-values-per-tag = 0\nmax-series-per-database = 0' });
  return {
    version: 1,
    settings: { port: server.port, version: 1, v1Config: { dbName: 'audit', auth: { enable: true, ...ADMIN } } },
    kill: () => server.kill(),
    up: () => server.up(),
    async eventIds() {
      const rows = await server.query('SELECT eventId, sequence FROM audit_event', 'audit');
      return rows.map(({ eventId }) => String(eventId));
    },
    remove: () => server.remove(),
  };
}

async function startTwo(program: string): Promise<SoakInfluxdb> {
  const server = await InfluxdbTwo.start(program);
  return {
    version: 2,
    settings: { port: server.port, version: 2, v2Config: { org: ORG, bucket: 'audit', token: OPERATOR_TOKEN } },
    kill: () => server.kill(),
    up: () => server.up(),
    async eventIds() {
      const csv = await server.flux(`from(bucket: "audit") |> range(start: -1d, stop: 1d)
        |> filter(fn: (r) => r._measurement == "audit_event" and r._field == "sequence")
        |> keep(columns: ["eventId", "_value"]) |> group()`);
      return [...csv.matchAll(/^,_result,\d+,.*?([0-9a-f]{8}-[0-9a-f-]{27})/gm)].map(([, id = '']) => id);
    },
    remove: () => server.remove(),
  };
}
