import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { envelope, postEvent } from '../support/audit-client.ts';
import { countsByEventId } from '../support/parquet-rows.ts';
import { createHome, eventually, runCommand, startServer } from '../support/running-server.ts';
import { Visitor } from '../trail/trail-world.ts';

const PRETENDED = new URL('../support/pretend-windows.mjs', import.meta.url).href;

// where there is a real one, all other tests run on it
const elsewhere = { skip: process.platform === 'win32' ? 'this is Windows' : false };

for (const disk of ['ntfs', 'exfat']) {
  test(`on a disk as of Windows (${disk}) with a virus scanner: stored, delivered once, stopped, started again`, {
    ...elsewhere,
    timeout: 60_000,
  }, async (t) => {
    const home = createHome({ writeFrequency: 100, eventLog: { segmentBytes: 65_536 } });
    t.after(() => home.remove());
    const env = { NODE_OPTIONS: `--import=${PRETENDED}`, PRETEND_DISK: disk };
    const ids: string[] = [];
    for (let start = 1; start <= 2; start++) {
      const server = await startServer(home, { env });
      t.after(() => server.kill());
      for (let i = 0; i < 3; i++) {
        const event = envelope({ filler: 'x'.repeat(40_000) });
        assert.equal((await postEvent(server.url, event)).status, 202, server.output());
        ids.push(String(event.eventId));
      }
      // without hard links a file has its name for a moment before it has its contents: no reader can do with that
      const found = () => countsByEventId(home.parquet).catch(() => undefined);
      await eventually(async () => (await found())?.size === ids.length || undefined);
      const link = (await runCommand(home, ['open'])).stdout.trim();
      const visitor = new Visitor(server.viewerUrl);
      assert.equal((await visitor.post('session', { link: link.split('link=')[1] })).status, 200, server.output());
      assert.equal((await runCommand(home, ['stop'])).code, 0);
      assert.equal(await server.exit(), 0, server.output());
      assert.doesNotMatch(server.output(), /"level":"error"/);
    }
    assert.deepEqual([...(await countsByEventId(home.parquet))].sort(), ids.map((id) => [id, 1]).sort());
    assert.ok(readdirSync(home.log).filter((name) => name.endsWith('.ndjson')).length > 2);
    assert.deepEqual(
      readdirSync(home.parquet).filter((name) => !/^\d{8}_part\d+\.parquet$/.test(name)),
      [],
    );
    assert.ok(!readdirSync(home.log).includes('owner.json'));
  });
}
