import assert from 'node:assert/strict';
import { readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { envelope, postEvent } from '../support/audit-client.ts';
import { countsByEventId } from '../support/parquet-rows.ts';
import { createHome, eventually, runCommand, type ServerHome, startServer } from '../support/running-server.ts';

async function postSome(url: string, count: number): Promise<string[]> {
  const events = Array.from({ length: count }, () => envelope());
  for (const event of events) assert.equal((await postEvent(url, event)).status, 202);
  return events.map(({ eventId }) => String(eventId));
}

async function assertOnce(home: ServerHome, ids: readonly string[]): Promise<void> {
  const counts = await countsByEventId(home.parquet);
  assert.deepEqual([...counts.keys()].sort(), [...ids].sort());
  assert.deepEqual([...new Set(counts.values())], [1]);
}

test('an export folder that cannot be written: events wait, one warning a minute, and all are delivered once it can', async (t) => {
  const home = createHome({ writeFrequency: 0, maxBatchSize: 10 });
  t.after(() => home.remove());
  // a file in its place: also root cannot write there
  writeFileSync(home.parquet, 'occupied');
  const server = await startServer(home);
  t.after(() => server.kill());
  const ids: string[] = [];
  for (let i = 0; i < 10; i++) {
    ids.push(...(await postSome(server.url, 10)));
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const warnings = () =>
    server
      .output()
      .split('\n')
      .filter((line) => /"level":"(warn|error)".*EXPORT_WRITE_FAILED/.test(line));
  assert.equal(warnings().length, 1, warnings().join('\n'));
  assert.match(warnings()[0] ?? '', /they wait and are tried again/);
  rmSync(home.parquet);
  await eventually(async () => {
    const counts = await countsByEventId(home.parquet).catch(() => new Map<string, number>());
    return counts.size === ids.length || undefined;
  }, 30_000);
  assert.match(server.output(), /takes events again/);
  assert.equal(await server.stop(), 0, server.output());
  await assertOnce(home, ids);
});

test('an export folder that no system call can make: the events wait, nothing spins, the server stops', async (t) => {
  const home = createHome({ writeFrequency: 0 });
  t.after(() => home.remove());
  // below /proc a parent is missing and cannot be made, whoever asks
  const folder = process.platform === 'linux' ? '/proc/nowhere/parquet' : join(home.configFile, 'parquet');
  const config = readFileSync(home.configFile, 'utf8');
  writeFileSync(home.configFile, config.replace('exportDirectory: parquet', `exportDirectory: '${folder}'`));
  const server = await startServer(home);
  t.after(() => server.kill());
  await postSome(server.url, 3);
  await eventually(() => server.output().includes('EXPORT_WRITE_FAILED') || undefined);
  assert.match(server.output(), /Could not create the folder in .*ENO/);
  assert.equal(await server.stop(), 0, server.output());
});

for (const setting of ['eventLog.directory', 'logDirectory']) {
  test(`a ${setting} that cannot be made is told without a stack trace`, async (t) => {
    const home = createHome();
    t.after(() => home.remove());
    const config = readFileSync(home.configFile, 'utf8');
    const folder = join(home.configFile, 'below a file');
    writeFileSync(
      home.configFile,
      setting === 'logDirectory'
        ? `${config}  fileLogging: true\n  logDirectory: '${folder}'\n`
        : config.replace('directory: log', `directory: '${folder}'`),
    );
    const { code, stdout, stderr } = await runCommand(home, ['serve']);
    assert.equal(code, 1, stderr);
    assert.match(stderr + stdout, /below a file.*ENOTDIR|ENOTDIR.*below a file/);
    assert.doesNotMatch(stderr + stdout, /defect|^ +at /m);
  });
}

test('rules 8, 17: on a full disk with a dead destination events get 503, skip works, and nothing waits that need not', async (t) => {
  const home = createHome({ writeFrequency: 0 });
  t.after(() => home.remove());
  writeFileSync(home.parquet, 'occupied');
  const before = await startServer(home);
  t.after(() => before.kill());
  const ids = await postSome(before.url, 5);
  assert.equal(await before.stop(), 0);

  const config = readFileSync(home.configFile, 'utf8');
  const { bavail, bsize } = statfsSync(home.root);
  const needed = bavail * bsize + 1024 ** 4;
  writeFileSync(
    home.configFile,
    config.replace('      directory: log', `      directory: log\n      minFreeBytes: ${needed}`),
  );
  const full = await startServer(home);
  t.after(() => full.kill());
  const refused = await eventually(async () => {
    const reply = await postEvent(full.url, envelope());
    return reply.status === 503 ? reply : undefined;
  });
  assert.match(String(refused.headers['retry-after']), /^\d+$/);
  assert.match(full.output(), /disk full/);
  const skipped = await runCommand(home, ['destinations', 'skip', 'parquet', '--reason', 'no space']);
  assert.equal(skipped.code, 0, skipped.stderr);
  assert.match((await runCommand(home, ['dead-letters', 'list'])).stdout, /DESTINATION_SKIPPED.*no space/);
  const { stdout } = await runCommand(home, ['status', '--json']);
  const { lagEvents } = JSON.parse(stdout).destinations[0];
  assert.ok(lagEvents <= 2, `${lagEvents}: its own record, and the one that it is synced`);
  assert.equal(await full.stop(), 0);

  writeFileSync(home.configFile, config);
  rmSync(home.parquet);
  const after = await startServer(home);
  t.after(() => after.kill());
  const later = await postSome(after.url, 3);
  const retried = await runCommand(home, ['dead-letters', 'retry', '--destination', 'parquet']);
  assert.match(retried.stdout, /5 events sent again/, retried.stderr);
  assert.equal(await after.stop(), 0);
  await assertOnce(home, [...ids, ...later]);
});
