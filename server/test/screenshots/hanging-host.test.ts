import assert from 'node:assert/strict';
import { readFileSync, statfsSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { envelope, postEvent } from '../support/audit-client.ts';
import { parquetRows } from '../support/parquet-rows.ts';
import { startQlikStandIn } from '../support/qlik-stand-in.ts';
import { eventually, startServer } from '../support/running-server.ts';
import { chartPicture, createScreenshotHome, screenshotEvent } from './screenshot-home.ts';

test('a host that hangs delays its own events only; once it is back each of them has its picture', async (t) => {
  const hanging = await startQlikStandIn({ requireLogin: false });
  t.after(() => hanging.close());
  const other = await startQlikStandIn({ requireLogin: false });
  t.after(() => other.close());
  const home = createScreenshotHome(hanging, { writeFrequency: 0, screenshots: ['downloadTimeoutMs: 1500'] });
  t.after(() => home.remove());
  writeFileSync(home.configFile, readFileSync(home.configFile, 'utf8').replace('mode: userTicket', 'mode: none'));
  const picture = await chartPicture(1);
  const waiting = 20;
  for (let i = 0; i < waiting; i++) {
    hanging.setImage(`tempcontent/${i}.png`, picture);
    hanging.setBehaviour(`tempcontent/${i}.png`, 'hang');
  }
  other.setImage('tempcontent/x.png', picture);
  const server = await startServer(home);
  t.after(() => server.kill());
  for (let i = 0; i < waiting; i++) {
    const event = screenshotEvent(hanging.imageUrl(`tempcontent/${i}.png`, { http: true }), 'LAB\\anna');
    assert.equal((await postEvent(server.url, event)).status, 202);
  }
  await eventually(() => hanging.requests().length > 0 || undefined);
  for (let round = 0; round < 4; round++) {
    const others = [envelope(), screenshotEvent(other.imageUrl('tempcontent/x.png', { http: true }), 'LAB\\jörgen')];
    for (const event of others) assert.equal((await postEvent(server.url, event)).status, 202);
    const sent = performance.now();
    await eventually(async () => {
      const ids = new Set((await parquetRows(home.parquet)).map(({ eventId }) => eventId));
      return others.every(({ eventId }) => ids.has(eventId)) || undefined;
    });
    assert.ok(performance.now() - sent < 3000, `${performance.now() - sent} ms`);
    await new Promise((resolve) => setTimeout(resolve, 700));
  }
  assert.equal((await parquetRows(home.parquet)).length, 8);
  for (let i = 0; i < waiting; i++) hanging.setBehaviour(`tempcontent/${i}.png`, undefined);
  const rows = await eventually(async () => {
    const found = await parquetRows(home.parquet);
    return found.length === 8 + waiting ? found : undefined;
  }, 40_000);
  const saved = rows.filter(({ tags }) => JSON.parse(String(tags)).screenshotStatus === 'saved');
  assert.equal(saved.length, waiting + 4);
  assert.equal(await server.stop(), 0);
});

test('rule 8: with the disk nearly full no picture is fetched; with space again it comes', async (t) => {
  const qlik = await startQlikStandIn();
  t.after(() => qlik.close());
  const home = createScreenshotHome(qlik, { writeFrequency: 0 });
  t.after(() => home.remove());
  qlik.setImage('tempcontent/a.png', await chartPicture(1));
  qlik.setBehaviour('tempcontent/a.png', 'hang', { beforeLogin: true });
  const before = await startServer(home);
  t.after(() => before.kill());
  assert.equal(
    (await postEvent(before.url, screenshotEvent(qlik.imageUrl('tempcontent/a.png'), 'LAB\\anna'))).status,
    202,
  );
  await eventually(() => qlik.requests().some(({ path }) => path.includes('a.png')) || undefined);
  assert.equal(await before.stop(), 0);
  qlik.setBehaviour('tempcontent/a.png', undefined);
  const asked = qlik.requests().length;

  const config = readFileSync(home.configFile, 'utf8');
  const { bavail, bsize } = statfsSync(home.root);
  const tooMuch = `minFreeBytes: ${bavail * bsize + 1024 ** 4}`;
  writeFileSync(home.configFile, config.replace('directory: log\n', `directory: log\n      ${tooMuch}\n`));
  const full = await startServer(home);
  t.after(() => full.kill());
  await eventually(async () => {
    const status = (await (await fetch(`${full.viewerUrl}/api/v1/status`)).json()) as {
      screenshots: { state: string };
    };
    return status.screenshots.state === 'paused' || undefined;
  });
  await new Promise((resolve) => setTimeout(resolve, 2500));
  assert.equal(
    qlik
      .requests()
      .slice(asked)
      .filter(({ path }) => path.includes('a.png')).length,
    0,
  );
  assert.equal(await full.stop(), 0);

  writeFileSync(home.configFile, config);
  const after = await startServer(home);
  t.after(() => after.kill());
  const row = await eventually(async () => (await parquetRows(home.parquet))[0]);
  assert.equal(JSON.parse(String(row.tags)).screenshotStatus, 'saved');
  assert.equal(await after.stop(), 0);
});
