import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { chartPicture, createScreenshotHome, screenshotEvent } from '../screenshots/screenshot-home.ts';
import { postEvent } from '../support/audit-client.ts';
import { STRACE, skipWithout } from '../support/external-tools.ts';
import { InfluxdbStandIn } from '../support/influxdb-stand-in.ts';
import { parquetRows } from '../support/parquet-rows.ts';
import { startQlikStandIn } from '../support/qlik-stand-in.ts';
import { qvdColumn, qvdFiles } from '../support/qvd-rows.ts';
import { eventually, type RunningServer, type ServerHome, startServer } from '../support/running-server.ts';
import { tampered } from '../support/straced-server.ts';

/** Disk calls of one thread, counted from the start: of the log, of the pictures, of the files that are delivered. */
const STEPS: readonly { readonly calls: string; readonly when: number }[] = [
  ...[1, 2, 3, 4, 7].map((when) => ({ calls: '?link,linkat', when })),
  ...[1, 3].map((when) => ({ calls: '?unlink,unlinkat', when })),
  ...[10, 16, 22].map((when) => ({ calls: 'fsync,fdatasync', when })),
];

/** What a destination says of an event: paths, status, reason. */
type Said = readonly [id: string, paths: string | null, status: string | null, reason: string | null];

test('rule 14: killed while pictures are saved, recorded and delivered: each event ends once, alike in every destination', {
  skip: skipWithout(STRACE),
}, async (t) => {
  const { home, influxdb, post } = await world(t);
  const acknowledged = new Set<string>();
  const missed: string[] = [];
  const postFour = async (server: RunningServer) => {
    const posted = await Promise.all(Array.from({ length: 4 }, () => post(server)));
    for (const id of posted) if (id !== undefined) acknowledged.add(id);
  };
  // so that the first of them has something to do, although it may be killed before anything is posted
  const first = await startServer(home);
  await postFour(first);
  await first.kill();
  for (const { calls, when } of STEPS) {
    const options = tampered([{ calls, effect: 'signal=SIGKILL', when: `${when}+` }]);
    const server = await startServer(home, options).catch(() => undefined);
    if (server === undefined) continue;
    t.after(() => server.kill());
    const isOver = server.exit().then(() => true);
    await postFour(server);
    const isKilled = await Promise.race([isOver, new Promise((resolve) => setTimeout(resolve, 3000, false))]);
    if (isKilled !== true) missed.push(`${calls} ${when}`);
    await server.kill();
  }
  const server = await startServer(home);
  t.after(() => server.kill());
  await eventually(async () => (await isIdle(server)) || undefined, 30_000);
  assert.equal(await server.stop(), 0, server.output());

  assert.deepEqual(missed, [], 'never came to these');
  const said = await everythingSaid(home, influxdb);
  const parquet = said.parquet ?? [];
  assert.ok(acknowledged.size >= 6, `too few to mean anything: ${acknowledged.size}`);
  assert.deepEqual(
    [...acknowledged].filter((id) => parquet.filter((row) => row[0] === id).length !== 1),
    [],
    'lost or doubled',
  );
  for (const rows of Object.values(said)) assert.deepEqual([...rows].sort(), [...parquet].sort());
  for (const [, paths, status] of parquet) {
    assert.equal(status, 'saved');
    assert.equal(JSON.parse(paths ?? '[]').length, 4, 'in two folders');
  }
  const recorded = picturesInLog(home);
  for (const [path, sha256] of recorded) {
    assert.equal(createHash('sha256').update(readFileSync(path)).digest('hex'), sha256, path);
  }
  const files = ['pictures', 'dated'].flatMap((name) => filesBelow(join(home.root, name)));
  assert.deepEqual(files.sort(), [...recorded.keys()].sort(), 'nothing else is left');
  assert.deepEqual(parquet.flatMap(([, paths]) => JSON.parse(paths ?? '[]')).sort(), files.sort());
});

async function world(t: TestContext) {
  const qlik = await startQlikStandIn();
  t.after(() => qlik.close());
  const influxdb = new InfluxdbStandIn(2);
  await influxdb.up();
  t.after(() => influxdb.down());
  const atOnce = { writeFrequency: 0 };
  const home = createScreenshotHome(qlik, {
    destination: `    destination: ${JSON.stringify({
      enable: true,
      type: 'parquet, qvd, json, influxdb',
      parquet: { exportDirectory: 'parquet', ...atOnce },
      qvd: { exportDirectory: 'qvd', ...atOnce },
      json: { objectdata: { enable: true, exportDirectory: 'objectdata' } },
      influxdb: {
        ...{ host: '127.0.0.1', port: influxdb.port, version: 2, ...atOnce },
        v2Config: { org: influxdb.org, bucket: 'audit', token: influxdb.token },
      },
    })}\n`,
  });
  t.after(() => home.remove());
  const target = '{enable: true, type: flat, directory: pictures}';
  const both = `${target}\n        - {enable: true, type: dated, directory: dated}`;
  writeFileSync(home.configFile, readFileSync(home.configFile, 'utf8').replace(target, both));
  let number = 0;
  const post = async ({ url }: RunningServer) => {
    const path = `tempcontent/${++number}.png`;
    qlik.setImage(path, await chartPicture(number));
    const event = screenshotEvent(qlik.imageUrl(path), 'LAB\\anna');
    (event.payload as { event: Record<string, unknown> }).event.objectData = { dimensions: [number] };
    const reply = await postEvent(url, event).catch(() => undefined);
    return reply?.status === 202 ? String(event.eventId) : undefined;
  };
  return { home, influxdb, post };
}

async function isIdle({ viewerUrl }: RunningServer): Promise<boolean> {
  const { screenshots, destinations } = (await (await fetch(`${viewerUrl}/api/v1/status`)).json()) as {
    readonly screenshots: { readonly waiting: number | null };
    readonly destinations: readonly { readonly lagEvents: number }[];
  };
  return screenshots.waiting === 0 && destinations.every(({ lagEvents }) => lagEvents === 0);
}

async function everythingSaid(
  home: ServerHome,
  influxdb: InfluxdbStandIn,
): Promise<Readonly<Record<string, readonly Said[]>>> {
  const parquet = (await parquetRows(home.parquet)).map((row) =>
    said(row.eventId, row.screenshotSavedPaths, String(row.tags)),
  );
  const qvd: Said[] = [];
  for (const path of qvdFiles(join(home.root, 'qvd'))) {
    const columns = await Promise.all(['eventId', 'screenshotSavedPaths', 'tags'].map((name) => qvdColumn(path, name)));
    const [ids = [], paths = [], tags = []] = columns;
    for (const [i, id] of ids.entries()) qvd.push(said(id, paths[i], String(tags[i])));
  }
  const json = filesBelow(home.objectData).map((path) => {
    const { eventId, screenshotSavedPaths, tags } = JSON.parse(readFileSync(path, 'utf8'));
    return said(eventId, JSON.stringify(screenshotSavedPaths), JSON.stringify(tags));
  });
  const points = [...influxdb.points.values()].map(({ tags, fields }): Said => {
    const text = (name: string) => (fields.has(name) ? String(fields.get(name)?.value) : null);
    const id = String(tags.get('eventId'));
    return [id, text('screenshotSavedPaths'), text('screenshotStatus'), text('screenshotReason')];
  });
  return { parquet, qvd, json, influxdb: points };
}

function said(id: unknown, paths: unknown, tags: string): Said {
  const { screenshotStatus = null, screenshotReason = null } = JSON.parse(tags);
  return [String(id), paths === null ? null : String(paths), screenshotStatus, screenshotReason];
}

/** By the outcome records: SHA-256 by path. */
function picturesInLog(home: ServerHome): ReadonlyMap<string, string> {
  const texts = readdirSync(home.log).filter((name) => name.endsWith('.ndjson'));
  const lines = texts.flatMap((name) => readFileSync(join(home.log, name), 'utf8').trim().split('\n'));
  const records = lines.map((line) => JSON.parse(line)).filter(({ type }) => type === 'server.screenshot.saved');
  const files = records.flatMap(({ envelope: { payload } }) => payload.files);
  assert.equal(new Set(records.map(({ subject }) => subject)).size, records.length, 'one outcome for each event');
  return new Map(files.map(({ path, sha256 }: { path: string; sha256: string }) => [path, sha256]));
}

function filesBelow(directory: string): readonly string[] {
  if (!existsSync(directory)) return [];
  const entries = readdirSync(directory, { withFileTypes: true, recursive: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}
