import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { envelope, load } from '../support/audit-client.ts';
import { findTool, INFLUXDB_ONE, INFLUXDB_TWO, skipWithout } from '../support/external-tools.ts';
import { ADMIN, InfluxdbOne } from '../support/influxdb-one.ts';
import { InfluxdbTwo, OPERATOR_TOKEN, ORG } from '../support/influxdb-two.ts';
import { countsByEventId } from '../support/parquet-rows.ts';
import { qvdCountsByEventId } from '../support/qvd-rows.ts';
import { createHome, eventually, type RunningServer, startServer } from '../support/running-server.ts';

const ROUNDS = 10;
/** Each with object data is a file of its own for `json`. */
const OBJECT_DATA_EVERY = 10;

/** A real InfluxDB as this test sees it. */
interface Influxdb {
  /** Members of `destination.influxdb`, as JSON, which is YAML. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** By query: how many points each event id has. */
  countsByEventId(): Promise<ReadonlyMap<string, number>>;
  remove(): Promise<void>;
}

async function influxdbOne(): Promise<Influxdb> {
  const server = await InfluxdbOne.start(findTool(INFLUXDB_ONE) ?? '');
  return {
    settings: { port: server.port, version: 1, v1Config: { dbName: 'audit', auth: { enable: true, ...ADMIN } } },
    async countsByEventId() {
      const rows = await server.query('SELECT count(sequence) FROM audit_event GROUP BY eventId', 'audit');
      const [total] = await server.query('SELECT count(sequence) FROM audit_event', 'audit');
      const ids = await server.query('SHOW TAG VALUES FROM audit_event WITH KEY = eventId', 'audit');
      assert.equal(rows.length, ids.length);
      assert.equal(
        Number(total?.count),
        rows.reduce((sum, { count }) => sum + Number(count), 0),
      );
      const perEvent = await server.query('SELECT eventId, sequence FROM audit_event', 'audit');
      return countsOf(perEvent.map(({ eventId }) => String(eventId)));
    },
    remove: () => server.remove(),
  };
}

async function influxdbTwo(): Promise<Influxdb> {
  const server = await InfluxdbTwo.start(findTool(INFLUXDB_TWO) ?? '');
  return {
    settings: { port: server.port, version: 2, v2Config: { org: ORG, bucket: 'audit', token: OPERATOR_TOKEN } },
    async countsByEventId() {
      const csv = await server.flux(`from(bucket: "audit") |> range(start: -1h)
        |> filter(fn: (r) => r._measurement == "audit_event" and r._field == "sequence")
        |> group(columns: ["eventId"]) |> count() |> group() |> keep(columns: ["eventId", "_value"])`);
      const rows = [...csv.matchAll(/^,_result,\d+,(\d+),([0-9a-f-]{36})\r?$/gm)];
      return new Map(rows.map(([, count, id = '']) => [id, Number(count)]));
    },
    remove: () => server.remove(),
  };
}

function countsOf(ids: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1);
  return counts;
}

async function killUnderLoad(t: TestContext, influxdb: Influxdb): Promise<void> {
  const files = { maxBatchSize: 500, writeFrequency: 50 };
  const home = createHome({
    destination: `    destination: ${JSON.stringify({
      enable: true,
      type: 'influxdb, parquet, qvd, json',
      influxdb: { host: '127.0.0.1', ...files, ...influxdb.settings },
      parquet: { exportDirectory: 'parquet', ...files },
      qvd: { exportDirectory: 'qvd', ...files },
      json: { objectdata: { enable: true, exportDirectory: 'objectdata' } },
    })}\n`,
  });
  t.after(() => home.remove());
  const acknowledged = new Set<string>();
  const withObjectData = new Set<string>();
  let sent = 0;
  const next = () => {
    if (sent++ % OBJECT_DATA_EVERY !== 0) return envelope();
    const { payload, ...event } = envelope({ type: 'object.visibility.changed' });
    withObjectData.add(String(event.eventId));
    const { context } = payload as { readonly context: object };
    return { ...event, payload: { context, event: { objectId: 'x', objectData: { measures: [sent] } } } };
  };
  for (let round = 0; round < ROUNDS; round++) {
    const server = await startServer(home);
    const ended = new AbortController();
    const clients = load(server.url, 16, ended.signal, acknowledged, next);
    await new Promise((resolve) => setTimeout(resolve, 150 + Math.random() * 500));
    await server.kill();
    ended.abort();
    await clients;
  }
  const server = await startServer(home);
  await eventually(async () => ((await lags(server)).every((lag) => lag === 0) ? true : undefined), 60_000);
  assert.equal(await server.stop(), 0, server.output());
  assert.ok(acknowledged.size > 1000, `too little load to mean anything: ${acknowledged.size}`);

  const parquet = await countsByEventId(home.parquet);
  for (const counts of [parquet, await qvdCountsByEventId(join(home.root, 'qvd')), await influxdb.countsByEventId()]) {
    const lost = [...acknowledged].filter((id) => !counts.has(id));
    const doubled = [...counts].filter(([, count]) => count > 1);
    assert.deepEqual({ lost: lost.length, doubled: doubled.length }, { lost: 0, doubled: 0 });
    // what was written and not yet acknowledged at a kill is everywhere or nowhere
    assert.deepEqual([...counts.keys()].sort(), [...parquet.keys()].sort());
  }
  const jsonFiles = readdirSync(home.objectData).map((name) => join(home.objectData, name));
  const inJson = countsOf(jsonFiles.map((path) => String(JSON.parse(readFileSync(path, 'utf8')).eventId)));
  const expected = [...parquet.keys()].filter((id) => withObjectData.has(id));
  assert.deepEqual([...inJson.keys()].sort(), expected.sort());
  assert.ok([...inJson.values()].every((count) => count === 1));
}

async function lags({ viewerUrl }: RunningServer): Promise<readonly number[]> {
  const { destinations } = (await (await fetch(`${viewerUrl}/api/v1/status`)).json()) as {
    readonly destinations: readonly { readonly lagEvents: number }[];
  };
  assert.equal(destinations.length, 4);
  return destinations.map(({ lagEvents }) => lagEvents);
}

for (const [name, tool, start] of [
  ['InfluxDB 1', INFLUXDB_ONE, influxdbOne],
  ['InfluxDB 2', INFLUXDB_TWO, influxdbTwo],
] as const) {
  test(`all destinations at once, with a real ${name}, kill -9 ten times under load: nothing lost, each event once`, {
    skip: skipWithout(tool),
  }, async (t) => {
    const influxdb = await start();
    t.after(() => influxdb.remove());
    await killUnderLoad(t, influxdb);
  });
}
