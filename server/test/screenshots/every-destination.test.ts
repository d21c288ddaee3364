import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { postEvent } from '../support/audit-client.ts';
import { InfluxdbStandIn } from '../support/influxdb-stand-in.ts';
import { parquetRows } from '../support/parquet-rows.ts';
import { startQlikStandIn } from '../support/qlik-stand-in.ts';
import { qvdColumn, qvdFiles } from '../support/qvd-rows.ts';
import { eventually, runCommand, startServer } from '../support/running-server.ts';
import { chartPicture, createScreenshotHome, screenshotEvent } from './screenshot-home.ts';

test('rule 14: every destination gets the paths with the event, and a late picture as a row of its own', async (t) => {
  const qlik = await startQlikStandIn();
  t.after(() => qlik.close());
  const influxdb = new InfluxdbStandIn(2);
  await influxdb.up();
  t.after(() => influxdb.down());
  const home = createScreenshotHome(qlik, {
    screenshots: ['maxWaitMs: 500'],
    destination: `    destination:
      enable: true
      type: parquet, qvd, json, influxdb
      parquet: {exportDirectory: parquet, writeFrequency: 0}
      qvd: {exportDirectory: qvd, writeFrequency: 0}
      json: {objectdata: {enable: true, exportDirectory: objectdata}}
      influxdb:
        host: 127.0.0.1
        port: ${influxdb.port}
        version: 2
        maxBatchSize: 1
        v2Config: {org: '${influxdb.org}', bucket: audit, token: '${influxdb.token}'}
`,
  });
  t.after(() => home.remove());
  qlik.setImage('tempcontent/a.png', await chartPicture(1));
  const server = await startServer(home);
  t.after(() => server.kill());
  const saved = screenshotEvent(qlik.imageUrl('tempcontent/a.png'), 'LAB\\anna');
  const late = screenshotEvent(qlik.imageUrl('tempcontent/b.png'), 'LAB\\anna');
  for (const event of [saved, late]) {
    const payload = event.payload as { event: Record<string, unknown> };
    payload.event.objectData = { objectType: 'barchart', dimensions: [] };
    assert.equal((await postEvent(server.url, event)).status, 202);
  }
  await eventually(async () => (await parquetRows(home.parquet)).length === 2 || undefined);
  qlik.setImage('tempcontent/b.png', await chartPicture(2));
  assert.equal((await runCommand(home, ['screenshots', 'retry'])).code, 0);

  const parquet = await eventually(async () => {
    const found = await parquetRows(home.parquet);
    return found.length === 3 ? found : undefined;
  });
  const pathsOf = (match: (row: Record<string, unknown>) => boolean) =>
    parquet.find(match)?.screenshotSavedPaths as string | null;
  const savedPaths = pathsOf(({ eventId }) => eventId === saved.eventId) ?? '';
  const latePaths = pathsOf(({ eventType }) => eventType === 'server.screenshot.saved') ?? '';
  assert.equal(
    pathsOf(({ eventId }) => eventId === late.eventId),
    null,
  );
  for (const path of [...JSON.parse(savedPaths), ...JSON.parse(latePaths)]) assert.ok(existsSync(path), path);
  const expected = [savedPaths, null, latePaths].sort();

  const folder = join(home.root, 'qvd');
  const qvd = await eventually(async () => {
    const columns = await Promise.all(qvdFiles(folder).map((path) => qvdColumn(path, 'screenshotSavedPaths')));
    return columns.flat().length === 3 ? columns.flat() : undefined;
  });
  assert.deepEqual(qvd.map((value) => (value === null ? null : String(value))).sort(), expected);

  const points = await eventually(() => (influxdb.points.size === 3 ? [...influxdb.points.values()] : undefined));
  assert.deepEqual(influxdb.complaints, []);
  assert.deepEqual(points.map(({ fields }) => fields.get('screenshotSavedPaths')?.value ?? null).sort(), expected);
  const latePoint = points.find(({ tags }) => tags.get('eventType') === 'server.screenshot.saved');
  assert.equal(latePoint?.tags.get('correlationId'), late.correlationId);
  const statusOf = (event: Record<string, unknown>) => {
    const fields = points.find(({ tags }) => tags.get('eventId') === event.eventId)?.fields;
    return [fields?.get('screenshotStatus')?.value, fields?.get('screenshotReason')?.value];
  };
  assert.deepEqual(statusOf(saved), ['saved', undefined]);
  assert.deepEqual(statusOf(late), ['failed', 'expired: not-found'], 'the reason stands with the point, too');

  const files = await eventually(() => {
    const names = existsSync(home.objectData)
      ? readdirSync(home.objectData).filter((name) => name.endsWith('.json'))
      : [];
    return names.length === 2 ? names : undefined;
  });
  const objectData = files.map((name) => JSON.parse(readFileSync(join(home.objectData, name), 'utf8')));
  const ofSaved = objectData.find(({ eventId }) => eventId === saved.eventId);
  assert.deepEqual(ofSaved.screenshotSavedPaths, JSON.parse(savedPaths));
  assert.equal(await server.stop(), 0);
});
