import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DeliveryWorld } from '../../test/pipeline/delivery-world.ts';
import { type Sequence, sequence } from '../domain/sequence.ts';
import { settleScreenshots } from './settle-screenshots.ts';

describe('rule 14: screenshots switched off', () => {
  async function settle(world: DeliveryWorld): Promise<number> {
    const facts = Object.assign(world.facts, {
      unsettledAwaiting: (after: Sequence, limit: number) => unsettled(world, after).slice(0, limit),
    });
    return settleScreenshots({ log: world.log, facts, clock: world.clock }, new AbortController().signal);
  }
  function unsettled(world: DeliveryWorld, after: number): Sequence[] {
    const settled = new Set(world.log.written.map((line) => line.subject));
    return world.log.written
      .filter((line) => line.awaits !== undefined && line.seq > after && !settled.has(line.seq))
      .map((line) => line.seq);
  }

  it('settles each event that still waits, once, with reason disabled', async () => {
    const world = new DeliveryWorld();
    await world.client('a', { awaits: 'screenshot' });
    await world.client('b', { awaits: 'screenshot' });
    await world.client('c', { awaits: 'screenshot' });
    await world.outcome(2, 'saved');
    assert.equal(await settle(world), 2);
    assert.equal(await settle(world), 0);
    const records = world.log.written.slice(4);
    assert.deepEqual(
      records.map((r) => [r.type, r.subject]),
      [
        ['server.screenshot.failed', 1],
        ['server.screenshot.failed', 3],
      ],
    );
    const envelope = records[0]?.private()?.envelope as { payload: Record<string, unknown> };
    assert.equal(envelope.payload.reason, 'disabled');
    assert.equal(envelope.payload.subjectEventId, 'a');
  });

  it('the same event gets a record of the same id, whenever it is settled', async () => {
    const ids = [];
    for (const minutes of [0, 5]) {
      const world = new DeliveryWorld();
      await world.clock.advance(minutes * 60_000);
      await world.client('a', { awaits: 'screenshot' });
      await settle(world);
      ids.push(world.log.written[1]?.id);
    }
    assert.equal(ids[0], ids[1]);
  });

  it('an event that cannot be read any more is settled, so that it becomes a dead letter and holds nothing', async () => {
    const world = new DeliveryWorld();
    await world.client('a', { awaits: 'screenshot' });
    world.log.damage(1);
    assert.equal(await settle(world), 1);
    assert.equal(world.log.written[1]?.subject, sequence(1));
  });

  it('more than fit into one append', async () => {
    const world = new DeliveryWorld();
    for (let i = 0; i < 1201; i++) await world.client(`e${i}`, { awaits: 'screenshot' });
    assert.equal(await settle(world), 1201);
    assert.equal(world.log.head(), 2402);
  });
});
