import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { envelope, postEvent } from '../support/audit-client.ts';
import { STRACE, skipWithout } from '../support/external-tools.ts';
import { countsByEventId } from '../support/parquet-rows.ts';
import { createHome, type RunningServer, type ServerHome, startServer } from '../support/running-server.ts';
import { tampered } from '../support/straced-server.ts';

interface Step {
  readonly name: string;
  readonly calls: string;
  /** At the first matching call from this one on. */
  readonly from: number;
  /** Below the home. */
  readonly path?: string;
}

const WAL = 'log/durable.sqlite-wal';
const numbers = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => first + i);

/** Before each call that a delivery makes on the disk. A row of numbers meets all of those that come around in turn. */
const STEPS: readonly Step[] = [
  { name: 'begun, nothing written', calls: '?mkdir,mkdirat', from: 1, path: 'parquet' },
  { name: 'prepared, not linked', calls: '?link,linkat', from: 1 },
  { name: 'linked and synced, two names', calls: '?unlink,unlinkat', from: 1 },
  // in turn: the temporary file is written and synced; it is linked
  ...numbers(1, 6).map((from) => ({ name: `sync ${from} of the folder`, calls: 'fsync', from, path: 'parquet' })),
  // in turn: begin, prepare, commit
  ...numbers(3, 8).map((from) => ({ name: `sync ${from} of the database`, calls: 'fsync', from, path: WAL })),
  ...[9, 12, 15].map((from) => ({ name: `write ${from} of the database`, calls: 'pwrite64', from, path: WAL })),
];

test('rules 18, 19: killed before every disk call of a delivery: nothing lost, nothing doubled, no stray file', {
  skip: skipWithout(STRACE),
}, async (t) => {
  const home = createHome({ maxBatchSize: 2, writeFrequency: 0 });
  t.after(() => home.remove());
  const acknowledged = new Set<string>();
  const missed: string[] = [];
  // once in peace, so that the first kill does not meet an empty folder
  const first = await startServer(home);
  await postUntilKilled(first, acknowledged, 3);
  await first.kill();
  for (const step of STEPS) {
    const killed = await killedAt(step, home, acknowledged);
    if (!killed) missed.push(step.name);
  }
  assert.deepEqual(missed, [], 'never came to these');

  const server = await startServer(home);
  assert.equal(await server.stop(), 0, server.output());
  assert.ok(acknowledged.size >= 2 * STEPS.length, `too few to mean anything: ${acknowledged.size}`);
  const counts = await countsByEventId(home.parquet);
  assert.deepEqual(
    [...acknowledged].filter((id) => !counts.has(id)),
    [],
    'lost',
  );
  assert.deepEqual(
    [...counts].filter(([, count]) => count !== 1),
    [],
    'doubled',
  );
  assert.deepEqual(
    readdirSync(home.parquet).filter((name) => !/^\d{8}_part\d+\.parquet$/.test(name)),
    [],
  );
});

/** @returns false when the server outlived it */
async function killedAt(step: Step, home: ServerHome, acknowledged: Set<string>): Promise<boolean> {
  const { calls, from, path } = step;
  const options = tampered(
    [{ calls, effect: 'signal=SIGKILL', when: `${from}+` }],
    path === undefined ? [] : [join(home.root, path)],
  );
  let server: RunningServer;
  try {
    server = await startServer(home, options);
  } catch {
    // killed while it started: what was delivered before must survive that too
    return true;
  }
  await postUntilKilled(server, acknowledged, 40);
  // a busy machine comes to the step later
  for (let i = 0; i < 60 && server.child.signalCode === null; i++) {
    await postUntilKilled(server, acknowledged, 1);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  const isKilled = server.child.signalCode !== null;
  await server.kill();
  return isKilled;
}

async function postUntilKilled(server: RunningServer, acknowledged: Set<string>, limit: number): Promise<void> {
  for (let i = 0; i < limit && server.child.signalCode === null; i++) {
    const post = async () => {
      const event = envelope();
      const reply = await postEvent(server.url, event).catch(() => undefined);
      if (reply?.status === 202) acknowledged.add(String(event.eventId));
    };
    await Promise.all(Array.from({ length: 10 }, post));
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
