import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import sharp from 'sharp';
import { postEvent } from '../support/audit-client.ts';
import { parquetRows } from '../support/parquet-rows.ts';
import { startQlikStandIn } from '../support/qlik-stand-in.ts';
import { eventually, startServer } from '../support/running-server.ts';
import { chartPicture, createScreenshotHome, screenshotEvent } from './screenshot-home.ts';

test('rules 2, 14: an event is delivered with its pictures, which are on disk by then; sessions end with the server', async (t) => {
  const qlik = await startQlikStandIn();
  t.after(() => qlik.close());
  const home = createScreenshotHome(qlik, { writeFrequency: 0 });
  t.after(() => home.remove());
  const original = await chartPicture(1);
  qlik.setImage('tempcontent/a.png', original);
  const server = await startServer(home);
  t.after(() => server.kill());
  const event = screenshotEvent(qlik.imageUrl('tempcontent/a.png'), 'LAB\\anna');
  assert.equal((await postEvent(server.url, event)).status, 202);
  const row = await eventually(async () => (await parquetRows(home.parquet))[0]);
  const paths = JSON.parse(String(row.screenshotSavedPaths)) as string[];
  const base = `${String(event.timestamp).replaceAll(/[-:]/g, '')}_${event.eventId}_${event.correlationId}`;
  assert.deepEqual(
    paths.map((path) => basename(path)),
    [`${base}.png`, `${base}_metadata.png`],
    server.output(),
  );
  assert.equal(String(paths[0]), join(home.root, 'pictures', `${base}.png`));
  assert.deepEqual(readFileSync(paths[0] ?? ''), original);
  const annotated = await sharp(paths[1]).metadata();
  assert.ok((annotated.height ?? 0) > 200 && (annotated.width ?? 0) >= 320);
  assert.equal(JSON.parse(String(row.tags)).screenshotStatus, 'saved');

  const log = readdirSync(home.log)
    .filter((name) => name.endsWith('.ndjson'))
    .map((name) => readFileSync(join(home.log, name), 'utf8'))
    .join('');
  const record = log.split('\n').find((line) => line.includes('"type":"server.screenshot.saved"')) ?? '';
  const [seen] = JSON.parse(record).envelope.payload.files;
  assert.deepEqual(
    [seen.role, seen.sha256, seen.bytes, seen.width, seen.height],
    ['seen', createHash('sha256').update(original).digest('hex'), original.length, 320, 200],
  );
  const status = (await (await fetch(`${server.viewerUrl}/api/v1/status`)).json()) as {
    screenshots: Record<string, unknown>;
  };
  assert.equal(status.screenshots.state, 'running');
  assert.equal(status.screenshots.saved, 1);
  const metrics = await (await fetch(`${server.viewerUrl}/metrics`)).text();
  assert.match(metrics, /butler_sos_audit_screenshots_saved_total\{late="false"\} 1/);

  assert.equal(qlik.sessions().length, 1);
  assert.equal(await server.stop(), 0);
  assert.deepEqual(qlik.sessions(), []);
  const secrets = qlik
    .requests()
    .flatMap(({ path, headers }) => [
      /qlikTicket=([^&]+)/i.exec(path)?.[1] ?? '',
      /X-Qlik-Session=([^;]+)/i.exec(headers.cookie ?? '')?.[1] ?? '',
    ]);
  for (const secret of secrets.filter((text) => text !== '')) {
    assert.ok(!(server.output() + log + JSON.stringify(row.tags)).includes(secret), 'a secret stands in log or output');
  }
});

test('rule 14: with screenshots switched off, what still waits is delivered as disabled, and new events await nothing', async (t) => {
  const qlik = await startQlikStandIn();
  t.after(() => qlik.close());
  const home = createScreenshotHome(qlik, { writeFrequency: 0 });
  t.after(() => home.remove());
  qlik.setBehaviour('tempcontent/a.png', 'hang');
  const first = await startServer(home);
  t.after(() => first.kill());
  const waiting = screenshotEvent(qlik.imageUrl('tempcontent/a.png'), 'LAB\\anna');
  assert.equal((await postEvent(first.url, waiting)).status, 202);
  await eventually(() => qlik.requests().some(({ path }) => path.includes('a.png')) || undefined);
  assert.equal(await first.stop(), 0, first.output());
  assert.deepEqual(await parquetRows(home.parquet), []);

  const { configFile } = home;
  writeFileSync(
    configFile,
    readFileSync(configFile, 'utf8').replace('screenshots:\n      enable: true', 'screenshots:\n      enable: false'),
  );
  const second = await startServer(home);
  t.after(() => second.kill());
  const later = screenshotEvent(qlik.imageUrl('tempcontent/b.png'), 'LAB\\anna');
  assert.equal((await postEvent(second.url, later)).status, 202);
  const rows = await eventually(async () => {
    const found = await parquetRows(home.parquet);
    return found.length === 2 ? found : undefined;
  });
  const tagsOf = (event: Record<string, unknown>) =>
    JSON.parse(String(rows.find(({ eventId }) => eventId === event.eventId)?.tags)) as Record<string, unknown>;
  assert.deepEqual([tagsOf(waiting).screenshotStatus, tagsOf(waiting).screenshotReason], ['failed', 'disabled']);
  assert.equal('screenshotStatus' in tagsOf(later), false);
  assert.equal(await second.stop(), 0);
});
