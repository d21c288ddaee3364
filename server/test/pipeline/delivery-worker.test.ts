import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { CodedError } from '../../src/domain/errors.ts';
import { DELIVERED, FakeDestination, RETRY, SERVER_POLICY } from '../support/fake-destination.ts';
import { DeliveryWorld, START } from './delivery-world.ts';

describe('DeliveryWorker', () => {
  let world: DeliveryWorld;
  let destination: FakeDestination;
  beforeEach(() => {
    world = new DeliveryWorld();
    destination = new FakeDestination();
  });
  afterEach(() => world.end());

  it('delivers in log order, in batches of maxBatchSize, and moves the cursor', async () => {
    await world.clients(7);
    world.start({ destination, policy: { ...SERVER_POLICY, maxBatchSize: 3 } });
    await world.clock.advance(0);
    assert.deepEqual(destination.handed, [[1, 2, 3], [4, 5, 6], [7]]);
    assert.equal(world.committed(), 7);
  });

  it('a backlog fills its batches, also when nothing is to wait', async () => {
    await world.clients(2500);
    world.start({ destination, policy: { ...SERVER_POLICY, maxBatchSize: 2000, writeFrequencyMs: 0 } });
    await world.clock.advance(0);
    assert.deepEqual(
      destination.handed.map((batch) => batch.length),
      [2000, 500],
    );
  });

  it('cuts by bytes, and lets one large event through alone', async () => {
    for (const [i, bytes] of [600, 300, 5000, 10].entries()) {
      await world.client(`e${i}`, { envelope: JSON.stringify({ eventId: `e${i}`, filler: 'x'.repeat(bytes) }) });
    }
    world.start({ destination, policy: { ...SERVER_POLICY, maxBatchBytes: 1000 } });
    await world.clock.advance(0);
    assert.deepEqual(destination.handed, [[1, 2], [3], [4]]);
  });

  it('waits writeFrequencyMs from the oldest event on, by the monotonic clock: a stepping wall clock changes nothing', async () => {
    world.start({ destination, policy: { ...SERVER_POLICY, writeFrequencyMs: 5000 } });
    await world.clients(1);
    await world.clock.advance(3000);
    world.clock.stepWallClock(-3_600_000);
    await world.clients(1, 'later');
    await world.clock.advance(1900);
    assert.deepEqual(destination.handed, []);
    assert.equal(world.workers[0]?.status().state, 'waiting');
    await world.clock.advance(200);
    assert.deepEqual(destination.handed, [[1, 2]]);
    assert.equal(world.workers[0]?.status().lagSeconds, 0);
  });

  it('what came while a batch was delivered waits no longer for that', async () => {
    const times: number[] = [];
    destination.answer = async () => {
      times.push(world.clock.monotonicMs());
      await world.clock.sleep(800, new AbortController().signal);
      return DELIVERED;
    };
    world.start({ destination, policy: { ...SERVER_POLICY, writeFrequencyMs: 1000 } });
    for (let i = 0; i < 50; i++) {
      await world.clients(1, `at ${i}`);
      await world.clock.advance(100);
    }
    const gaps = times.slice(1).map((time, i) => time - (times[i] ?? 0));
    assert.ok(gaps.length >= 3 && gaps.every((gap) => gap <= 1150), `${gaps}`);
  });

  it('rule 14: nobody reads past what the deduplicator has seen', async () => {
    await world.clients(3);
    world.facts.seenTo(2);
    world.start({ destination });
    await world.clock.advance(0);
    assert.deepEqual(destination.positions, [1, 2]);
    world.facts.seenTo(undefined);
    await world.clock.advance(0);
    assert.deepEqual(destination.positions, [1, 2, 3]);
  });

  it('tells how old a backlog is, also while none of it is in memory', async () => {
    await world.clients(4);
    world.facts.seenTo(2);
    await world.clock.advance(60_000);
    const worker = world.start({ destination });
    await world.clock.advance(0);
    const { lagEvents, lagSeconds } = worker.status();
    assert.deepEqual([destination.positions, lagEvents, lagSeconds], [[1, 2], 2, 60]);
    world.facts.seenTo(undefined);
    await world.clock.advance(3_600_000);
    await world.clients(1, 'new');
    assert.equal(worker.status().lagSeconds, 0);
  });

  it('positions without rows move the cursor without begin, lazily', async () => {
    await world.serverRecord('server.synced');
    world.start({ destination });
    await world.clock.advance(0);
    await world.serverRecord('server.synced');
    await world.clock.advance(1000);
    assert.equal(world.committed(), 1);
    await world.clock.advance(120_000);
    assert.equal(world.committed(), 2);
    assert.deepEqual(world.cursors.begun, []);
  });

  it('rule 18: a restart repeats exactly the begun range, also when the batch settings have changed', async () => {
    await world.clients(10);
    destination.answer = () => new Promise(() => undefined);
    world.start({ destination, policy: { ...SERVER_POLICY, maxBatchSize: 4 } });
    await world.clock.advance(0);
    await world.end();
    const again = new FakeDestination();
    world.start({ destination: again, policy: { ...SERVER_POLICY, maxBatchSize: 3 } });
    await world.clock.advance(0);
    assert.deepEqual(again.handed, [
      [1, 2, 3, 4],
      [5, 6, 7],
      [8, 9, 10],
    ]);
    assert.equal(world.cursors.begun[1]?.number, 2);
  });

  it('rule 18: a begun range waits for a deduplicator that has to start anew', async () => {
    await world.clients(4);
    destination.answer = () => new Promise(() => undefined);
    world.start({ destination });
    await world.clock.advance(0);
    await world.end();
    world.facts.seenTo(2);
    const again = new FakeDestination();
    world.start({ destination: again });
    await world.clock.advance(10_000);
    assert.deepEqual(again.handed, []);
    world.facts.seenTo(undefined);
    await world.clock.advance(1000);
    assert.deepEqual(again.handed, [[1, 2, 3, 4]]);
  });

  it('rule 8: the durable database on a full disk, met while preparing, is a failure of its own name, not a defect', async () => {
    await world.clients(1);
    destination.answer = (_batch, n) => {
      if (n === 1) throw new CodedError('STATE_DATABASE_FAILED', 'durable.sqlite: database or disk is full');
      return DELIVERED;
    };
    world.start({ destination });
    await world.clock.advance(60_000);
    assert.deepEqual(destination.positions, [1]);
    assert.deepEqual(world.logger.at('error'), []);
    assert.deepEqual(
      world.logger.at('warn').map(({ fields }) => fields.code),
      ['STATE_DATABASE_FAILED'],
    );
  });

  it('a destination that never answers is given up after its time and tried again; its late answer counts for nothing', async () => {
    await world.clients(1);
    const late: ((file: boolean) => void)[] = [];
    destination.answer = (batch, n) =>
      n > 1
        ? DELIVERED
        : new Promise((_resolve, reject) => {
            late.push(() => {
              assert.throws(() => batch.prepare({ temporaryPath: '', path: '', sha256: '' }), /given up/);
              reject(new Error('late'));
            });
          });
    world.start({ destination });
    await world.clock.advance(20_000);
    assert.equal(destination.handed.length, 2);
    late[0]?.(true);
    await world.clock.advance(0);
    assert.equal(world.committed(), 1);
  });

  it('an aborted delivery that has arrived after all counts', async () => {
    await world.clients(1);
    destination.answer = (_batch, _n, signal) =>
      new Promise((resolve) => signal.addEventListener('abort', () => resolve(DELIVERED)));
    world.start({ destination });
    await world.clock.advance(11_000);
    assert.equal(destination.handed.length, 1);
    assert.equal(world.committed(), 1);
  });

  it('holds one batch in memory while a destination is down', async () => {
    await world.clients(50);
    destination.isReachable = false;
    destination.answer = () => RETRY;
    world.start({ destination, policy: { ...SERVER_POLICY, maxBatchSize: 5 } });
    let read = 0;
    const { read: original } = world.log;
    world.log.read = (after, limit) => {
      read += limit.events;
      return original.call(world.log, after, limit);
    };
    await world.clients(50, 'more');
    await world.clock.advance(600_000);
    assert.equal(read, 5);
  });

  it('rule 8: nothing is begun while exports pause', async () => {
    await world.clients(2);
    let isFull = true;
    const worker = world.start({ destination, paused: () => isFull });
    await world.clock.advance(5000);
    assert.deepEqual(world.cursors.begun, []);
    assert.equal(worker.status().lagEvents, 2);
    isFull = false;
    await world.clock.advance(1000);
    assert.deepEqual(destination.positions, [1, 2]);
  });

  it('a store that fails is asked again, and nothing is delivered past it', async () => {
    await world.clients(3);
    let failures = 3;
    world.cursors.onStep = (step, when) => {
      if (step === 'commit' && when === 'before' && failures-- > 0) throw new Error('disk full');
    };
    world.start({ destination });
    await world.clock.advance(60_000);
    assert.equal(world.committed(), 3);
    assert.deepEqual(destination.positions, [1, 2, 3]);
  });

  it('a log that cannot be read is tried again', async () => {
    await world.clients(1);
    const { read } = world.log;
    let failures = 2;
    world.log.read = (after, limit) => {
      if (failures-- > 0) return Promise.reject(new Error('EIO'));
      return read.call(world.log, after, limit);
    };
    world.start({ destination });
    await world.clock.advance(60_000);
    assert.deepEqual(destination.positions, [1]);
  });

  it('a fixed end: everything up to it at once, then finished', async () => {
    await world.clients(5);
    const worker = world.start({
      destination,
      end: 3 as never,
      policy: { ...SERVER_POLICY, writeFrequencyMs: 60_000 },
    });
    await worker.run();
    assert.equal(worker.isFinished, true);
    assert.deepEqual(destination.handed, [[1, 2, 3]]);
    assert.equal(destination.closed, 1);
  });

  it('publishes its numbers under stable names', async () => {
    await world.clients(2);
    const worker = world.start({ destination });
    await world.clock.advance(0);
    worker.publishMetrics();
    const value = (name: string, more = '') =>
      world.metrics.cells.get(`butler_sos_audit_destination_${name}{"destination":"test"${more}}`)?.value();
    assert.equal(value('delivered_total'), 2);
    assert.equal(value('rejected_total'), 0);
    assert.equal(value('retries_total'), 0);
    assert.equal(value('lag_events'), 0);
    assert.equal(value('lag_seconds'), 0);
    assert.equal(value('last_success_timestamp_seconds'), START / 1000);
    assert.equal(value('state', ',"state":"idle"'), 1);
    assert.equal(value('state', ',"state":"stopped"'), 0);
  });
});
