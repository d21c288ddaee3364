import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { CodedError } from '../../src/domain/errors.ts';
import { sequence } from '../../src/domain/sequence.ts';
import type { SkipRequest } from '../../src/pipeline/skip-request.ts';
import { DELIVERED, FakeDestination, RETRY, SERVER_POLICY, STOPPED } from '../support/fake-destination.ts';
import { DeliveryWorld } from './delivery-world.ts';

describe('rule 17: skipping a part of the log', () => {
  let world: DeliveryWorld;
  let destination: FakeDestination;
  let recorded: string[];
  beforeEach(() => {
    world = new DeliveryWorld();
    destination = new FakeDestination();
    recorded = [];
  });
  afterEach(() => world.end());

  const ask = (expected: number, through: number): SkipRequest => ({
    id: '1',
    expectedCommitted: sequence(expected),
    through: sequence(through),
    reason: 'gone for good',
    actor: 'anna',
  });
  const recordSkip = async ({ id }: SkipRequest, { first, last }: { first: number; last: number }) => {
    recorded.push(`${id} ${first}-${last} before ${world.committed()}`);
  };

  it('ends a back-off, leaves a dead letter for the range and a record, and goes on after it', async () => {
    await world.clients(6);
    destination.answer = () => RETRY;
    const worker = world.start({ destination, recordSkip });
    await world.clock.advance(1);
    destination.answer = () => DELIVERED;
    const outcome = worker.skip(ask(0, 6));
    await world.clients(1, 'later');
    await world.clock.advance(0);
    assert.deepEqual(await outcome, { kind: 'skipped', range: { first: 1, last: 6 } });
    assert.deepEqual(recorded, ['1 1-6 before 0']);
    assert.deepEqual(destination.positions, [7]);
    const [letter] = world.cursors.deadLetters;
    assert.deepEqual(letter?.range, { first: 1, last: 6 });
    assert.equal(letter?.error.code, 'DESTINATION_SKIPPED');
    assert.match(letter?.error.message ?? '', /anna.*gone for good/);
  });

  it('during an attempt: waits for it, and does nothing when the attempt has moved the cursor', async () => {
    await world.clients(2);
    let answer = (_: typeof DELIVERED) => {};
    destination.answer = () =>
      new Promise((resolve) => {
        answer = resolve;
      });
    const worker = world.start({ destination, recordSkip });
    await world.clock.advance(0);
    const outcome = worker.skip(ask(0, 2));
    await world.clock.advance(0);
    assert.equal(world.committed(), 0);
    answer(DELIVERED);
    await world.clock.advance(0);
    assert.deepEqual(await outcome, { kind: 'not-skipped', committed: 2, head: 2 });
    assert.deepEqual(recorded, []);
    assert.deepEqual(world.cursors.deadLetters, []);
  });

  it('during an attempt: what the operator did not see is not skipped', async () => {
    await world.clients(6);
    destination.answer = async (_batch, n, signal) => {
      if (n === 1) await world.clock.sleep(1000, signal);
      return n === 1 ? DELIVERED : RETRY;
    };
    const worker = world.start({ destination, recordSkip, policy: { ...SERVER_POLICY, maxBatchSize: 2 } });
    await world.clock.advance(0);
    const outcome = worker.skip(ask(0, 6));
    await world.clock.advance(1000);
    assert.deepEqual(await outcome, { kind: 'not-skipped', committed: 2, head: 6 });
    assert.deepEqual(recorded, []);
    assert.deepEqual(world.cursors.deadLetters, []);
  });

  it('asked for in the middle of a read: not overlooked until the next event', async () => {
    await world.clients(2);
    destination.answer = () => DELIVERED;
    const worker = world.start({ destination, recordSkip });
    await world.clock.advance(0);
    const { read } = world.log;
    const asked: Promise<unknown>[] = [];
    world.log.read = async () => {
      asked.push(worker.skip(ask(2, 3)));
      world.log.read = read;
      return [];
    };
    await world.clients(1, 'later');
    await world.clock.advance(0);
    assert.deepEqual(await asked[0], { kind: 'skipped', range: { first: 3, last: 3 } });
  });

  it('what was begun is skipped whole', async () => {
    await world.clients(5);
    destination.answer = () => STOPPED;
    const worker = world.start({ destination, recordSkip });
    await world.clock.advance(1);
    const outcome = worker.skip(ask(0, 2));
    await world.clock.advance(0);
    assert.deepEqual(await outcome, { kind: 'skipped', range: { first: 1, last: 5 } });
    assert.equal(worker.status().state, 'idle');
  });

  it('not beyond the log, and not backwards', async () => {
    await world.clients(2);
    const worker = world.start({ destination, recordSkip });
    await world.clock.advance(0);
    const beyond = worker.skip(ask(2, 9));
    await world.clock.advance(0);
    assert.equal((await beyond).kind, 'not-skipped');
    const backwards = worker.skip(ask(2, 1));
    await world.clock.advance(0);
    assert.equal((await backwards).kind, 'not-skipped');
  });

  it('a record that cannot be appended: nothing is skipped', async () => {
    await world.clients(2);
    destination.answer = () => RETRY;
    const worker = world.start({
      destination,
      recordSkip: () => Promise.reject(new CodedError('EVENT_LOG_WRITE_FAILED', 'no')),
    });
    await world.clock.advance(1);
    const outcome = worker.skip(ask(0, 2));
    const refused = assert.rejects(outcome, /no/);
    await world.clock.advance(0);
    await refused;
    assert.equal(world.committed(), 0);
    assert.equal(worker.status().lagEvents, 2);
  });

  it('a crash between record and commit: the same request at the next start skips the same range', async () => {
    await world.clients(3);
    destination.answer = () => RETRY;
    const first = world.start({ destination, recordSkip });
    await world.clock.advance(1);
    let isDead = false;
    world.cursors.onStep = (step) => {
      if (step === 'commit' && !isDead) {
        isDead = true;
        throw new Error('killed');
      }
    };
    const lost = assert.rejects(first.skip(ask(0, 3)));
    await world.clock.advance(0);
    await lost;
    await world.end();
    const second = world.start({ destination, recordSkip });
    const outcome = second.skip(ask(0, 3));
    await world.clock.advance(0);
    assert.equal((await outcome).kind, 'skipped');
    assert.deepEqual(recorded, ['1 1-3 before 0', '1 1-3 before 0']);
    assert.equal(world.cursors.deadLetters.length, 1);
  });

  it('a worker that has ended says so', async () => {
    const worker = world.start({ destination });
    await world.clock.advance(0);
    await worker.stop({ flush: false, deadlineMs: 1000 });
    assert.deepEqual(await worker.skip(ask(0, 1)), { kind: 'worker-gone' });
  });
});
