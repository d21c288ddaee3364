import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { postEvent } from '../support/audit-client.ts';
import { parquetRows } from '../support/parquet-rows.ts';
import { startQlikStandIn } from '../support/qlik-stand-in.ts';
import { eventually, runCommand, startServer } from '../support/running-server.ts';
import { chartPicture, createScreenshotHome, screenshotEvent } from './screenshot-home.ts';

test('rule 14: "screenshots retry" fetches what failed, and each late picture is a row of its own, once', async (t) => {
  const qlik = await startQlikStandIn();
  t.after(() => qlik.close());
  const home = createScreenshotHome(qlik, { writeFrequency: 0, screenshots: ['maxWaitMs: 500'] });
  t.after(() => home.remove());
  const server = await startServer(home);
  t.after(() => server.kill());
  const missing = screenshotEvent(qlik.imageUrl('tempcontent/late.png'), 'LAB\\anna');
  const elsewhere = screenshotEvent('https://elsewhere.example/tempcontent/x.png', 'LAB\\anna');
  for (const event of [missing, elsewhere]) assert.equal((await postEvent(server.url, event)).status, 202);
  const rows = await eventually(async () => {
    const found = await parquetRows(home.parquet);
    return found.length === 2 ? found : undefined;
  });
  const reasonOf = ({ eventId }: Record<string, unknown>) =>
    JSON.parse(String(rows.find((row) => row.eventId === eventId)?.tags)).screenshotReason;
  assert.deepEqual([reasonOf(missing), reasonOf(elsewhere)], ['expired: not-found', 'host-not-allowed']);

  const list = await runCommand(home, ['screenshots', 'list', '--json']);
  assert.equal(list.code, 0, list.stderr);
  const listed = list.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual(
    listed.map(({ eventId, state, reason }) => [eventId, state, reason]).sort(),
    [
      [missing.eventId, 'failed', 'expired: not-found'],
      [elsewhere.eventId, 'failed', 'host-not-allowed'],
    ].sort(),
  );

  const picture = await chartPicture(1);
  qlik.setImage('tempcontent/late.png', picture);
  const retried = await runCommand(home, ['screenshots', 'retry', '--failed']);
  assert.equal(retried.code, 0, retried.stderr);
  assert.match(retried.stdout, /1 pictures? saved, 1 events? .*without/);
  assert.match(retried.stdout, /host-not-allowed/);
  const late = await eventually(async () =>
    (await parquetRows(home.parquet)).find(({ eventType }) => eventType === 'server.screenshot.saved'),
  );
  assert.equal(late.correlationId, missing.correlationId);
  assert.notEqual(late.eventId, missing.eventId);
  const [path = ''] = JSON.parse(String(late.screenshotSavedPaths)) as string[];
  assert.deepEqual(readFileSync(path), picture);

  // with no server running, the command does it itself; what has its picture is left alone
  assert.equal(await server.stop(), 0);
  const again = await runCommand(home, ['screenshots', 'retry', '--since', '1']);
  assert.equal(again.code, 0, again.stderr);
  assert.match(again.stdout, /0 pictures saved, 1 event/);
  const after = await runCommand(home, ['screenshots', 'retry', '--since', '2999-01-01']);
  assert.match(after.stdout, /No event is without its picture/);
  assert.equal((await parquetRows(home.parquet)).length, 3);
  assert.deepEqual(qlik.sessions(), []);
});

test('"screenshots retry" says why it can do nothing where screenshots are switched off', async (t) => {
  const qlik = await startQlikStandIn();
  t.after(() => qlik.close());
  const home = createScreenshotHome(qlik, { screenshots: ['maxConcurrent: 2'] });
  t.after(() => home.remove());
  const text = readFileSync(home.configFile, 'utf8').replace(
    'screenshots:\n      enable: true',
    'screenshots:\n      enable: false',
  );
  writeFileSync(home.configFile, text);
  const server = await startServer(home);
  t.after(() => server.kill());
  const retried = await runCommand(home, ['screenshots', 'retry']);
  assert.notEqual(retried.code, 0);
  assert.match(retried.stderr, /screenshots\.enable is false/);
  assert.equal(await server.stop(), 0);
});
