import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { FakeDestination, FILE_POLICY, RETRY, SERVER_POLICY } from '../support/fake-destination.ts';
import { DeliveryWorld } from './delivery-world.ts';

describe('stopping a DeliveryWorker', () => {
  let world: DeliveryWorld;
  let destination: FakeDestination;
  beforeEach(() => {
    world = new DeliveryWorld();
    destination = new FakeDestination();
  });
  afterEach(() => world.end());

  const slow = { ...FILE_POLICY, writeFrequencyMs: 60_000 };

  it('a file destination delivers what waits, and closes', async () => {
    await world.clients(5);
    const worker = world.start({ destination, policy: { ...slow, maxBatchSize: 3 } });
    await world.clock.advance(0);
    await world.clients(2, 'late');
    await worker.stop({ flush: true, deadlineMs: 4000 });
    assert.deepEqual(destination.handed, [[1, 2, 3], [4, 5, 6], [7]]);
    assert.equal(world.committed(), 7);
    assert.equal(destination.closed, 1);
  });

  it('a flush waits for the deduplicator, not for events that come after it began', async () => {
    await world.clients(3);
    world.facts.seenTo(1);
    const worker = world.start({ destination, policy: slow });
    await world.clock.advance(0);
    const stopped = worker.stop({ flush: true, deadlineMs: 4000 });
    await world.clients(2, 'late');
    world.facts.seenTo(undefined);
    await world.clock.advance(1000);
    await stopped;
    assert.deepEqual(destination.positions, [1, 2, 3]);
  });

  it('a server destination leaves what waits for the next start', async () => {
    await world.clients(2);
    const worker = world.start({ destination, policy: { ...SERVER_POLICY, writeFrequencyMs: 60_000 } });
    await world.clock.advance(0);
    await worker.stop({ flush: true, deadlineMs: 4000 });
    assert.deepEqual(destination.handed, []);
    assert.equal(world.committed(), 0);
  });

  it('a destination that hangs does not hold the stop; the next start repeats what was begun', async () => {
    await world.clients(4);
    destination.answer = () => new Promise(() => undefined);
    destination.close = () => new Promise(() => undefined);
    const worker = world.start({ destination, policy: { ...FILE_POLICY, attemptTimeoutMs: 600_000 } });
    await world.clock.advance(0);
    let isStopped = false;
    void worker.stop({ flush: true, deadlineMs: 4000 }).then(() => {
      isStopped = true;
    });
    await world.clock.advance(3999);
    assert.equal(isStopped, false);
    await world.clock.advance(2);
    assert.equal(isStopped, true);
    await worker.run();
    const again = new FakeDestination();
    world.start({ destination: again, policy: FILE_POLICY });
    await world.clock.advance(0);
    assert.deepEqual(again.handed, [[1, 2, 3, 4]]);
  });

  it('the attempt under way may end in its own time', async () => {
    await world.clients(1);
    destination.answer = async (_batch, _n, signal) => {
      await world.clock.sleep(3000, signal);
      return { kind: 'delivered', rejected: [] };
    };
    const worker = world.start({ destination });
    await world.clock.advance(0);
    const stopped = worker.stop({ flush: true, deadlineMs: 4000 });
    await world.clock.advance(3000);
    await stopped;
    assert.equal(world.committed(), 1);
  });

  it('a destination in back-off is left at once', async () => {
    await world.clients(1);
    destination.answer = () => RETRY;
    const worker = world.start({ destination, policy: FILE_POLICY });
    await world.clock.advance(10);
    await worker.stop({ flush: true, deadlineMs: 4000 });
    assert.equal(destination.handed.length, 1);
  });

  it('positions that mean nothing are passed for good at the stop', async () => {
    await world.serverRecord('server.synced');
    const worker = world.start({ destination });
    await world.clock.advance(0);
    await world.serverRecord('server.synced');
    await world.clock.advance(100);
    await worker.stop({ flush: true, deadlineMs: 4000 });
    assert.equal(world.committed(), 2);
  });
});
