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

interface LogContent {
  readonly files: readonly string[];
  readonly retiredIds: readonly string[];
  readonly retainedIds: readonly string[];
}

/** Undefined while retention is between the two files of a segment: it writes the ids before the lines go. */
function contentOf(home: ServerHome): LogContent | undefined {
  const files = readdirSync(home.log);
  const segments = files.filter((name) => /\.(ids|ndjson)$/.test(name)).map((name) => name.replace(/\..*/, ''));
  if (new Set(segments).size < segments.length) return;
  const read = (extension: string) =>
    files.filter((name) => name.endsWith(extension)).map((name) => readFileSync(join(home.log, name), 'utf8'));
  try {
    const [retiredIds, retainedIds] = [idsIn(read('.ids')), idsIn(read('.ndjson'))];
    return readdirSync(home.log).join() === files.join() ? { files, retiredIds, retainedIds } : undefined;
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return;
    throw thrown;
  }
}

/** Ids of the events that a client sent. */
function idsIn(texts: readonly string[]): readonly string[] {
  const lines = texts.flatMap((text) => text.split('\n')).filter((line) => line !== '');
  const members = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  return members.filter(({ origin }) => origin === 'client').map(({ id }) => String(id));
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
  const { files, retiredIds, retainedIds } = await eventually(() => contentOf(home));
  assert.ok(files.filter((name) => /\.(ids|ndjson)$/.test(name)).length >= segments);
  assert.deepEqual([...retiredIds, ...retainedIds].sort(), [...ids].sort());
  assert.ok(retiredIds.length > EVENTS / 2, `${retiredIds.length}`);
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
