import assert from 'node:assert/strict';
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { envelope, postEvent } from '../support/audit-client.ts';
import { countsByEventId } from '../support/parquet-rows.ts';
import { createHome, eventually, type RunningServer, runCommand, startServer } from '../support/running-server.ts';
import { mountSmallDisk, skipWithoutMount } from '../support/small-disk.ts';

test('rules 5, 8: a disk without a free byte: 503, skip works, a start too, and events again once there is space', {
  skip: skipWithoutMount(),
}, async (t) => {
  const home = createHome({ writeFrequency: 0, eventLog: { minFreeBytes: 1024 * 1024 } });
  const disk = mountSmallDisk(home.log, 24);
  let server: RunningServer | undefined;
  t.after(async () => {
    await server?.kill();
    disk.unmount();
    home.remove();
  });
  writeFileSync(home.parquet, 'dead: a file in the place of the export folder');
  const acknowledged: string[] = [];
  const post = async () => {
    const event = envelope();
    const { status, headers } = await postEvent(server?.url ?? '', event);
    if (status === 202) acknowledged.push(String(event.eventId));
    else assert.deepEqual([status, /^[1-9]\d*$/.test(String(headers['retry-after']))], [503, true]);
    return status;
  };
  const postUntil = (wanted: number) => eventually(async () => ((await post()) === wanted ? true : undefined), 30_000);

  server = await startServer(home);
  for (let i = 0; i < 20; i++) assert.equal(await post(), 202);
  disk.fill();
  await postUntil(503);
  assert.match(server.output(), /disk full: events are refused with 503/);
  disk.fill(); // what the server has given up for its own records is taken as well, as far as it is free
  for (let i = 0; i < 20; i++) assert.equal(await post(), 503);

  const skipped = await runCommand(home, ['destinations', 'skip', 'parquet', '--reason', 'no space']);
  assert.equal(skipped.code, 0, skipped.stderr);
  assert.match((await runCommand(home, ['dead-letters', 'list'])).stdout, /DESTINATION_SKIPPED.*no space/);

  await server.kill();
  disk.fill();
  server = await startServer(home);
  assert.equal(await post(), 503, 'started on a full disk');

  disk.empty();
  await postUntil(202);
  for (let i = 0; i < 20; i++) assert.equal(await post(), 202);
  assert.match(server.output(), /there is space on the disk again/);

  rmSync(home.parquet);
  mkdirSync(home.parquet);
  const retried = await runCommand(home, ['dead-letters', 'retry', '--destination', 'parquet']);
  assert.equal(retried.code, 0, retried.stderr);
  // the events after the skip may still wait for the next attempt, which a stop does not
  await eventually(async () => {
    const { destinations } = JSON.parse((await runCommand(home, ['status', '--json'])).stdout);
    return destinations[0].lagEvents === 0 ? true : undefined;
  }, 30_000);
  assert.equal(await server.stop(), 0, server.output());
  const counts = await countsByEventId(home.parquet);
  assert.deepEqual([...counts.keys()].sort(), [...acknowledged].sort());
  assert.deepEqual([...new Set(counts.values())], [1]);
  assert.ok(statfsSync(home.log).bavail > 0);
});
