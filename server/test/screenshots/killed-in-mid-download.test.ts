import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { postEvent } from '../support/audit-client.ts';
import { parquetRows } from '../support/parquet-rows.ts';
import { startQlikStandIn } from '../support/qlik-stand-in.ts';
import { eventually, type RunningServer, startServer } from '../support/running-server.ts';
import { chartPicture, createScreenshotHome, screenshotEvent } from './screenshot-home.ts';

const KILLS = 10;

test('rules 14, 15: killed in mid-download ten times, each event ends once with its picture, and no session is left', async (t) => {
  const qlik = await startQlikStandIn();
  t.after(() => qlik.close());
  const home = createScreenshotHome(qlik, { writeFrequency: 0 });
  t.after(() => home.remove());
  const pictures = new Map<string, Buffer>();
  let server: RunningServer | undefined;
  t.after(() => server?.kill());
  const post = async (path: string) => {
    assert.ok(server);
    const picture = await chartPicture(pictures.size);
    qlik.setImage(path, picture);
    const event = screenshotEvent(qlik.imageUrl(path), 'LAB\\anna');
    pictures.set(String(event.eventId), picture);
    assert.equal((await postEvent(server.url, event)).status, 202);
    return String(event.eventId);
  };
  const isAsked = (path: string) => qlik.requests().some((request) => request.path.includes(path));
  for (let kill = 0; kill < KILLS; kill++) {
    server = await startServer(home);
    const first = await post(`tempcontent/first-${kill}.png`);
    // from here on there is a session, and the durable database knows it
    await eventually(() => {
      const path = join(home.root, 'pictures');
      return (existsSync(path) && readdirSync(path).some((name) => name.includes(first))) || undefined;
    });
    qlik.setBehaviour(`tempcontent/hangs-${kill}.png`, 'hang');
    await post(`tempcontent/hangs-${kill}.png`);
    await eventually(() => isAsked(`hangs-${kill}`) || undefined);
    for (let i = 0; i < 3; i++) await post(`tempcontent/more-${kill}-${i}.png`);
    // in the middle of saving, or of recording, of the others
    await new Promise((resolve) => setTimeout(resolve, kill * 9));
    await server.kill();
    qlik.setBehaviour(`tempcontent/hangs-${kill}.png`, undefined);
  }
  const left = new Set(qlik.sessions().map(({ id }) => id));
  server = await startServer(home);
  const rows = await eventually(async () => {
    const found = await parquetRows(home.parquet);
    return found.length >= pictures.size ? found : undefined;
  }, 30_000);
  await eventually(() => qlik.sessions().every(({ id }) => !left.has(id)) || undefined);
  assert.deepEqual(rows.map(({ eventId }) => String(eventId)).sort(), [...pictures.keys()].sort());
  const expected = new Set<string>();
  for (const { eventId, screenshotSavedPaths } of rows) {
    const paths = JSON.parse(String(screenshotSavedPaths)) as string[];
    assert.equal(paths.length, 2, server.output());
    assert.deepEqual(readFileSync(paths[0] ?? ''), pictures.get(String(eventId)));
    for (const path of paths) expected.add(path);
  }
  assert.equal(qlik.mostSessionsOf('LAB\\anna') <= 2, true, `${qlik.mostSessionsOf('LAB\\anna')} sessions at a time`);
  assert.equal(await server.stop(), 0);
  assert.deepEqual(qlik.sessions(), []);
  const files = readdirSync(join(home.root, 'pictures')).map((name) => join(home.root, 'pictures', name));
  assert.deepEqual(files.sort(), [...expected].sort(), 'the same names after a crash, and nothing half-written');
});
