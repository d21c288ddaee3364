import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { SqliteStateStore } from '../../src/adapters/state-sqlite/sqlite-state-store.ts';
import { sequence } from '../../src/domain/sequence.ts';
import type { DeliveryWorker } from '../../src/pipeline/delivery-worker.ts';
import type { DeliveryPolicy } from '../../src/pipeline/ports/destination.ts';
import { type FixedRun, type FixedRunOptions, replay, retryDeadLetters } from '../../src/pipeline/replay.ts';
import {
  type Answer,
  DELIVERED,
  FakeDestination,
  FakeFileDestination,
  FakeFiles,
  FILE_POLICY,
  REFUSED,
  RETRY,
  SERVER_POLICY,
} from '../support/fake-destination.ts';
import { DeliveryWorld, envelope } from './delivery-world.ts';

let world: DeliveryWorld;
let store: SqliteStateStore;
let folder: string;
let files: FakeFiles;
/** Names under which destinations were opened, and where their files go. */
let opened: string[];
let answer: Answer;
let target: FakeDestination | FakeFileDestination;
let policy: DeliveryPolicy;
let runs: FixedRun[];

beforeEach(() => {
  world = new DeliveryWorld();
  folder = mkdtempSync(join(tmpdir(), 'audit-replay-'));
  store = new SqliteStateStore(join(folder, 'durable.sqlite'), world.clock);
  files = new FakeFiles();
  opened = [];
  runs = [];
  answer = () => DELIVERED;
  policy = { ...SERVER_POLICY, maxBatchSize: 3 };
});
afterEach(async () => {
  await Promise.all([world.end(), ...runs.map((run) => stop(run))]);
  store.close();
  rmSync(folder, { recursive: true, force: true });
});

function options(): FixedRunOptions {
  return {
    ...world,
    cursors: store.cursors,
    destinations: store.destinations,
    deadLetters: store.deadLetters,
    open: (destination, name, exportDirectory) => {
      opened.push(`${name} ${exportDirectory ?? ''}`.trim());
      target = policy.reservesPart ? new FakeFileDestination(files) : new FakeDestination();
      target.answer = (batch, n, signal) => answer(batch, n, signal);
      return { type: destination, policy, repeats: 'absorbed', destination: target };
    },
    isEmptyFolder: async (path) => path.endsWith('new'),
  };
}
function handed(): readonly number[][] {
  assert.ok(target instanceof FakeDestination);
  return target.handed;
}
async function stop(run: FixedRun | DeliveryWorker): Promise<void> {
  const stopped = run.stop({ flush: false, deadlineMs: 0 });
  await world.clock.advance(0);
  await stopped;
}
function started(run: FixedRun): ReturnType<FixedRun['run']> {
  runs.push(run);
  return run.run();
}
/** A worker of the destination `server`, on the same store. */
function startMain(): DeliveryWorker {
  store.cursors.register('server', sequence(0));
  return world.start({ name: 'server', cursors: store.cursors, destination: mainDestination() });
}
let mainAnswer: Answer = () => DELIVERED;
function mainDestination(): FakeDestination {
  const destination = new FakeDestination();
  destination.answer = (batch, n, signal) => mainAnswer(batch, n, signal);
  return destination;
}
const letters = () =>
  store.deadLetters.list({}, { limit: 100 }).map((l) => `${l.destination} ${l.range.first}-${l.range.last} ${l.code}`);

describe('rule 21: replay', () => {
  const request = { id: 7, destination: 'server', from: sequence(2) };

  it('sends a part of the log again, up to the head of that moment, and leaves nothing behind', async () => {
    await world.clients(6);
    startMain();
    await world.clock.advance(0);
    const run = await replay(request, options());
    await world.clients(3, 'later');
    const result = await started(run);
    assert.deepEqual(handed(), [
      [2, 3, 4],
      [5, 6],
    ]);
    assert.equal(result.isFinished, true);
    assert.equal(result.status.delivered, 5);
    assert.deepEqual(
      store.destinations.list().map((d) => d.name),
      ['server'],
    );
    await world.clock.advance(0);
    assert.equal(store.cursors.load('server')?.committed, 9);
  });

  it('goes on after a restart where it was, to the end it had', async () => {
    await world.clients(6);
    answer = (batch) => (batch.range.first > 2 ? RETRY : DELIVERED);
    policy = { ...SERVER_POLICY, maxBatchSize: 2 };
    const first = await replay({ ...request, from: sequence(1) }, options());
    const ended = started(first);
    await world.clock.advance(10);
    await stop(first);
    assert.equal((await ended).isFinished, false);
    await world.clients(3, 'later');
    answer = () => DELIVERED;
    const again = await replay({ ...request, from: sequence(1) }, options());
    assert.equal(again.status().head, 6);
    await started(again);
    assert.deepEqual(handed(), [
      [3, 4],
      [5, 6],
    ]);
  });

  it('has a cursor of its own: the destination goes on as if nothing were', async () => {
    await world.clients(3);
    startMain();
    await world.clock.advance(0);
    answer = () => RETRY;
    void started(await replay(request, options()));
    await world.clock.advance(100);
    await world.clients(2, 'later');
    await world.clock.advance(0);
    assert.equal(store.cursors.load('server')?.committed, 5);
    assert.equal(store.cursors.load('replay:server:7')?.committed, 1);
  });

  it('what it cannot deliver is a dead letter of the destination', async () => {
    await world.clients(4);
    answer = (batch) => (batch.rows.some((r) => r.position === 3) ? REFUSED : DELIVERED);
    await started(await replay(request, options()));
    assert.deepEqual(letters(), ['server 3-3 ROW_NOT_ENCODABLE']);
  });

  it('into files needs a new folder', async () => {
    await world.clients(4);
    policy = FILE_POLICY;
    const refused = { code: 'REPLAY_NOT_POSSIBLE' };
    await assert.rejects(replay(request, options()), refused);
    await assert.rejects(replay({ ...request, exportDirectory: '/old' }, options()), refused);
    await started(await replay({ ...request, exportDirectory: '/new' }, options()));
    assert.equal(opened.at(-1), 'replay:server:7 /new');
    assert.deepEqual(files.positions, [2, 3, 4]);
  });

  it('only of what the log holds', async () => {
    await world.clients(4);
    const refused = { code: 'REPLAY_NOT_POSSIBLE' };
    await assert.rejects(replay({ ...request, through: sequence(9) }, options()), refused);
    world.log.retainFrom(3);
    await started(await replay({ ...request, from: sequence(1) }, options()));
    assert.deepEqual(handed(), [[3, 4]]);
  });
});

describe('rule 21: dead-letter retry', () => {
  const request = { id: 8, destination: 'server' };

  async function refuse(...positions: number[]): Promise<void> {
    mainAnswer = (batch) => (batch.rows.some((r) => positions.includes(r.position)) ? REFUSED : DELIVERED);
    startMain();
    await world.clock.advance(0);
    mainAnswer = () => DELIVERED;
  }
  function retry(ids?: readonly number[]): FixedRun {
    const run = retryDeadLetters({ ...request, ...(ids === undefined ? {} : { ids }) }, options());
    assert.ok(run);
    return run;
  }

  it('delivers them in log order and removes each in the commit of its delivery', async () => {
    await world.clients(9);
    await refuse(2, 5, 8);
    assert.equal(letters().length, 3);
    const result = await started(retry());
    assert.deepEqual(handed(), [[2, 5, 8]]);
    assert.deepEqual(letters(), []);
    assert.equal(result.isFinished, true);
    assert.deepEqual(
      store.destinations.list().map((d) => d.name),
      ['server'],
    );
  });

  it('only those that are meant', async () => {
    await world.clients(9);
    await refuse(2, 5, 8);
    const [, second] = store.deadLetters.list({}, { limit: 9 });
    await started(retry([second?.id ?? 0]));
    assert.deepEqual(handed(), [[5]]);
    assert.deepEqual(letters(), ['server 2-2 ROW_NOT_ENCODABLE', 'server 8-8 ROW_NOT_ENCODABLE']);
  });

  it('what is refused again stays, with its envelope', async () => {
    await world.clients(4);
    await refuse(2, 3);
    answer = (batch) => (batch.rows.some((r) => r.position === 3) ? REFUSED : DELIVERED);
    await started(retry());
    assert.deepEqual(letters(), ['server 3-3 ROW_NOT_ENCODABLE']);
    assert.ok(store.deadLetters.list({}, { limit: 1 })[0]?.envelope?.includes('e3'));
  });

  it('a restart goes on where it was and delivers nothing twice', async () => {
    await world.clients(9);
    await refuse(2, 5, 8);
    policy = { ...SERVER_POLICY, maxBatchSize: 1 };
    answer = (batch) => (batch.rows.some((r) => r.position === 5) ? RETRY : DELIVERED);
    const first = retry();
    const ended = started(first);
    await world.clock.advance(10);
    await stop(first);
    assert.equal((await ended).isFinished, false);
    assert.equal(letters().length, 2);
    answer = () => DELIVERED;
    await started(retry());
    assert.deepEqual(handed(), [[5], [8]]);
    assert.deepEqual(letters(), []);
  });

  it('what retention has taken is delivered from the envelope that was kept', async () => {
    await world.clients(4);
    await refuse(2);
    world.log.retainFrom(4);
    await started(retry());
    assert.ok(target instanceof FakeDestination);
    assert.equal(target.stored.get(sequence(2))?.record.eventId, 'e2');
    assert.deepEqual(letters(), []);
  });

  it('a conflict is delivered, now that a person has looked at it', async () => {
    await world.client('a');
    await world.client('a', { envelope: envelope('a', 'other') });
    await refuse();
    assert.deepEqual(letters(), ['server 2-2 EVENT_ID_CONFLICT']);
    await started(retry());
    assert.deepEqual(handed(), [[2]]);
    assert.deepEqual(letters(), []);
  });

  it('damage that is still there stays a dead letter', async () => {
    await world.clients(5);
    world.log.damage(2, 3);
    await refuse();
    await started(retry());
    assert.deepEqual(letters(), ['server 2-3 EVENT_LOG_DAMAGED']);
  });

  it('a skipped range is delivered in batches, and is a dead letter until its last one', async () => {
    await world.clients(7);
    mainAnswer = () => RETRY;
    const main = startMain();
    await world.clock.advance(1);
    const skip = { id: '1', expectedCommitted: sequence(0), through: sequence(7), reason: 'gone', actor: 'anna' };
    const skipped = main.skip(skip);
    await world.clock.advance(0);
    await skipped;
    assert.deepEqual(letters(), ['server 1-7 DESTINATION_SKIPPED']);
    answer = (batch) => (batch.range.first > 3 ? RETRY : DELIVERED);
    const first = retry();
    void started(first);
    await world.clock.advance(10);
    await stop(first);
    assert.deepEqual(letters(), ['server 1-7 DESTINATION_SKIPPED']);
    answer = () => DELIVERED;
    await started(retry());
    assert.deepEqual(handed(), [[4, 5, 6], [7]]);
    assert.deepEqual(letters(), []);
  });

  it('files: takes part numbers of the same folder, under a name of its own', async () => {
    await world.clients(3);
    await refuse(2);
    policy = FILE_POLICY;
    await started(retry());
    assert.deepEqual(opened, ['retry:server:8']);
    assert.deepEqual(files.positions, [2]);
  });

  it('nothing to retry', async () => {
    assert.equal(retryDeadLetters(request, options()), undefined);
  });
});
