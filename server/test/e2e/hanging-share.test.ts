import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { envelope, postEvent } from '../support/audit-client.ts';
import { createHome, type ServerHome, startServer } from '../support/running-server.ts';

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

async function postIntoIt(url: string): Promise<void> {
  for (let n = 1; n <= 8; n++) {
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
