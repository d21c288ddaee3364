import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { settle } from '../support/fake-clock.ts';
import type { DiskCall } from '../support/fault-file-system.ts';
import { LOG_DIRECTORY, LogWorld, readAll } from '../support/log-world.ts';

const MEBIBYTE = 1024 * 1024;
const isLog = ({ path }: DiskCall) => path.endsWith('.ndjson');

describe('rule 8: little space', () => {
  test('below minFreeBytes client events are refused and server records are not; space back, no restart', async () => {
    const world = await new LogWorld({ minFreeBytes: 1000 }).open();
    world.disk.free = 999;
    await world.clock.advance(1500);
    assert.equal(world.log.pressure().refusing, 'full');
    assert.equal(await world.append([world.entry()]), 'EVENT_LOG_FULL');
    assert.equal(await world.append([world.serverEntry('a')]), undefined);
    assert.equal(await world.append([world.serverEntry('b'), world.entry()]), 'EVENT_LOG_FULL');
    world.disk.free = 1020;
    await world.clock.advance(1500);
    assert.equal(world.log.pressure().refusing, 'full', 'a little more is not enough: the state would flutter');
    world.disk.free = 2000;
    await world.clock.advance(1500);
    assert.equal(world.log.pressure().refusing, undefined);
    assert.equal(await world.append([world.entry()]), undefined);
    await world.judge();
  });

  test('is looked at before a segment begins', async () => {
    const world = await new LogWorld({ minFreeBytes: 1000, segmentBytes: 400 }).open();
    await world.send(1);
    world.disk.free = 10;
    assert.equal(await world.append([world.entry()]), 'EVENT_LOG_FULL');
    await world.judge();
  });

  test('ENOSPC in a write: refused with EVENT_LOG_FULL, nothing acknowledged lost, goes on by itself', async () => {
    const world = await new LogWorld().open();
    await world.send(2);
    world.disk.fault = (_, call) => (call.operation === 'write' && isLog(call) ? 'no space' : undefined);
    assert.equal(await world.append([world.entry()]), 'EVENT_LOG_FULL');
    await world.clock.advance(3000);
    await world.send(2);
    assert.equal(world.refused.size, 3);
    assert.equal(world.log.pressure().refusing, 'full');
    world.disk.fault = () => undefined;
    await world.clock.advance(3000);
    await world.send(1);
    assert.equal(world.refused.size, 3);
    await world.judge();
    await (await world.restart('power cut')).judge();
  });

  test('a short write is a full disk to the client', async () => {
    const world = await new LogWorld().open();
    world.disk.fault = (_, call) => (call.operation === 'write' && isLog(call) ? 'short write' : undefined);
    assert.equal(await world.append([world.entry()]), 'EVENT_LOG_FULL');
  });

  test('server records live on the reserve when nothing else is left', async () => {
    const world = await new LogWorld({ reserveBytes: 3 * MEBIBYTE }).open();
    await world.send(1);
    const reserve = () => world.disk.bytes(join(LOG_DIRECTORY, 'reserve.bin')).length;
    assert.equal(reserve(), 3 * MEBIBYTE);
    // each slice of the reserve makes room for one write
    let room = 0;
    world.disk.fault = (_, call) => {
      if (call.operation === 'truncate' && call.path.endsWith('reserve.bin')) room++;
      if (call.operation !== 'write' || !isLog(call)) return undefined;
      if (room === 0) return 'no space';
      room--;
      return undefined;
    };
    assert.equal(await world.append([world.entry()]), 'EVENT_LOG_FULL');
    assert.equal(await world.append([world.serverEntry('skipped')]), undefined);
    assert.equal(reserve(), 2 * MEBIBYTE);
    for (const about of ['b', 'c', 'd']) await world.append([world.serverEntry(about)]);
    assert.equal(reserve(), 0);
    const types = (await readAll(world.log)).map((item) => item.kind === 'event' && item.type);
    assert.deepEqual(types, ['audit.event', 'server.test', 'server.test', 'server.test']);
    world.disk.fault = () => undefined;
    await world.clock.advance(2500);
    assert.equal(reserve(), 3 * MEBIBYTE, 'filled again');
    await world.judge();
  });

  test('events get nothing of what the reserve gives up, however low the limit is', async () => {
    const world = await new LogWorld({ reserveBytes: 3 * MEBIBYTE, minFreeBytes: 0 }).open();
    const reserve = () => world.disk.bytes(join(LOG_DIRECTORY, 'reserve.bin')).length;
    await world.send(1);
    world.disk.free = 1000;
    await world.clock.advance(1100);
    assert.equal(reserve(), 2 * MEBIBYTE);
    world.disk.free = 1000 + MEBIBYTE; // the slice that was given up
    await world.clock.advance(3000);
    assert.equal(world.log.pressure().refusing, 'full');
    assert.equal(await world.append([world.entry()]), 'EVENT_LOG_FULL');
    assert.equal(await world.append([world.serverEntry('a')]), undefined);
    assert.equal(reserve(), 2 * MEBIBYTE);
    world.disk.free = 3 * MEBIBYTE;
    await world.clock.advance(1100);
    assert.equal(reserve(), 3 * MEBIBYTE, 'filled again first');
    assert.equal(await world.append([world.entry()]), undefined);
    await world.judge();
  });

  test('a start on a disk that the reserve alone keeps from being full takes no events', async () => {
    const world = await new LogWorld({ reserveBytes: 3 * MEBIBYTE, minFreeBytes: 0 }).open();
    await world.send(1);
    world.disk.free = 0;
    const next = await world.restart('kill');
    assert.equal(await next.append([next.entry()]), 'EVENT_LOG_FULL');
    await next.judge();
  });

  test('the reserve is given up for the durable database, too: it stands on the same disk', async () => {
    const world = await new LogWorld({ reserveBytes: 3 * MEBIBYTE, minFreeBytes: 10 * MEBIBYTE }).open();
    world.disk.free = 1000;
    await world.clock.advance(2100);
    assert.equal(world.disk.bytes(join(LOG_DIRECTORY, 'reserve.bin')).length, MEBIBYTE);
  });
});

describe('rule 5: what cannot be cut back', () => {
  test('while it cannot, everything is refused; the cut is tried again, and events are taken', async () => {
    const world = await new LogWorld().open();
    await world.send(1);
    let isBroken = true;
    world.disk.fault = (_, call) => (isBroken && call.operation !== 'write' && isLog(call) ? 'lying sync' : undefined);
    assert.equal(await world.append([world.entry()]), 'EVENT_LOG_WRITE_FAILED');
    assert.equal(world.log.pressure().refusing, 'failed');
    assert.equal(await world.append([world.serverEntry('a')]), 'EVENT_LOG_WRITE_FAILED');
    await world.clock.advance(10_000);
    assert.equal(world.log.pressure().refusing, 'failed');
    isBroken = false;
    await world.clock.advance(1500);
    assert.equal(world.log.pressure().refusing, undefined);
    await world.send(2);
    await world.judge();
    await (await world.restart('power cut')).judge();
  });

  test('a disk that fails every write is told once a minute, with a count; pressure says so until it works again', async () => {
    const world = await new LogWorld().open();
    await world.send(1);
    await world.clock.advance(1500); // rule 7: nothing more is written by itself
    const told = () =>
      world.logger.lines.filter(({ message }) => message.startsWith('a write to the event log failed'));
    world.disk.fault = (_, call) => (call.operation === 'write' && isLog(call) ? 'fails before' : undefined);
    for (let i = 0; i < 50; i++) assert.equal(await world.append([world.entry()]), 'EVENT_LOG_WRITE_FAILED');
    assert.deepEqual(
      told().map(({ fields }) => fields.times),
      [1],
    );
    assert.deepEqual([world.log.pressure().refusing, world.log.pressure().isFailing], [undefined, true]);
    await world.clock.advance(6000);
    assert.equal(world.log.pressure().isFailing, false, 'nobody sends: nobody knows');
    await world.clock.advance(60_000);
    assert.deepEqual(
      told().map(({ fields }) => fields.times),
      [1, 49],
    );
    assert.equal(await world.append([world.entry()]), 'EVENT_LOG_WRITE_FAILED');
    assert.equal(world.log.pressure().isFailing, true);
    world.disk.fault = () => undefined;
    await world.send(1);
    assert.equal(world.log.pressure().isFailing, false);
    await world.judge();
  });

  test('what waited behind a failed batch is written, in a new segment', async () => {
    const world = await new LogWorld().open();
    await world.send(1);
    world.disk.fault = (_, call) => (call.operation === 'sync' && isLog(call) ? 'stuck' : undefined);
    const first = world.send(1);
    await settle();
    const second = world.send(2);
    await settle();
    assert.equal(world.log.pressure().waitingEvents, 2);
    let failed = false;
    world.disk.fault = (_, call) => {
      if (failed || call.operation !== 'sync') return undefined;
      failed = true;
      return 'fails before';
    };
    world.disk.unstick();
    await Promise.all([first, second]);
    assert.equal(world.refused.size, 2, 'the two that formed the next batch');
    await world.send(1);
    assert.deepEqual(
      world.disk.names(LOG_DIRECTORY).filter((name) => name.endsWith('.ndjson')),
      ['0000000000000001.ndjson', '0000000000000003.ndjson'],
    );
    await world.judge();
  });
});

describe('rule 4: one write under way', () => {
  test('what arrives meanwhile is one batch; calls are not split; a stuck disk shows as pressure', async () => {
    const world = await new LogWorld().open();
    await world.send(1);
    world.disk.fault = (_, call) => (call.operation === 'sync' ? 'stuck' : undefined);
    const under = world.send(1);
    await settle();
    const before = world.disk.calls.length;
    const waiting = [world.send(3), world.send(1, 5), world.send(2)];
    await settle();
    await world.clock.advance(1500);
    const { waitingEvents, waitingBytes, writeUnderWayMs, refusing } = world.log.pressure();
    assert.deepEqual([waitingEvents, writeUnderWayMs, refusing], [10, 1500, undefined]);
    assert.ok(waitingBytes > 10 * 100);
    assert.equal(world.disk.calls.length, before, 'nothing else is written meanwhile');
    assert.equal(world.acknowledged.size, 1, 'nothing is acknowledged before the sync');
    world.disk.fault = () => undefined;
    world.disk.unstick();
    await Promise.all([under, ...waiting]);
    const after = world.disk.calls.slice(before).map(({ operation }) => operation);
    assert.deepEqual(after, ['write', 'sync']);
    assert.equal(world.log.pressure().writeUnderWayMs, 0);
    await world.judge();
  });

  test('rule 6: a reader sees nothing of a batch before its sync, and nothing of one that failed', async () => {
    const world = await new LogWorld().open();
    await world.send(1);
    world.disk.fault = (_, call) => (call.operation === 'sync' ? 'stuck' : undefined);
    const under = world.send(1);
    await settle();
    assert.equal((await readAll(world.log)).length, 1);
    world.disk.fault = () => 'fails before';
    world.disk.unstick();
    world.disk.fault = () => undefined;
    await under;
    await world.send(1);
    await world.judge();
  });

  test('a batch larger than the usual buffer, and one line larger than any chunk of a reader', async () => {
    const world = await new LogWorld().open();
    await world.send(3, 20, 60_000);
    await world.send(1, 1, 3_000_000);
    await world.send(2);
    await world.judge();
    await (await world.restart()).judge();
  });
});
