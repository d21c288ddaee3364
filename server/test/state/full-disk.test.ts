import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { SqliteStateStore } from '../../src/adapters/state-sqlite/sqlite-state-store.ts';
import { sequence } from '../../src/domain/sequence.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { mountSmallDisk, skipWithoutMount } from '../support/small-disk.ts';

test('rule 8: the durable database takes commits of two connections on a disk without a free byte', {
  skip: skipWithoutMount(),
}, (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'full-state-'));
  const path = join(folder, 'disk');
  const disk = mountSmallDisk(path, 8);
  t.after(() => {
    disk.unmount();
    rmSync(folder, { recursive: true });
  });
  const clock = new FakeClock(0);
  const server = new SqliteStateStore(join(path, 'durable.sqlite'), clock);
  const commandLine = new SqliteStateStore(join(path, 'durable.sqlite'), clock);
  server.cursors.register('parquet', sequence(0));
  disk.fill();
  for (let i = 1; i <= 500; i++) {
    const id = commandLine.requests.submit({ kind: 'stop' }, `åsa ${i}`);
    assert.equal(server.requests.claim()?.id, id);
    server.requests.finish(id, 'done', 'Stopping.');
    server.recordSeenLog({ logId: 'a log', head: sequence(i) });
  }
  assert.equal(commandLine.seenLog()?.head, 500);
  commandLine.close();
  server.close();
});
