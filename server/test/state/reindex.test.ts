import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { sequence } from '../../src/domain/sequence.ts';
import { DeliveryReader } from '../../src/pipeline/delivery-reader.ts';
import { DeliveryWorker } from '../../src/pipeline/delivery-worker.ts';
import { settle } from '../support/fake-clock.ts';
import { FakeDestination, SERVER_POLICY } from '../support/fake-destination.ts';
import { ArrayLog, FAILED, SAVED } from './array-log.ts';
import { FactsFolder, reached } from './facts-folder.ts';
import { openStateFolder, type StateFolder } from './state-folder.ts';

describe('rule 12: the table of ids is built again under a running destination', () => {
  let facts: FactsFolder;
  let state: StateFolder;
  beforeEach(() => {
    facts = new FactsFolder();
    state = openStateFolder();
  });
  afterEach(async () => {
    await facts.remove();
    state.remove();
  });

  for (const reason of ['reindex', 'damaged'] as const) {
    it(`${reason}: it gets nothing twice and misses nothing`, async () => {
      const log = new ArrayLog()
        .add({ id: 1 }, { id: 2, awaits: true }, { id: 1 })
        .add({ id: 9, origin: 'server', type: FAILED, subject: 2 }, { id: 3, awaits: true });
      const { deduplicator } = await facts.follow(log);
      const { cursors } = state.open();
      cursors.register('fake', sequence(0));
      const destination = new FakeDestination();
      const { clock, logger, metrics } = facts;
      const source = new DeliveryReader({ log, facts: deduplicator });
      const worker = new DeliveryWorker({
        ...{ name: 'fake', destination, source, policy: SERVER_POLICY, cursors, clock, logger, metrics },
      });
      const run = worker.run();
      await settle();
      assert.deepEqual(destination.handed.flat(), [1, 4]);

      deduplicator.startOver(reason);
      log.add({ id: 2 }, { id: 4 }, { id: 10, origin: 'server', type: SAVED, subject: 2 });
      log.add({ id: 11, origin: 'server', type: SAVED, subject: 3 });
      await reached(deduplicator, log);
      await settle();
      assert.deepEqual(destination.handed.flat(), [1, 4, 7, 8, 9]);
      await worker.stop({ flush: true, deadlineMs: 1000 });
      await run;
      assert.equal(cursors.load('fake')?.committed, log.head());
    });
  }
});
