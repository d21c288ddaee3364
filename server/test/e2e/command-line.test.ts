import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { envelope, postEvent } from '../support/audit-client.ts';
import { countsByEventId } from '../support/parquet-rows.ts';
import { createHome, eventually, runCommand, type ServerHome, startServer, TOKEN } from '../support/running-server.ts';

async function postSome(url: string, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 0; i < count; i++) {
    const event = envelope();
    assert.equal((await postEvent(url, event)).status, 202);
    ids.push(String(event.eventId));
  }
  return ids;
}

function parquetFiles(home: ServerHome): string[] {
  return existsSync(home.parquet) ? readdirSync(home.parquet).sort() : [];
}

test('simulate, stop, and every event is in the Parquet files once; status says so', async (t) => {
  const home = createHome();
  t.after(() => home.remove());
  const server = await startServer(home);
  t.after(() => server.kill());
  const simulated = await runCommand(home, [
    'simulate',
    '--url',
    server.url,
    '--users',
    '3',
    '--rate',
    '50',
    '--duration',
    '2',
    '--seed',
    '7',
  ]);
  assert.equal(simulated.code, 0, simulated.stderr + simulated.stdout);
  const stopped = await runCommand(home, ['stop']);
  assert.equal(stopped.code, 0, stopped.stderr);
  assert.match(stopped.stdout, /^Stopped \(pid \d+\)\.$/m);
  assert.equal(await server.exit(), 0);

  const counts = await countsByEventId(home.parquet);
  assert.ok(counts.size >= 80, `${counts.size}`);
  assert.ok([...counts.values()].every((count) => count === 1));
  const { stdout } = await runCommand(home, ['status', '--json']);
  const status = JSON.parse(stdout);
  assert.equal(status.running, false);
  const [parquet] = status.destinations;
  assert.equal(parquet.name, 'parquet');
  assert.equal(parquet.delivered, counts.size);
  assert.equal(parquet.deadLetters, 0);
});

test('a second server on the same log refuses to start and names the first', async (t) => {
  const home = createHome();
  t.after(() => home.remove());
  const server = await startServer(home);
  t.after(() => server.kill());
  const second = await runCommand(home, ['serve']);
  assert.equal(second.code, 1);
  assert.match(second.stderr, new RegExp(`pid ${server.child.pid}\\b`));
  assert.doesNotMatch(second.stderr, /\n\s+at /);
  assert.equal((await postEvent(server.url, envelope())).status, 202);
});

test('mistakes in the configuration: all at once, exit code 78, no stack trace', async (t) => {
  const home = createHome({ extra: '    porrt: 1\n    maxBodyBytes: many\n' });
  t.after(() => home.remove());
  for (const command of ['serve', 'check-config', 'status']) {
    const { code, stderr } = await runCommand(home, [command]);
    assert.equal(code, 78, command);
    assert.match(stderr, /porrt/);
    assert.match(stderr, /maxBodyBytes/);
    assert.doesNotMatch(stderr, /\n\s+at /);
  }
});

test('reindex beside a running server and without one: the tables come back, destinations get nothing twice', async (t) => {
  const home = createHome();
  t.after(() => home.remove());
  const server = await startServer(home);
  t.after(() => server.kill());
  const ids = await postSome(server.url, 30);
  const repeated = envelope();
  await postEvent(server.url, repeated);
  await postEvent(server.url, repeated);
  const beside = await runCommand(home, ['reindex']);
  assert.equal(beside.code, 0, beside.stderr);
  assert.match(beside.stdout, /built again/);
  await postSome(server.url, 10);
  await server.stop();
  for (const name of ['ids.sqlite', 'search.sqlite']) {
    for (const suffix of ['', '-wal', '-shm']) rmSync(join(home.log, name + suffix), { force: true });
  }
  const alone = await runCommand(home, ['reindex']);
  assert.equal(alone.code, 0, alone.stderr);
  const counts = await countsByEventId(home.parquet);
  assert.equal(counts.size, ids.length + 11);
  assert.ok([...counts.values()].every((count) => count === 1));
});

test('rule 21: replay into a new folder, beside a running server and without one; the old folder is refused', async (t) => {
  const home = createHome();
  t.after(() => home.remove());
  const server = await startServer(home);
  t.after(() => server.kill());
  const ids = await postSome(server.url, 20);
  const replayTo = (folder: string, from = '1') =>
    runCommand(home, ['replay', '--destination', 'parquet', '--from', from, '--directory', folder]);
  const beside = await replayTo(join(home.root, 'again'));
  assert.equal(beside.code, 0, beside.stderr);
  assert.equal(beside.stdout, 'parquet: 20 events sent again.\n', 'nothing else where there is no terminal');
  await server.stop();
  assert.equal((await countsByEventId(join(home.root, 'again'))).size, ids.length);

  const ontoFile = await replayTo(join(home.root, 'production.yaml'));
  assert.equal(ontoFile.code, 1);
  assert.match(ontoFile.stderr, /need a new folder of their own/);
  const refused = await replayTo(home.parquet);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /new folder/);
  const again = await replayTo('again');
  assert.deepEqual([again.code, /new folder/.test(again.stderr)], [1, true], 'the same folder, seen from --root');
  const backwards = await runCommand(home, [
    'replay',
    '--destination',
    'parquet',
    '--from',
    '9',
    '--through',
    '5',
    '--directory',
    'new',
  ]);
  assert.match(backwards.stderr, /--through 5 is before --from 9/);
  const alone = await replayTo(join(home.root, 'third'), '2020-01-01');
  assert.equal(alone.code, 0, alone.stderr);
  assert.equal((await countsByEventId(join(home.root, 'third'))).size, ids.length);
  assert.equal((await countsByEventId(home.parquet)).size, ids.length);
});

test('a destination that cannot write holds its events; skip lets them go, a dead letter keeps them, retry delivers them', async (t) => {
  const home = createHome();
  t.after(() => home.remove());
  writeFileSync(home.parquet, 'a file in the place of the folder');
  const server = await startServer(home);
  t.after(() => server.kill());
  const ids = await postSome(server.url, 5);
  await eventually(async () => {
    const { stdout } = await runCommand(home, ['destinations', 'list', '--json']);
    return JSON.parse(stdout)[0]?.lastError === undefined ? undefined : true;
  });
  const silent = await runCommand(home, ['destinations', 'skip', 'parquet', '--reason', ' ']);
  assert.match(silent.stderr, /Some words are expected/);
  const skipped = await runCommand(home, ['destinations', 'skip', 'parquet', '--reason', 'the disk was sold']);
  assert.equal(skipped.code, 0, skipped.stderr);
  const listed = await runCommand(home, ['dead-letters', 'list']);
  assert.match(listed.stdout, /DESTINATION_SKIPPED.*the disk was sold/);

  rmSync(home.parquet);
  mkdirSync(home.parquet);
  const retried = await runCommand(home, ['dead-letters', 'retry', '--destination', 'parquet']);
  assert.equal(retried.code, 0, retried.stderr);
  assert.match(retried.stdout, /5 events sent again/);
  assert.match((await runCommand(home, ['dead-letters', 'list'])).stdout, /No dead letters/);
  const misspelt = await runCommand(home, ['dead-letters', 'list', '--destination', 'parket']);
  assert.deepEqual([misspelt.code, misspelt.stdout], [1, ''], 'not taken for a destination without dead letters');
  assert.match(misspelt.stderr, /No destination is called parket/);
  await server.stop();
  assert.deepEqual([...(await countsByEventId(home.parquet)).keys()].sort(), ids.sort());
  assert.ok(parquetFiles(home).every((name) => /^\d{8}_part\d+\.parquet$/.test(name)));
});

test('what was refused can be listed and exported', async (t) => {
  const home = createHome();
  t.after(() => home.remove());
  const server = await startServer(home);
  t.after(() => server.kill());
  assert.equal((await postEvent(server.url, envelope({ eventId: 'no uuid' }))).status, 422);
  const headers = {
    authorization: `Bearer ${TOKEN}`,
    'content-type': 'application/json',
    'x-audit-qs-version': '9.0.0',
  };
  const future = { method: 'POST', headers, body: JSON.stringify(envelope()) };
  assert.equal((await fetch(`${server.url}/api/v1/audit-event`, future)).status, 422);
  assert.equal((await postEvent(server.url, envelope({ timestamp: 'now', payload: 5 }))).status, 400);
  await server.stop();
  const listed = await runCommand(home, ['refused', 'list']);
  assert.equal(listed.code, 0, listed.stderr);
  assert.match(listed.stdout, /422 +One or more constraint violations: \/eventId must match format "uuid" {2,}\d/);
  assert.match(listed.stdout, /422 +Incompatible Audit\.qs version: 9\.0\.0 {2,}\d/);
  assert.match(
    listed.stdout,
    /400 +Schema validation failed: \/timestamp must match format "date-time" \(and 1 more\) {2,}\d/,
  );
  const file = join(home.root, 'refused.jsonl');
  const exported = await runCommand(home, ['refused', 'export', '--output', file]);
  assert.equal(exported.code, 0, exported.stderr);
  assert.ok(existsSync(file));
  assert.equal((await runCommand(home, ['refused', 'export', '--output', file])).code, 1);
});

test('commands on a folder where no server ever ran say so', async (t) => {
  const home = createHome();
  t.after(() => home.remove());
  for (const args of [
    ['status'],
    ['destinations', 'list'],
    ['dead-letters', 'list'],
    ['replay', '--destination', 'parquet', '--from', '1', '--directory', 'x'],
  ]) {
    const { code, stderr } = await runCommand(home, args);
    assert.equal(code, 1, args.join(' '));
    assert.match(stderr, /no event log/i);
  }
  assert.equal((await runCommand(home, ['stop'])).code, 0);
});
