import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { test } from 'node:test';
import { envelope, postEvent } from '../support/audit-client.ts';
import { findTool, INFLUXDB_ONE, skipWithout } from '../support/external-tools.ts';
import { ADMIN, InfluxdbOne, type InfluxRow } from '../support/influxdb-one.ts';
import { InfluxdbStandIn } from '../support/influxdb-stand-in.ts';
import { createHome, eventually, startServer } from '../support/running-server.ts';

const INTEGERS = [
  ...['queue_size', 'queue_max_size', 'queue_running', 'messages_received', 'messages_queued', 'messages_processed'],
  ...['messages_failed', 'messages_dropped_total', 'messages_dropped_rate_limit', 'messages_dropped_queue_full'],
  ...['messages_dropped_size', 'rate_limit_current', 'backpressure_active'],
];
const FLOATS = ['queue_utilization_pct', 'processing_time_avg_ms', 'processing_time_p95_ms', 'processing_time_max_ms'];

const QUEUE = `    queue:
      rateLimit: {enable: true, maxMessagesPerMinute: 12}
      queueMetrics:
        influxdb:
          enable: true
          writeFrequency: 300
          tags: [{name: env, value: test}]
`;

async function post(url: string, events: number): Promise<readonly number[]> {
  const statuses: number[] = [];
  for (let i = 0; i < events; i++) statuses.push((await postEvent(url, envelope())).status);
  return statuses;
}

test('queue metrics in a real InfluxDB 1, through Butler-SOS.influxdbConfig, across an outage', {
  skip: skipWithout(INFLUXDB_ONE),
}, async (t) => {
  const influxdb = await InfluxdbOne.start(findTool(INFLUXDB_ONE) ?? '');
  t.after(() => influxdb.remove());
  const home = createHome({ extra: QUEUE });
  t.after(() => home.remove());
  appendFileSync(
    home.configFile,
    `  influxdbConfig:
    enable: true
    host: 127.0.0.1
    port: ${influxdb.port}
    version: 1
    v1Config:
      auth: {enable: true, username: ${ADMIN.username}, password: ${ADMIN.password}}
      dbName: SenseOps
      retentionPolicy: {name: 10d, duration: 10d}
`,
  );
  const server = await startServer(home);
  t.after(() => server.kill());
  const points = async () => influxdb.query('SELECT * FROM "10d".audit_events_queue', 'SenseOps').catch(() => []);
  const total = (rows: readonly InfluxRow[], field: string) => rows.reduce((sum, row) => sum + Number(row[field]), 0);
  const until = (received: number) =>
    eventually(async () => {
      const rows = await points();
      return total(rows, 'messages_received') >= received ? rows : undefined;
    });

  assert.deepEqual(await post(server.url, 10), Array(10).fill(202));
  await until(10);
  await influxdb.kill();
  assert.deepEqual(await post(server.url, 4), [202, 202, 429, 429]);
  await eventually(() => /Queue metrics could not be written/.test(server.output()) || undefined);
  await new Promise((resolve) => setTimeout(resolve, 700)); // more than one interval fails
  await influxdb.up();
  const rows = await until(14);
  assert.equal(server.output().match(/Queue metrics could not be written/g)?.length, 1, 'one warning a minute');
  assert.match(server.output(), /INFLUXDB_UNREACHABLE/);
  assert.doesNotMatch(server.output(), new RegExp(ADMIN.password));
  await eventually(() => /Queue metrics are written again/.test(server.output()) || undefined);

  for (const [field, sum] of Object.entries({ received: 14, queued: 12, processed: 12, failed: 0 })) {
    assert.equal(total(rows, `messages_${field}`), sum, field);
  }
  assert.equal(total(rows, 'messages_dropped_total'), 2);
  assert.equal(total(rows, 'messages_dropped_rate_limit'), 2);
  assert.ok(rows.every((row) => row.host === hostname() && row.queue_type === 'audit_events' && row.env === 'test'));
  assert.ok(rows.every((row) => row.queue_max_size === '200'));
  assert.ok(rows.some((row) => Number(row.processing_time_max_ms) > 0));

  const types = await influxdb.query('SHOW FIELD KEYS ON SenseOps FROM "10d".audit_events_queue', 'SenseOps');
  assert.deepEqual(
    types.map(({ fieldKey, fieldType }) => `${fieldKey} ${fieldType}`).sort(),
    [...INTEGERS.map((name) => `${name} integer`), ...FLOATS.map((name) => `${name} float`)].sort(),
  );
  assert.equal(await server.stop(), 0, server.output());
});

for (const version of [2, 3] as const) {
  test(`queue metrics through the connection of the audit destination, InfluxDB ${version}; the rest at the stop`, async (t) => {
    const influxdb = new InfluxdbStandIn(version);
    await influxdb.up();
    t.after(() => influxdb.down());
    influxdb.databases.add('audit');
    const settings =
      version === 2
        ? `v2Config: {org: '${influxdb.org}', bucket: audit, token: '${influxdb.token}'}`
        : `v3Config: {database: audit, token: '${influxdb.token}'}`;
    // the destination need not be in use
    const home = createHome({
      extra: `${QUEUE.replace('writeFrequency: 300', 'writeFrequency: 3600000\n          measurementName: my queue')}`,
      destination: `    destination:
      enable: true
      type: parquet
      parquet: {exportDirectory: parquet}
      influxdb: {host: 127.0.0.1, port: ${influxdb.port}, version: ${version}, ${settings}}
`,
    });
    t.after(() => home.remove());
    const server = await startServer(home);
    t.after(() => server.kill());
    assert.deepEqual(await post(server.url, 3), [202, 202, 202]);
    assert.equal(await server.stop(), 0, server.output());
    assert.equal(influxdb.points.size, 1, server.output());
    const [point] = influxdb.points.values();
    assert.equal(point?.measurement, 'my queue');
    assert.deepEqual(Object.fromEntries(point?.tags ?? []), {
      env: 'test',
      host: hostname(),
      queue_type: 'audit_events',
    });
    assert.deepEqual([...(point?.fields.keys() ?? [])].sort(), [...INTEGERS, ...FLOATS].sort());
    assert.ok(INTEGERS.every((name) => point?.fields.get(name)?.type === 'integer'));
    assert.ok(FLOATS.every((name) => point?.fields.get(name)?.type === 'float'));
    assert.equal(String(point?.fields.get('messages_processed')?.value), '3');
    assert.deepEqual(influxdb.complaints, []);
  });
}
