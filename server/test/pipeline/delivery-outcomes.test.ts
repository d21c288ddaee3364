import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { DELIVERED, FakeDestination, REFUSED, RETRY, SERVER_POLICY, STOPPED } from '../support/fake-destination.ts';
import { DeliveryWorld } from './delivery-world.ts';

describe('DeliveryWorker: what a destination answers', () => {
  let world: DeliveryWorld;
  let destination: FakeDestination;
  beforeEach(() => {
    world = new DeliveryWorld();
    destination = new FakeDestination();
  });
  afterEach(() => world.end());

  const warnings = () => world.logger.at('warn').length;

  it('rule 20: retries for ever with growing waits, one warning a minute, and says when it is over', async () => {
    await world.clients(2);
    destination.isReachable = false;
    destination.answer = () => RETRY;
    const worker = world.start({ destination });
    await world.clock.advance(600_000);
    assert.ok(warnings() >= 8 && warnings() <= 11, `${warnings()} warnings`);
    assert.ok(destination.handed.length < 40, `${destination.handed.length} attempts`);
    assert.ok(destination.handed.every((batch) => batch.length === 2));
    const { state, lagEvents, lagSeconds, retried, lastError } = worker.status();
    assert.equal(state, 'retrying');
    assert.equal(lagEvents, 2);
    assert.equal(lagSeconds, 600);
    assert.equal(retried, destination.handed.length);
    assert.equal(lastError?.message, 'not now');
    destination.answer = () => DELIVERED;
    await world.clock.advance(60_000);
    assert.deepEqual(destination.positions, [1, 2]);
    assert.equal(world.logger.at('info').length, 1);
    assert.equal(worker.status().state, 'idle');
  });

  it('honours Retry-After', async () => {
    await world.clients(1);
    destination.answer = (_batch, n) => (n === 1 ? { ...RETRY, afterMs: 90_000 } : DELIVERED);
    world.start({ destination });
    await world.clock.advance(89_000);
    assert.equal(destination.handed.length, 1);
    await world.clock.advance(1500);
    assert.equal(destination.handed.length, 2);
  });

  it('rule 20: a batch that is retried while the destination answers is halved; nothing becomes a dead letter', async () => {
    await world.clients(8);
    destination.answer = (batch) => (batch.rows.length > 2 ? RETRY : DELIVERED);
    world.start({ destination });
    await world.clock.advance(300_000);
    assert.deepEqual(destination.positions, [1, 2, 3, 4, 5, 6, 7, 8]);
    assert.deepEqual(world.cursors.deadLetters, []);
    assert.ok(destination.checks > 0);
  });

  it('rule 20: one event that is always retried is not given up', async () => {
    await world.clients(3);
    destination.answer = (batch) => (batch.rows.some((r) => r.position === 2) ? RETRY : DELIVERED);
    world.start({ destination });
    await world.clock.advance(3_600_000);
    assert.deepEqual(destination.positions, [1]);
    assert.deepEqual(world.cursors.deadLetters, []);
    assert.equal(world.logger.at('warn').at(-1)?.fields.eventId, 'e2');
  });

  it('rule 20: a file destination is never halved for a retry', async () => {
    await world.clients(4);
    destination.answer = () => RETRY;
    world.start({ destination, policy: { ...SERVER_POLICY, flushOnStop: true } });
    await world.clock.advance(300_000);
    assert.ok(destination.handed.length > 20);
    assert.ok(destination.handed.every((batch) => batch.length === 4));
    assert.equal(destination.checks, 0);
  });

  it('rule 20: a refused batch is halved down to the bad event, which becomes a dead letter with its envelope', async () => {
    await world.clients(9);
    destination.answer = (batch) => (batch.rows.some((r) => r.position === 6) ? REFUSED : DELIVERED);
    const worker = world.start({ destination });
    await world.clock.advance(0);
    assert.deepEqual(destination.positions, [1, 2, 3, 4, 5, 7, 8, 9]);
    assert.equal(world.cursors.deadLetters.length, 1);
    const [letter] = world.cursors.deadLetters;
    assert.equal(letter?.eventId, 'e6');
    assert.equal(letter?.range.first, 6);
    assert.equal(JSON.parse(letter?.envelope ?? '{}').eventId, 'e6');
    assert.equal(letter?.error.code, 'ROW_NOT_ENCODABLE');
    assert.equal(worker.status().delivered, 8);
    assert.equal(worker.status().rejected, 1);
    assert.equal(world.committed(), 9);
  });

  it('rule 20: when everything is refused in a row, the destination stops instead of emptying the log', async () => {
    await world.clients(500);
    destination.answer = () => REFUSED;
    const worker = world.start({ destination });
    await world.clock.advance(3_600_000);
    assert.equal(worker.status().state, 'stopped');
    assert.equal(worker.status().lastError?.code, 'DESTINATION_REFUSES_ALL');
    assert.equal(world.cursors.deadLetters.length, 10);
    assert.equal(world.committed(), 10);
    destination.answer = () => DELIVERED;
    await world.clock.advance(60_000);
    assert.equal(world.committed(), 500);
    assert.equal(destination.stored.size, 490);
  });

  it('rule 20: a delivery that rejects every row stops too', async () => {
    await world.clients(50);
    destination.answer = (batch) => ({
      kind: 'delivered',
      rejected: batch.rows.map((r) => ({ position: r.position, error: REFUSED.error })),
    });
    const worker = world.start({ destination });
    await world.clock.advance(0);
    assert.equal(worker.status().state, 'stopped');
    assert.equal(world.committed(), 0);
    assert.deepEqual(world.cursors.deadLetters, []);
  });

  it('rejections of a delivery are committed with its cursor', async () => {
    await world.clients(3);
    destination.answer = (batch) => ({
      kind: 'delivered',
      rejected: [{ position: batch.range.first, error: REFUSED.error }],
    });
    world.start({ destination });
    await world.clock.advance(0);
    assert.deepEqual(destination.positions, [2, 3]);
    assert.deepEqual(
      world.cursors.deadLetters.map((d) => d.range.first),
      [1],
    );
  });

  it('a stopped destination is tried again every minute, one log line a minute', async () => {
    await world.clients(1);
    destination.answer = () => STOPPED;
    const worker = world.start({ destination });
    await world.clock.advance(300_000);
    assert.equal(worker.status().state, 'stopped');
    assert.equal(destination.handed.length, 6);
    assert.ok(Math.abs(world.logger.at('error').length - 6) <= 1);
  });

  it('a throw is a defect: logged once with its stack, tried again with back-off', async () => {
    await world.clients(1);
    destination.answer = (_batch, n) => {
      if (n < 4) throw new TypeError('undefined is not a function');
      return DELIVERED;
    };
    world.start({ destination });
    await world.clock.advance(60_000);
    assert.deepEqual(destination.positions, [1]);
    assert.equal(world.logger.at('error').length, 1);
    assert.match(String(world.logger.at('error')[0]?.fields.stack), /delivery-outcomes\.test/);
  });
});
