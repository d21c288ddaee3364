import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { SqliteStateStore } from '../../src/adapters/state-sqlite/sqlite-state-store.ts';
import { CodedError } from '../../src/domain/errors.ts';
import { type Sequence, sequence } from '../../src/domain/sequence.ts';
import {
  type ConfiguredDestination,
  type StartedDestinations,
  startDestinations,
} from '../../src/pipeline/destination-startup.ts';
import { FakeDestination } from '../support/fake-destination.ts';
import { DeliveryWorld } from './delivery-world.ts';

const PARQUET: ConfiguredDestination = { name: 'parquet', type: 'parquet' };
const JSON_FROM_NOW: ConfiguredDestination = { name: 'json', type: 'json', startFrom: 'now' };

describe('startDestinations', () => {
  let world: DeliveryWorld;
  let store: SqliteStateStore;
  let folder: string;
  beforeEach(() => {
    world = new DeliveryWorld();
    folder = mkdtempSync(join(tmpdir(), 'audit-startup-'));
    store = new SqliteStateStore(join(folder, 'durable.sqlite'), world.clock);
  });
  afterEach(async () => {
    await world.end();
    store.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('rule 11: what a destination is known to hold is not given to it again, until somebody decides', async () => {
    await world.clients(9);
    const startHolding = (upTo: number) =>
      startDestinations({
        ...world,
        configured: [PARQUET],
        logId: 'log',
        state: store,
        holdsUpTo: async () => sequence(upTo),
      });
    const { held } = await startHolding(5);
    assert.equal(held.get('parquet')?.code, 'CURSOR_BEHIND_DELIVERY', 'a new database');
    assert.equal((await startHolding(5)).held.size, 1);
    store.destinations.restartAt('parquet', sequence(2));
    assert.equal((await startHolding(5)).held.size, 0);
    assert.equal((await startHolding(5)).held.size, 0, 'the decision stands while nothing was delivered since');
    assert.equal((await startHolding(6)).held.size, 1, 'more than was decided about');
  });

  it('rule 11: one that does not say what it holds keeps nobody waiting, and is given nothing until it does', async () => {
    await world.clients(9);
    const json = { name: 'json', type: 'json' };
    const begin = async (answer: Promise<Sequence | undefined>) => {
      const holdsUpTo = async (name: string) => (name === 'parquet' ? answer : undefined);
      const starting = startDestinations({
        ...world,
        configured: [PARQUET, json],
        logId: 'log',
        state: store,
        holdsUpTo,
      });
      await world.clock.advance(2000);
      return starting;
    };
    const nothing = Promise.withResolvers<undefined>();
    const first = await begin(nothing.promise);
    assert.deepEqual(first.running, ['json']);
    assert.equal(committed('parquet'), 0, 'registered all the same');
    nothing.resolve(undefined);
    assert.equal(await first.silent.get('parquet'), undefined);

    store.cursors.commit('parquet', { first: sequence(1), last: sequence(4) }, []);
    const same = Promise.withResolvers<Sequence>();
    const second = await begin(same.promise);
    same.resolve(sequence(4));
    assert.equal(await second.silent.get('parquet'), undefined);

    const more = Promise.withResolvers<Sequence>();
    const third = await begin(more.promise);
    more.resolve(sequence(5));
    assert.equal((await third.silent.get('parquet'))?.code, 'CURSOR_BEHIND_DELIVERY');
    const fourth = await begin(Promise.withResolvers<undefined>().promise);
    assert.equal(fourth.held.get('parquet')?.code, 'CURSOR_BEHIND_DELIVERY', 'and it stays so');
    assert.equal(fourth.silent.size, 0);
  });

  function start(configured: readonly ConfiguredDestination[], logId = 'log'): Promise<StartedDestinations> {
    return startDestinations({ ...world, configured, logId, state: store });
  }
  const committed = (name: string) => store.cursors.load(name)?.committed;
  const records = () => world.log.written.filter((line) => line.type === 'server.destination.added');

  it('rule 16: stores where each new destination begins, with a record', async () => {
    await world.clients(5);
    const { running } = await start([PARQUET, JSON_FROM_NOW]);
    assert.deepEqual(running, ['parquet', 'json']);
    assert.equal(committed('parquet'), 0);
    assert.equal(committed('json'), 6);
    assert.equal(records().length, 2);
    const { payload } = JSON.parse(records()[1]?.private()?.envelopeText ?? '{}');
    assert.deepEqual(payload, { destination: 'json', destinationType: 'json', startFrom: 'now', after: 6 });
  });

  it('rule 16: earliest is the oldest event that the log still holds', async () => {
    await world.clients(5);
    world.log.retainFrom(4);
    await start([PARQUET]);
    assert.equal(committed('parquet'), 3);
  });

  it('a destination that is known keeps its position', async () => {
    await start([PARQUET]);
    store.cursors.commit('parquet', { first: sequence(1), last: sequence(1) }, []);
    await world.clients(2);
    await start([PARQUET]);
    assert.equal(committed('parquet'), 1);
    assert.equal(records().length, 1);
  });

  it('rule 16: a crash between record and cursor: the record comes again with the same id', async () => {
    const { register } = store.cursors;
    store.cursors.register = () => {
      throw new Error('killed');
    };
    await assert.rejects(start([PARQUET]), /killed/);
    store.cursors.register = register;
    await start([PARQUET]);
    assert.equal(new Set(records().map((line) => line.id)).size, 1);
    assert.equal(committed('parquet'), 0);
  });

  it('a log that takes no record does not keep the server from starting', async () => {
    world.log.append = () => Promise.reject(new CodedError('EVENT_LOG_FULL', 'full'));
    const { running } = await start([PARQUET]);
    assert.deepEqual(running, ['parquet']);
    assert.equal(world.logger.at('warn').length, 1);
  });

  it('one that is no longer configured keeps its position, with a warning', async () => {
    await start([PARQUET, JSON_FROM_NOW]);
    const { running } = await start([PARQUET]);
    assert.deepEqual(running, ['parquet']);
    assert.equal(committed('json'), 1);
    assert.equal(world.logger.at('warn').at(-1)?.fields.destination, 'json');
  });

  it('rule 11: an older copy of the log: the destination stops, the others go on, and it stays so', async () => {
    await world.clients(9);
    await start([PARQUET, { name: 'json', type: 'json' }]);
    store.cursors.commit('parquet', { first: sequence(1), last: sequence(9) }, []);
    world.log.items = world.log.items.slice(0, 4);
    const { running, held } = await start([PARQUET, { name: 'json', type: 'json' }]);
    assert.deepEqual(running, ['json']);
    assert.equal(held.get('parquet')?.code, 'CURSOR_BEYOND_LOG');
    assert.ok(world.logger.at('error').length >= 2);
    await world.clients(20);
    const later = await start([PARQUET, { name: 'json', type: 'json' }]);
    assert.deepEqual(later.running, ['json']);
    store.destinations.restartAt('parquet', sequence(4));
    assert.deepEqual((await start([PARQUET])).running, ['parquet']);
  });

  it('rule 11: another log stops every destination', async () => {
    await world.clients(3);
    await start([PARQUET]);
    const { running, held } = await start([PARQUET], 'other');
    assert.deepEqual(running, []);
    assert.equal(held.get('parquet')?.code, 'LOG_REPLACED');
  });

  it('rule 11: what retention has taken is told, and becomes one dead letter', async () => {
    await world.clients(6);
    await start([PARQUET]);
    world.log.retainFrom(4);
    const { running } = await start([PARQUET]);
    assert.deepEqual(running, ['parquet']);
    const destination = new FakeDestination();
    world.start({ name: 'parquet', cursors: store.cursors, destination });
    await world.clock.advance(0);
    assert.deepEqual(destination.positions, [4, 5, 6]);
    const letters = store.deadLetters.list({}, { limit: 9 });
    assert.deepEqual(
      letters.map((l) => [l.range.first, l.range.last, l.code]),
      [[1, 3, 'EVENTS_NOT_RETAINED']],
    );
  });
});
