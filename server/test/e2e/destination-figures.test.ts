import assert from 'node:assert/strict';
import { test } from 'node:test';
import { envelope, postEvent } from '../support/audit-client.ts';
import { createHome, eventually, runCommand, startServer } from '../support/running-server.ts';
import { ScriptedInfluxdb } from '../support/scripted-influxdb.ts';

interface Figures {
  readonly name: string;
  readonly state: string;
  readonly delivered: number;
  readonly rejected: number;
  readonly retried: number;
  readonly lagEvents: number;
  readonly lagSeconds: number;
  readonly lastError?: { readonly code: string; readonly message: string };
  readonly lastSuccessAt?: number;
}

test('status, metrics and the command line show how each destination is doing', async (t) => {
  const influxdb = new ScriptedInfluxdb();
  await influxdb.up();
  const home = createHome({
    destination: `    destination:
      enable: true
      type: influxdb, parquet
      influxdb:
        host: 127.0.0.1
        port: ${influxdb.port}
        version: 2
        writeFrequency: 0
        v2Config: { org: audit, bucket: audit, token: Secret-token }
      parquet:
        exportDirectory: parquet
        writeFrequency: 0
`,
  });
  const server = await startServer(home);
  t.after(async () => {
    await server.kill();
    await influxdb.down();
    home.remove();
  });
  const figuresOf = async (name: string): Promise<Figures> => {
    const { destinations } = (await (await fetch(`${server.viewerUrl}/api/v1/status`)).json()) as {
      readonly destinations: readonly Figures[];
    };
    const found = destinations.find((one) => one.name === name);
    assert.ok(found !== undefined);
    return found;
  };
  const metric = async (name: string, labels: string): Promise<number> => {
    const text = await (await fetch(`${server.viewerUrl}/metrics`)).text();
    const line = text.split('\n').find((one) => one.startsWith(`butler_sos_audit_destination_${name}{${labels}}`));
    assert.ok(line !== undefined, `${name}{${labels}} is missing`);
    return Number(line.split(' ').at(-1));
  };
  const commandLine = async () => {
    const { stdout } = await runCommand(home, ['status', '--json']);
    return (JSON.parse(stdout) as { readonly destinations: readonly Figures[] }).destinations;
  };

  influxdb.answer = () => ({ status: 503, body: { code: 'unavailable', message: 'compacting' } });
  for (let i = 0; i < 3; i++) assert.equal((await postEvent(server.url, envelope())).status, 202);
  assert.equal((await postEvent(server.url, envelope({ correlationId: 'poison' }))).status, 202);
  const behind = await eventually(async () => {
    const figures = await figuresOf('influxdb');
    return figures.retried >= 2 && figures.lagEvents >= 4 && figures.lagSeconds > 0 ? figures : undefined;
  });
  assert.equal(behind.delivered, 0);
  assert.equal(behind.lastSuccessAt, undefined);
  assert.equal(behind.lastError?.code, 'INFLUXDB_FAILED');
  assert.match(behind.lastError?.message ?? '', /503 \(compacting\)/);
  assert.ok((await metric('retries_total', 'destination="influxdb"')) >= 2);
  assert.ok((await metric('lag_events', 'destination="influxdb"')) >= 4);
  assert.ok((await metric('lag_seconds', 'destination="influxdb"')) > 0);
  assert.equal(await metric('last_success_timestamp_seconds', 'destination="influxdb"'), 0);
  assert.ok((await metric('last_error_timestamp_seconds', 'destination="influxdb",code="INFLUXDB_FAILED"')) > 1.7e9);
  const told = (await commandLine()).find(({ name }) => name === 'influxdb');
  assert.ok(told !== undefined && told.lagEvents >= 4 && told.lagSeconds > 0 && told.retried >= 2);
  await eventually(async () => ((await figuresOf('parquet')).lagEvents === 0 ? true : undefined));

  influxdb.answer = (lines) =>
    lines.some((line) => line.includes('poison')) ? { status: 400, body: { message: 'bad' } } : undefined;
  const settled = await eventually(async () => {
    const figures = await figuresOf('influxdb');
    return figures.lagEvents === 0 ? figures : undefined;
  });
  assert.deepEqual([settled.delivered, settled.rejected, settled.lagSeconds, settled.state], [3, 1, 0, 'idle']);
  assert.ok((settled.lastSuccessAt ?? 0) > Date.now() - 60_000);
  assert.equal(await metric('delivered_total', 'destination="influxdb"'), 3);
  assert.equal(await metric('rejected_total', 'destination="influxdb"'), 1);
  assert.ok((await metric('last_success_timestamp_seconds', 'destination="influxdb"')) > Date.now() / 1000 - 60);
  assert.equal(await metric('delivered_total', 'destination="parquet"'), 4);
  for (const figures of await commandLine()) {
    assert.deepEqual([figures.lagEvents, figures.lagSeconds], [0, 0], figures.name);
    assert.equal(figures.delivered + figures.rejected, 4, figures.name);
    assert.ok(figures.lastSuccessAt !== undefined);
  }
  const { stdout } = await runCommand(home, ['status']);
  assert.match(stdout, /lag +behind by +delivered +rejected +retried +dead letters +last success +last error/);
  assert.match(stdout, /influxdb +current .* 3 +1 +\d+ +1 +\d{4}-.*503 \(compacting\)/);
  assert.doesNotMatch(stdout + server.output(), /Secret-token/);
});
