import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countsByEventId, parquetRows } from './support/parquet-rows.ts';
import { createHome, runCommand, startServer } from './support/running-server.ts';

test('simulate: every event is acknowledged and delivered; a second run with the same seed adds nothing', async (t) => {
  const home = createHome({ writeFrequency: 50 });
  t.after(() => home.remove());
  const server = await startServer(home);
  t.after(() => server.kill());
  const simulate = (...more: string[]) =>
    runCommand(home, ['simulate', '--url', server.url, '--rate', '200', '--duration', '1', '--seed', '5', ...more]);
  for (const run of [await simulate(), await simulate('--batch', '50')]) {
    assert.equal(run.code, 0, run.stdout + run.stderr);
    assert.match(run.stdout, /200 of 200 events acknowledged/);
  }
  assert.equal(await server.stop(), 0, server.output());
  const counts = await countsByEventId(home.parquet);
  assert.deepEqual([counts.size, ...new Set(counts.values())], [200, 1]);
  const columns = 'timestamp, userId, appName, eventType, selectionTxnId, durationMs';
  const rows = await parquetRows(home.parquet, columns);
  assert.equal(rows.length, 200);
  for (const row of rows) {
    assert.match(String(row.userId), /^UserDirectory=\w+; UserId=./);
    assert.notEqual(row.appName, null);
    if (row.eventType === 'object.view.duration') assert.ok(Number(row.durationMs) >= 0);
  }
  assert.ok(new Set(rows.map((row) => row.eventType)).size >= 5);
});

test('simulate: an end with a sentence when there is no server', async (t) => {
  const home = createHome();
  t.after(() => home.remove());
  const run = await runCommand(home, ['simulate', '--url', 'http://127.0.0.1:1', '--duration', '1']);
  assert.equal(run.code, 1);
  assert.match(run.stderr, /No server answers at http:\/\/127\.0\.0\.1:1.*npm start/s);
  assert.doesNotMatch(run.stderr, /\n {4}at /);
});
