import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdirSync, openSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { envelope, postEvent } from '../support/audit-client.ts';
import { countsByEventId } from '../support/parquet-rows.ts';
import { createHome, eventually, runCommand, type ServerHome, startServer } from '../support/running-server.ts';

const TIMESTAMP = '2026-11-23T10:00:00.123Z';
const idOf = (n: number) => `11111111-1111-4111-8111-11111111111${n}`;

/** Reading a pipe that nobody writes to blocks as a network share does whose server is gone. */
function deadShare(): ServerHome {
  const home = createHome({
    destination: `    destination:
      enable: true
      type: json
      json:
        objectdata:
          enable: true
          exportDirectory: objectdata
`,
  });
  mkdirSync(home.objectData);
  for (let n = 1; n <= 8; n++) {
    execFileSync('mkfifo', [join(home.objectData, `20261123T100000.123Z_${idOf(n)}_c1.json`)]);
  }
  return home;
}

async function postIntoIt(url: string, count = 8): Promise<void> {
  for (let n = 1; n <= count; n++) {
    const payload = { context: {}, event: { selectionTxnId: idOf(n), details: [], objectData: { n } } };
    const event = envelope({ eventId: idOf(n), correlationId: 'c1', timestamp: TIMESTAMP, payload });
    assert.equal((await postEvent(url, event)).status, 202);
  }
  await new Promise((resolve) => setTimeout(resolve, 1500));
}

const posix = { skip: process.platform === 'win32' ? 'Windows has no named pipes in folders' : false };

test(
  'an export folder that hangs delays only itself, and a stop ends with 0 within 5 s all the same',
  posix,
  async (t) => {
    const home = deadShare();
    t.after(() => home.remove());
    const server = await startServer(home);
    t.after(() => server.kill());
    await postIntoIt(server.url);
    const before = performance.now();
    for (let i = 0; i < 10; i++) assert.equal((await postEvent(server.url, envelope())).status, 202);
    assert.ok(performance.now() - before < 2000);
    const stopping = performance.now();
    assert.equal(await server.stop(), 0, server.output());
    assert.ok(performance.now() - stopping < 5500, `${performance.now() - stopping}`);
  },
);

test('a second signal ends at once, also while an export folder hangs', posix, async (t) => {
  const home = deadShare();
  t.after(() => home.remove());
  const server = await startServer(home);
  t.after(() => server.kill());
  await postIntoIt(server.url);
  const before = performance.now();
  server.child.kill('SIGTERM');
  await new Promise((resolve) => setTimeout(resolve, 200));
  server.child.kill('SIGTERM');
  assert.equal(await server.exit(), 130);
  assert.ok(performance.now() - before < 1500);
});

test(
  'an export folder that hangs at the start keeps nothing else from being received and delivered',
  posix,
  async (t) => {
    const home = createHome({
      destination: `    destination:
      enable: true
      type: parquet, json
      parquet:
        exportDirectory: parquet
        writeFrequency: 0
      json:
        objectdata:
          enable: true
          exportDirectory: objectdata
`,
    });
    t.after(() => home.remove());
    mkdirSync(home.parquet);
    const dead = join(home.parquet, '20991231_part1.parquet');
    execFileSync('mkfifo', [dead]);
    const server = await startServer(home);
    t.after(() => server.kill());
    await postIntoIt(server.url, 1);
    await eventually(() => readdirSync(home.objectData).length === 1 || undefined);
    const { stdout } = await runCommand(home, ['status']);
    assert.match(stdout, /parquet .*gives no answer/);
    const stopping = performance.now();
    assert.equal(await server.stop(), 0, server.output());
    assert.ok(performance.now() - stopping < 5500);

    const again = await startServer(home);
    t.after(() => again.kill());
    assert.match(again.output(), /A destination does not answer/);
    // the share is back: somebody writes to the pipe, and it ends
    closeSync(openSync(dead, constants.O_WRONLY | constants.O_NONBLOCK));
    rmSync(dead);
    await eventually(async () => (await countsByEventId(home.parquet)).get(idOf(1)) === 1 || undefined);
    assert.match((await runCommand(home, ['status'])).stdout, /parquet +current /);
    assert.equal(await again.stop(), 0, again.output());
  },
);
