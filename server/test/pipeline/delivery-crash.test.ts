import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import {
  FakeDestination,
  FakeFileDestination,
  FakeFiles,
  FILE_POLICY,
  RETRY,
  SERVER_POLICY,
} from '../support/fake-destination.ts';
import { DeliveryWorld } from './delivery-world.ts';

const STEPS = [
  'begin before',
  'begin after',
  'written',
  'prepare before',
  'prepare after',
  'published',
  'removed',
  'commit before',
  'commit after',
];

describe('a delivery killed between every two steps', () => {
  let world: DeliveryWorld;
  let files: FakeFiles;
  let life: { isKilled: boolean };
  beforeEach(() => {
    world = new DeliveryWorld();
    files = new FakeFiles();
  });
  afterEach(() => world.end());

  /** A process that dies at the `occurrence`th time of `fatal`; from then on nothing it does has any effect. */
  function startProcess(fatal: string | undefined, occurrence = 1, maxBatchSize = 3): void {
    const mine = { isKilled: false };
    life = mine;
    let left = occurrence;
    const step = (name: string) => {
      if (name === fatal && --left === 0) mine.isKilled = true;
      if (mine.isKilled) throw new Error('killed');
    };
    world.cursors.onStep = (name, when) => step(`${name} ${when}`);
    const destination = new FakeFileDestination(files, step);
    world.start({ destination, policy: { ...FILE_POLICY, maxBatchSize } });
  }

  for (const fatal of STEPS) {
    for (const occurrence of [1, 2]) {
      it(`rules 18, 19: killed at "${fatal}", batch ${occurrence}: every event in one file, in order`, async () => {
        await world.clients(8);
        startProcess(fatal, occurrence);
        await world.clock.advance(0);
        assert.equal(life.isKilled, true);
        await world.end();
        startProcess(undefined, 1, 5);
        await world.clock.advance(0);
        assert.deepEqual(files.positions, [1, 2, 3, 4, 5, 6, 7, 8]);
        assert.equal(world.committed(), 8);
        assert.equal(new Set(files.published.map((f) => f.path)).size, files.published.length);
      });
    }
  }

  it('rule 19: the part belongs to the day on which the batch was first begun', async () => {
    await world.clients(2);
    startProcess('written');
    await world.clock.advance(0);
    await world.end();
    await world.clock.advance(20 * 3_600_000);
    startProcess(undefined);
    await world.client('tomorrow');
    await world.clock.advance(1000);
    assert.deepEqual(
      files.published.map((f) => f.path),
      ['20261123_part1', '20261124_part1'],
    );
  });

  it('rule 19: a wall clock that steps back to yesterday: part numbers of that day go on', async () => {
    await world.clients(1);
    startProcess(undefined);
    await world.clock.advance(0);
    world.clock.stepWallClock(86_400_000);
    await world.clients(1, 'tomorrow');
    await world.clock.advance(0);
    world.clock.stepWallClock(-86_400_000);
    await world.clients(1, 'again');
    await world.clock.advance(0);
    assert.deepEqual(
      files.published.map((f) => f.path),
      ['20261123_part1', '20261124_part1', '20261123_part2'],
    );
  });

  it('a directory that is not writable for an hour: events wait, one warning a minute, one batch in memory', async () => {
    const destination = new FakeFileDestination(files);
    destination.answer = () => RETRY;
    const worker = world.start({ destination, policy: { ...FILE_POLICY, maxBatchSize: 10 } });
    for (let minute = 0; minute < 60; minute++) {
      await world.clients(5, `${minute}-`);
      await world.clock.advance(60_000);
    }
    const { length: warnings } = world.logger.at('warn');
    assert.ok(warnings >= 55 && warnings <= 61, `${warnings} warnings`);
    assert.equal(worker.status().lagEvents, 300);
    destination.answer = () => ({ kind: 'delivered', rejected: [] });
    await world.clock.advance(6000);
    assert.equal(files.positions.length, 300);
    assert.equal(worker.status().lagEvents, 0);
  });

  it('rule 18: a server gets the begun range again and holds each event once', async () => {
    await world.clients(5);
    const server = new FakeDestination();
    let isKilled = false;
    world.cursors.onStep = (step, when) => {
      if (step === 'commit' && when === 'before' && !isKilled) {
        isKilled = true;
        throw new Error('killed');
      }
    };
    world.start({ destination: server, policy: { ...SERVER_POLICY, maxBatchSize: 2 } });
    await world.clock.advance(0);
    await world.end();
    world.start({ destination: server, policy: SERVER_POLICY });
    await world.clock.advance(0);
    assert.deepEqual(server.handed, [
      [1, 2],
      [1, 2],
      [3, 4, 5],
    ]);
    assert.deepEqual(server.positions, [1, 2, 3, 4, 5]);
  });

  it('rules 9, 19: what was prepared is published although its lines cannot be read any more', async () => {
    await world.clients(2);
    startProcess('prepare after');
    await world.clock.advance(0);
    await world.end();
    world.log.damage(1, 2);
    startProcess(undefined);
    await world.clock.advance(0);
    assert.deepEqual(files.positions, [1, 2]);
    assert.equal(world.committed(), 2);
  });
});
