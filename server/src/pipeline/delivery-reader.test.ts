import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { DeliveryWorld, envelope } from '../../test/pipeline/delivery-world.ts';
import { sequence } from '../domain/sequence.ts';
import { DeliveryReader, type DeliveryReaderOptions } from './delivery-reader.ts';

describe('DeliveryReader', () => {
  let world: DeliveryWorld;
  beforeEach(() => {
    world = new DeliveryWorld();
  });

  /** `position:sequence of the event` for rows, `first-last:code` for rejections. */
  async function read(after = 0, upTo = 1000, options: Partial<DeliveryReaderOptions> = {}): Promise<string[]> {
    const reader = new DeliveryReader({ log: world.log, facts: world.facts, ...options });
    const { entries } = await reader.read(sequence(after), sequence(upTo), { events: 1000, bytes: 1_000_000 });
    return entries.map((entry) =>
      entry.kind === 'row'
        ? `${entry.row.position}:${entry.row.record.sequence}`
        : `${entry.rejection.range.first}-${entry.rejection.range.last}:${entry.rejection.error.code}`,
    );
  }

  it('rule 14: an event stands at its own position, one that awaits a screenshot at its first outcome', async () => {
    await world.client('a');
    await world.client('b', { awaits: 'screenshot' });
    await world.client('c');
    await world.outcome(2, 'failed');
    await world.client('d');
    assert.deepEqual(await read(), ['1:1', '3:3', '4:2', '5:5']);
  });

  it('rule 14: an event whose outcome is not there yet is not read', async () => {
    await world.client('a', { awaits: 'screenshot' });
    await world.client('b');
    assert.deepEqual(await read(), ['2:2']);
  });

  it('rule 14: the row of an awaiting event says what became of the picture', async () => {
    await world.client('a', { awaits: 'screenshot' });
    await world.outcome(1, 'saved');
    const reader = new DeliveryReader({ log: world.log, facts: world.facts });
    const { entries } = await reader.read(sequence(0), sequence(9), { events: 9, bytes: 9000 });
    assert.equal(entries[0]?.kind === 'row' ? entries[0].row.record.screenshotSavedPaths : undefined, '["1.png"]');
  });

  it('rule 14: reads an event that stands far before its outcome', async () => {
    await world.client('a', { awaits: 'screenshot' });
    await world.clients(5);
    await world.outcome(1, 'saved');
    assert.deepEqual(await read(6), ['7:1']);
  });

  it('rule 14: a late picture is a row of its own, a late failure is nothing', async () => {
    await world.client('a', { awaits: 'screenshot' });
    await world.outcome(1, 'failed');
    await world.outcome(1, 'saved');
    await world.outcome(1, 'failed', 'another');
    assert.deepEqual(await read(), ['2:1', '3:3']);
  });

  it('rule 13: a repeat is silent, a conflict is a dead letter with its envelope', async () => {
    await world.client('a');
    await world.client('a');
    await world.client('a', { envelope: envelope('a', 'other') });
    assert.deepEqual(await read(), ['1:1', '3-3:EVENT_ID_CONFLICT']);
  });

  it('rule 13: client and server ids are told apart', async () => {
    await world.serverRecord('server.file.written');
    await world.client('server.file.written-0');
    assert.deepEqual(await read(), ['2:2']);
  });

  it('a conflict is delivered where a person has asked for it', async () => {
    await world.client('a');
    await world.client('a', { envelope: envelope('a', 'other') });
    assert.deepEqual(await read(0, 9, { conflicts: 'deliver' }), ['1:1', '2:2']);
    const reader = new DeliveryReader({ log: world.log, facts: world.facts, conflicts: 'deliver' });
    const { entries } = await reader.read(sequence(0), sequence(9), { events: 9, bytes: 9000 });
    const marks = entries.map((entry) => (entry.kind === 'row' ? entry.row.isConflict : entry.kind));
    assert.deepEqual(marks, [undefined, true]);
  });

  it('rule 13: the first of an id awaits, its repeat settles nothing', async () => {
    await world.client('a', { awaits: 'screenshot' });
    await world.client('a');
    await world.outcome(1, 'saved');
    assert.deepEqual(await read(), ['3:1']);
  });

  it('rule 9: each damaged range is a dead letter, clipped to what was asked for', async () => {
    await world.clients(6);
    world.log.damage(2, 4);
    assert.deepEqual(await read(), ['1:1', '2-4:EVENT_LOG_DAMAGED', '5:5', '6:6']);
    assert.deepEqual(await read(2, 3), ['3-3:EVENT_LOG_DAMAGED']);
  });

  it('rule 9: an awaiting event that was damaged before its outcome came is a dead letter at the outcome', async () => {
    await world.client('a', { awaits: 'screenshot' });
    await world.outcome(1, 'saved');
    world.log.damage(1);
    assert.deepEqual(await read(1), ['2-2:EVENT_LOG_DAMAGED']);
  });

  it('rule 11: what retention has taken is a dead letter for the range', async () => {
    await world.clients(5);
    world.log.retainFrom(4);
    assert.deepEqual(await read(), ['1-3:EVENTS_NOT_RETAINED', '4:4', '5:5']);
    assert.deepEqual(await read(0, 2), ['1-2:EVENTS_NOT_RETAINED']);
  });

  it('server records are skipped unless the destination asks for them', async () => {
    await world.serverRecord('server.synced');
    await world.serverRecord('server.file.written');
    assert.deepEqual(await read(), []);
    assert.deepEqual(await read(0, 9, { wants: (type) => type === 'server.file.written' }), ['2:2']);
  });

  it('rule 6: reads no further than head and deduplicator', async () => {
    await world.clients(3);
    world.facts.seenTo(2);
    assert.deepEqual(await read(), ['1:1', '2:2']);
  });
});
