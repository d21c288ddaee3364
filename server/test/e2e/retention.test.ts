import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { envelope, postEvent } from '../support/audit-client.ts';
import { countsByEventId } from '../support/parquet-rows.ts';
import { createHome, eventually, runCommand, type ServerHome, startServer } from '../support/running-server.ts';

const EVENTS = 60;

function logFiles(home: ServerHome, extension: string): readonly string[] {
  return readdirSync(home.log).filter((name) => name.endsWith(extension));
}

/** Event ids in files of one kind of the log folder. */
function idsIn(home: ServerHome, extension: string): ReadonlySet<string> {
  const lines = logFiles(home, extension).flatMap((name) => readFileSync(join(home.log, name), 'utf8').split('\n'));
  const members = lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Record<string, unknown>);
  return new Set(members.filter(({ origin }) => origin === 'client').map(({ id }) => String(id)));
}

test('rules 12, 17: old segments go, their ids stay, late repeats are known, and nothing is delivered twice', async (t) => {
  const home = createHome({ writeFrequency: 0, eventLog: { segmentBytes: 4096, retentionDays: 0.00001 } });
  t.after(() => home.remove());
  const first = await startServer(home);
  t.after(() => first.kill());
  const events = Array.from({ length: EVENTS }, () => envelope());
  const ids = events.map(({ eventId }) => String(eventId));
  for (const event of events) assert.equal((await postEvent(first.url, event)).status, 202);
  const segments = logFiles(home, '.ndjson').length;
  assert.ok(segments > 10, `${segments}`);
  const delivered = async () => {
    const counts = await countsByEventId(home.parquet).catch(() => new Map<string, number>());
    return counts.size === EVENTS || undefined;
  };
  await eventually(delivered, 30_000);

  // all but the newest segments: one that the log still writes to, and one whose follower must be on disk first
  // where posting took longer than the first pass waits, the next one comes a minute later
  await eventually(() => logFiles(home, '.ndjson').length <= 2 || undefined, 90_000);
  assert.equal(logFiles(home, '.ids').length + logFiles(home, '.ndjson').length >= segments, true);
  const [retired, retained] = [idsIn(home, '.ids'), idsIn(home, '.ndjson')];
  assert.deepEqual([...retired, ...retained].sort(), [...ids].sort());
  assert.ok(retired.size > EVENTS / 2, `${retired.size}`);
  assert.doesNotMatch(first.output(), /Old log segments are kept/);

  await first.kill();
  for (const name of ['ids.sqlite', 'search.sqlite']) {
    for (const suffix of ['', '-wal', '-shm']) rmSync(join(home.log, name + suffix), { force: true });
  }
  const second = await startServer(home);
  t.after(() => second.kill());
  for (const event of events.slice(0, 20)) assert.equal((await postEvent(second.url, event)).status, 202);
  const later = envelope();
  assert.equal((await postEvent(second.url, later)).status, 202);
  assert.equal(await second.stop(), 0, second.output());
  const counts = await countsByEventId(home.parquet);
  assert.deepEqual([...counts.keys()].sort(), [...ids, String(later.eventId)].sort());
  assert.deepEqual([...new Set(counts.values())], [1]);
  assert.match((await runCommand(home, ['dead-letters', 'list'])).stdout, /No dead letters/);
});

test('rule 17: a destination that is down keeps its segments, and is named', async (t) => {
  const home = createHome({
    eventLog: { segmentBytes: 4096, retentionDays: 0.00001 },
    destination: `    destination:
      enable: true
      type: json, parquet
      json: {objectdata: {enable: true, exportDirectory: objectdata}}
      parquet: {exportDirectory: production.yaml/below a file, writeFrequency: 0}
`,
  });
  t.after(() => home.remove());
  const server = await startServer(home);
  t.after(() => server.kill());
  for (let i = 0; i < EVENTS; i++) assert.equal((await postEvent(server.url, envelope())).status, 202);
  const segments = logFiles(home, '.ndjson').length;
  await eventually(() => /Old log segments are kept/.test(server.output()) || undefined, 90_000);
  assert.match(server.output(), /"destination":"parquet","heldBytes":\d{4,}/);
  assert.ok(logFiles(home, '.ndjson').length >= segments);
  assert.ok(!existsSync(join(home.root, 'production.yaml', 'below a file')));
  const { stdout } = await runCommand(home, ['status', '--json']);
  assert.equal(JSON.parse(stdout).destinations.length, 2);
});
