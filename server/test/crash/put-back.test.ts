import assert from 'node:assert/strict';
import { cpSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { envelope, postEvent } from '../support/audit-client.ts';
import { countsByEventId } from '../support/parquet-rows.ts';
import { createHome, runCommand, type ServerHome, startServer } from '../support/running-server.ts';

const DATABASE = ['durable.sqlite', 'durable.sqlite-wal', 'durable.sqlite-shm'];

async function postSome(url: string, count: number): Promise<string[]> {
  const events = Array.from({ length: count }, () => envelope());
  for (const event of events) assert.equal((await postEvent(url, event)).status, 202);
  return events.map(({ eventId }) => String(eventId));
}

/** Starts, posts, stops in order: everything posted is in the files. */
async function runWith(home: ServerHome, count: number): Promise<string[]> {
  const server = await startServer(home);
  try {
    const ids = await postSome(server.url, count);
    assert.equal(await server.stop(), 0, server.output());
    return ids;
  } finally {
    await server.kill();
  }
}

interface Shown {
  readonly name: string;
  readonly held?: { readonly code: string; readonly message: string };
  readonly deadLetters: number;
}

async function shown(home: ServerHome): Promise<Shown> {
  const { stdout, stderr } = await runCommand(home, ['status', '--json']);
  const parsed = JSON.parse(stdout || '{}').destinations?.[0];
  assert.ok(parsed, stderr);
  return parsed;
}

async function assertOnce(home: ServerHome, ids: readonly string[]): Promise<void> {
  const counts = await countsByEventId(home.parquet);
  assert.deepEqual([...counts.keys()].sort(), [...ids].sort());
  assert.deepEqual(
    [...counts].filter(([, count]) => count !== 1),
    [],
  );
}

test('rule 12: tables deleted between runs, and after a kill: nothing twice, nothing missed', async (t) => {
  const home = createHome({ writeFrequency: 50 });
  t.after(() => home.remove());
  const ids = await runWith(home, 10);
  for (const names of [['ids.sqlite'], ['search.sqlite'], ['ids.sqlite', 'search.sqlite']]) {
    for (const name of names) {
      for (const suffix of ['', '-wal', '-shm']) rmSync(join(home.log, name + suffix), { force: true });
    }
    const server = await startServer(home);
    t.after(() => server.kill());
    const event = envelope();
    for (const _ of [1, 2]) assert.equal((await postEvent(server.url, event)).status, 202);
    ids.push(String(event.eventId), ...(await postSome(server.url, 5)));
    await server.kill();
  }
  ids.push(...(await runWith(home, 1)));
  await assertOnce(home, ids);
});

test('rule 11: an older copy of the log folder put back: held with an explanation; events are taken; restart lets it go on', async (t) => {
  const home = createHome({ writeFrequency: 0 });
  t.after(() => home.remove());
  const delivered = await runWith(home, 5);
  cpSync(home.log, join(home.root, 'backup'), { recursive: true });
  delivered.push(...(await runWith(home, 20)));
  // the databases that follow from the log come back with it; what does not follow from it stays
  for (const name of readdirSync(home.log).filter((name) => !DATABASE.includes(name))) rmSync(join(home.log, name));
  for (const name of readdirSync(join(home.root, 'backup')).filter((name) => !DATABASE.includes(name))) {
    cpSync(join(home.root, 'backup', name), join(home.log, name));
  }
  const server = await startServer(home);
  t.after(() => server.kill());
  // more than the log had been given before: what it holds now is not what was delivered under those numbers
  const later = await postSome(server.url, 30);
  const { held } = await shown(home);
  assert.equal(held?.code, 'CURSOR_BEYOND_LOG');
  assert.match(held?.message ?? '', /older copy.*destinations restart/s);
  assert.equal(await server.stop(), 0);
  await assertOnce(home, delivered);

  const restarted = await runCommand(home, ['destinations', 'restart', 'parquet', '--from', 'now']);
  assert.equal(restarted.code, 0, restarted.stderr);
  const last = await runWith(home, 3);
  assert.equal((await shown(home)).held, undefined);
  const counts = await countsByEventId(home.parquet);
  assert.deepEqual([...counts.keys()].sort(), [...delivered, ...last].sort(), 'as asked: from now on');
  assert.ok(later.every((id) => !counts.has(id)));
});

test('rule 11: an older copy of durable.sqlite put back: held instead of delivered twice; restart lets it go on', async (t) => {
  const home = createHome({ writeFrequency: 0 });
  t.after(() => home.remove());
  const ids = await runWith(home, 5);
  cpSync(join(home.log, 'durable.sqlite'), join(home.root, 'durable.backup'));
  ids.push(...(await runWith(home, 10)));
  for (const name of DATABASE) rmSync(join(home.log, name), { force: true });
  cpSync(join(home.root, 'durable.backup'), join(home.log, 'durable.sqlite'));

  const server = await startServer(home);
  t.after(() => server.kill());
  ids.push(...(await postSome(server.url, 5)));
  const { held } = await shown(home);
  assert.equal(held?.code, 'CURSOR_BEHIND_DELIVERY');
  assert.match(held?.message ?? '', /durable\.sqlite.*destinations restart \w+ --from \d+/s);
  assert.equal(await server.stop(), 0);

  const through = /holds events up to (\d+)/.exec(held?.message ?? '')?.[1];
  const restarted = await runCommand(home, [
    'destinations',
    'restart',
    'parquet',
    '--from',
    String(Number(through) + 1),
  ]);
  assert.equal(restarted.code, 0, restarted.stderr);
  ids.push(...(await runWith(home, 3)));
  await assertOnce(home, ids);
});

test('rule 11: durable.sqlite gone: what the files hold already is not delivered again', async (t) => {
  const home = createHome({ writeFrequency: 0 });
  t.after(() => home.remove());
  const ids = await runWith(home, 5);
  for (const name of DATABASE) rmSync(join(home.log, name), { force: true });
  const server = await startServer(home);
  t.after(() => server.kill());
  assert.match(server.output(), /durable\.sqlite does not know it/);
  await postSome(server.url, 2);
  assert.equal((await shown(home)).held?.code, 'CURSOR_BEHIND_DELIVERY');
  assert.equal(await server.stop(), 0);
  await assertOnce(home, ids);
});
