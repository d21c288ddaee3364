import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Fault } from '../support/fault-file-system.ts';
import { LogWorld } from '../support/log-world.ts';

const FAULTS: readonly Fault[] = [
  'fails before',
  'fails after it took effect',
  'short write',
  'no space',
  'lying sync',
];
const AFTERWARDS = ['retry', 'kill', 'power cut'] as const;

/** Small segments, so that the batches also begin new ones: open, three batches, a pause, a stop, a start. */
async function scenario(world: LogWorld): Promise<void> {
  await openStubbornly(world);
  await world.send(3);
  await world.send(2, 2);
  await world.send(1, 1, 900);
  await world.send(2);
  await world.clock.advance(2500);
  await world.send(1, 1, 900);
  await world.send(1);
  await world.send(1);
}

/** A start that fails is repeated, as a service manager would. */
async function openStubbornly(world: LogWorld): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await world.open();
      return;
    } catch (error) {
      if (attempt === 3) throw error;
    }
  }
}

async function countCalls(): Promise<number> {
  const world = new LogWorld({ segmentBytes: 1200 });
  await scenario(world);
  return world.disk.calls.length;
}

describe('rule 5: each write and sync of the log, failing once', async () => {
  const calls = await countCalls();
  assert.ok(calls > 20);
  for (const fault of FAULTS) {
    for (const afterwards of AFTERWARDS) {
      test(`${fault}, then ${afterwards}: acknowledged events are there once, refused ones are not`, async () => {
        let refusals = 0;
        for (let at = 1; at <= calls; at++) {
          const world = new LogWorld({ segmentBytes: 1200 });
          world.disk.fault = (number) => (number === at ? fault : undefined);
          await scenario(world);
          refusals += world.refused.size;
          if (afterwards === 'retry') await world.clock.advance(2500);
          else await world.restart(afterwards);
          const before = world.acknowledged.size;
          await world.send(2);
          assert.equal(world.acknowledged.size, before + 2, `call ${at}: the log takes events again`);
          await world.judge();
        }
        assert.ok(refusals > 0, 'some of the faults hit a batch');
      });
    }
  }
});

describe('rule 5: the disk fails from one call on, until the restart', async () => {
  const calls = await countCalls();
  for (const fault of ['fails before', 'fails after it took effect', 'lying sync'] as const) {
    for (const afterwards of ['kill', 'power cut'] as const) {
      test(`${fault}, then ${afterwards}`, async () => {
        for (let from = 3; from <= calls; from++) {
          const world = new LogWorld({ segmentBytes: 1200 });
          world.disk.fault = (number) => (number >= from ? fault : undefined);
          await scenario(world).catch(() => undefined);
          const acknowledged = world.acknowledged.size;
          await world.restart(afterwards);
          // what could not even be cut may come back: no client was told that it is stored
          await world.judge({ refusedMayBeThere: true });
          await world.send(1);
          assert.equal(world.acknowledged.size, acknowledged + 1);
        }
      });
    }
  }
});

describe('rule 10: the process ends between every two calls', async () => {
  const calls = await countCalls();
  for (const afterwards of ['kill', 'power cut'] as const) {
    test(`${afterwards}: acknowledged events are there once, in writing, rolling and recovery`, async () => {
      for (let at = 1; at <= calls; at++) {
        const world = new LogWorld({ segmentBytes: 1200 });
        world.disk.stopAt = at;
        await scenario(world).catch(() => undefined);
        // and once more, a little later, while it recovers
        for (let during = 1; ; during++) {
          if (afterwards === 'kill') world.disk.restart();
          else world.disk.powerCut();
          world.disk.stopAt = during;
          const opened = await world.open().then(
            () => !world.disk.hasStopped,
            () => false,
          );
          if (opened) break;
        }
        world.disk.stopAt = Number.POSITIVE_INFINITY;
        await world.judge();
        // what recovery has handed out is on disk, not only in a page cache
        await world.restart('power cut');
        await world.judge();
        await world.send(2);
        await world.restart(afterwards);
        await world.judge();
      }
    });
  }
  test('killed right after a sync that failed and left the page cache as if it were clean', async () => {
    for (let at = 1; at <= calls; at++) {
      const world = new LogWorld({ segmentBytes: 1200 });
      world.disk.fault = (number) => (number === at ? 'lying sync' : undefined);
      world.disk.stopAt = at + 1;
      await scenario(world).catch(() => undefined);
      await world.restart('kill');
      await world.judge();
      await world.restart('power cut');
      await world.judge();
    }
  });
});
