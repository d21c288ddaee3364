import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { Agent } from 'node:http';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { envelope, postEvent } from '../support/audit-client.ts';
import { parquetRows } from '../support/parquet-rows.ts';
import { startQlikStandIn } from '../support/qlik-stand-in.ts';
import { eventually, startServer } from '../support/running-server.ts';
import { chartPicture, createScreenshotHome, screenshotEvent } from './screenshot-home.ts';

const USERS = 20;
const SCREENSHOTS = { count: 200, perSecond: 20 };
const ORDINARY = { count: 5000, perSecond: 500 };
/** Before it, without pictures: what this machine needs at this moment, and the server's own warming up. */
const ALONE = { count: 1500, perSecond: 500 };
const LIMIT_MS = 2000;

/** Posts at fixed times, whatever the server does. @returns when each event was acknowledged, by id */
async function postAtRate(
  rate: { readonly count: number; readonly perSecond: number },
  post: (i: number) => Promise<string>,
): Promise<Map<string, number>> {
  const acknowledged = new Map<string, number>();
  const underWay: Promise<unknown>[] = [];
  const began = performance.now();
  for (let i = 0; i < rate.count; i++) {
    const earlyMs = began + (i * 1000) / rate.perSecond - performance.now();
    if (earlyMs > 0) await sleep(earlyMs);
    underWay.push(post(i).then((id) => acknowledged.set(id, Date.now())));
  }
  await Promise.all(underWay);
  return acknowledged;
}

test('20 pictures/s of 20 users delay no ordinary event: each is in Parquet within 2 s of its 202, one session per user', async (t) => {
  const qlik = await startQlikStandIn();
  t.after(() => qlik.close());
  const home = createScreenshotHome(qlik, { writeFrequency: 400, maxBatchSize: 1000 });
  t.after(() => home.remove());
  for (let i = 0; i < USERS; i++) qlik.setImage(`tempcontent/${i}.png`, await chartPicture(i, 550, 300));
  const server = await startServer(home);
  t.after(() => server.kill());
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  t.after(() => agent.destroy());
  const post = async (event: Record<string, unknown>) => {
    assert.equal((await postEvent(server.url, event, agent)).status, 202);
    return String(event.eventId);
  };
  const alone = await postAtRate(ALONE, () => post(envelope()));
  const [ordinary, pictures] = await Promise.all([
    postAtRate(ORDINARY, () => post(envelope())),
    postAtRate(SCREENSHOTS, (i) =>
      post(screenshotEvent(qlik.imageUrl(`tempcontent/${i % USERS}.png`), `LAB\\user${i % USERS}`)),
    ),
  ]);
  const rows = await eventually(async () => {
    const found = await parquetRows(home.parquet, 'eventId, tags, filename');
    return found.length >= ALONE.count + ORDINARY.count + SCREENSHOTS.count ? found : undefined;
  }, 60_000);
  assert.equal(new Set(rows.map(({ eventId }) => eventId)).size, rows.length);
  const slowest = (acknowledged: ReadonlyMap<string, number>) =>
    Math.max(
      ...rows.map(({ eventId, filename }) => {
        const at = acknowledged.get(String(eventId));
        return at === undefined ? 0 : statSync(String(filename)).mtimeMs - at;
      }),
    );
  const limit = Math.max(LIMIT_MS, 1.5 * slowest(alone));
  assert.ok(slowest(ordinary) <= limit, `${slowest(ordinary)} ms; without pictures ${slowest(alone)} ms`);
  for (const { eventId, tags } of rows) {
    if (pictures.has(String(eventId))) assert.equal(JSON.parse(String(tags)).screenshotStatus, 'saved');
  }
  for (let i = 0; i < USERS; i++) assert.equal(qlik.mostSessionsOf(`LAB\\user${i}`), 1);
  assert.equal(await server.stop(), 0);
  assert.deepEqual(qlik.sessions(), []);
});
