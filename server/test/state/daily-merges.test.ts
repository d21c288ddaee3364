import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { SqliteStateStore } from '../../src/adapters/state-sqlite/sqlite-state-store.ts';
import { CodedError } from '../../src/domain/errors.ts';
import { sequence } from '../../src/domain/sequence.ts';
import type { DailyMergeState } from '../../src/pipeline/ports/daily-merges.ts';
import { openStateFolder, type StateFolder } from './state-folder.ts';

const DAY = '20261123';
const NEXT = '20261124';

describe('rule 15: which parts of a day become one file', () => {
  let folder: StateFolder;
  let store: SqliteStateStore;
  beforeEach(() => {
    folder = openStateFolder();
    store = folder.open();
    store.cursors.register('parquet', sequence(0));
  });
  afterEach(() => folder.remove());

  const begin = (seq: number, day: string, name = 'parquet') =>
    store.cursors.begin(name, { first: sequence(seq), last: sequence(seq) }, { day });
  const prepare = (seq: number, day: string, name = 'parquet') => {
    const attempt = begin(seq, day, name);
    const path = `/export/${attempt.part?.day}_part${attempt.part?.part}`;
    store.cursors.prepare(attempt, { temporaryPath: `${path}.tmp`, path, sha256: `hash ${seq}` });
  };
  const commit = (seq: number, delivered: number, name = 'parquet') =>
    store.cursors.commit(name, { first: sequence(seq), last: sequence(seq) }, [], { delivered });
  const write = (seq: number, day: string, name = 'parquet') => {
    prepare(seq, day, name);
    commit(seq, 1, name);
  };
  const parts = (day = DAY) =>
    store.dailyMerges.parts('parquet', day).map((p) => `${p.part} ${p.sha256} ${p.isCertain}`);
  const state = (): DailyMergeState => {
    const found = store.dailyMerges.state('parquet');
    assert.ok(found !== undefined);
    return found;
  };
  const waiting = () => state().waiting.map(({ day }) => day);

  it('nothing is remembered unless it is wanted', () => {
    write(1, DAY);
    assert.deepEqual(parts(), []);
    assert.equal(store.dailyMerges.state('parquet'), undefined);
    store.dailyMerges.closeDaysBefore('parquet', NEXT);
    assert.equal(store.dailyMerges.state('parquet'), undefined);
  });

  it('begins with today when no part of today has been begun, else with tomorrow', () => {
    store.dailyMerges.remember('parquet', DAY);
    assert.equal(state().firstDay, DAY);
    store.dailyMerges.remember('parquet', NEXT);
    assert.equal(state().firstDay, DAY, 'known already');
    store.dailyMerges.forget('parquet');
    begin(1, DAY);
    store.dailyMerges.remember('parquet', DAY);
    assert.equal(state().firstDay, NEXT);
    prepare(1, DAY);
    commit(1, 1);
    assert.deepEqual(parts(), []);
  });

  it('remembers what a commit published, also under a later number, and a retry that shares the parts', () => {
    store.dailyMerges.remember('parquet', DAY);
    write(1, DAY);
    const attempt = store.cursors.reserveNext(begin(2, DAY), 7);
    store.cursors.prepare(attempt, { temporaryPath: 't', path: '/export/seven', sha256: 'hash 2' });
    commit(2, 1);
    begin(3, DAY);
    commit(3, 0);
    const retry = { end: sequence(1), target: 'parquet', sharesPartsOfTarget: true };
    store.cursors.register('retry:parquet:1', sequence(0), retry);
    write(1, DAY, 'retry:parquet:1');
    store.cursors.register('replay:parquet:2', sequence(0), { end: sequence(1), target: 'parquet' });
    write(1, DAY, 'replay:parquet:2');
    store = folder.open();
    assert.deepEqual(parts(), ['1 hash 1 true', '7 hash 2 true', '9 hash 1 true']);
  });

  it('a skip or a restart after prepare leaves a part that may not be there', () => {
    store.dailyMerges.remember('parquet', DAY);
    prepare(1, DAY);
    commit(1, 0);
    prepare(2, DAY);
    store.destinations.restartAt('parquet', sequence(5));
    begin(6, DAY);
    store.destinations.restartAt('parquet', sequence(7));
    assert.deepEqual(parts(), ['1 hash 1 false', '2 hash 2 false']);
  });

  it('a day is closed when it is over and no part of it is under way', () => {
    store.dailyMerges.remember('parquet', DAY);
    write(1, DAY);
    store.dailyMerges.closeDaysBefore('parquet', DAY);
    assert.deepEqual(waiting(), []);
    const retry = { end: sequence(1), target: 'parquet', sharesPartsOfTarget: true };
    store.cursors.register('retry:parquet:1', sequence(0), retry);
    begin(1, DAY, 'retry:parquet:1');
    store.dailyMerges.closeDaysBefore('parquet', NEXT);
    assert.deepEqual(waiting(), [], 'a retry is under way');
    commit(1, 0, 'retry:parquet:1');
    begin(2, NEXT);
    store.dailyMerges.closeDaysBefore('parquet', NEXT);
    assert.deepEqual(waiting(), [DAY]);
    store.dailyMerges.closeDaysBefore('parquet', NEXT);
    assert.deepEqual(waiting(), [DAY]);
  });

  it('a closed day is never reserved again, whatever the clock says', () => {
    store.dailyMerges.remember('parquet', DAY);
    write(1, DAY);
    write(2, NEXT);
    store.dailyMerges.closeDaysBefore('parquet', '20261231');
    for (const outcome of ['merged', 'given-up', 'forgotten'] as const) {
      if (outcome === 'forgotten') store.dailyMerges.forget('parquet');
      else store.dailyMerges.finish('parquet', outcome === 'merged' ? DAY : NEXT, outcome);
      assert.deepEqual(begin(3, DAY).part?.day, '20261125', outcome);
      store.destinations.restartAt('parquet', sequence(2));
    }
  });

  it('what was prepared is there after a restart; what is done with is forgotten', () => {
    store.dailyMerges.remember('parquet', DAY);
    write(1, DAY);
    store.dailyMerges.closeDaysBefore('parquet', NEXT);
    const file = { temporaryPath: '/daily/x.tmp', path: `/daily/${DAY}`, sha256: 'abc' };
    store.dailyMerges.prepare('parquet', DAY, file);
    store.dailyMerges.recordFailure('parquet', DAY, new CodedError('DAILY_MERGE_NAME_TAKEN', 'taken'));
    store = folder.open();
    const closedAt = folder.clock.now();
    const lastError = { code: 'DAILY_MERGE_NAME_TAKEN', message: 'taken', at: closedAt };
    assert.deepEqual(state().waiting, [{ day: DAY, closedAt, prepared: file, lastError }]);
    store.dailyMerges.prepare('parquet', DAY, undefined);
    assert.equal(state().waiting[0]?.prepared, undefined);
    assert.equal(parts().length, 1);
    store.dailyMerges.finish('parquet', DAY, 'merged');
    assert.deepEqual(state(), { firstDay: DAY, lastMergedDay: DAY, waiting: [], givenUp: [] });
    assert.deepEqual(parts(), []);
  });

  it('a day that is waiting when daily files are switched off gets none later', () => {
    store.dailyMerges.remember('parquet', DAY);
    write(1, DAY);
    store.dailyMerges.closeDaysBefore('parquet', NEXT);
    store.dailyMerges.forget('parquet');
    assert.equal(store.dailyMerges.state('parquet'), undefined);
    store.dailyMerges.remember('parquet', NEXT);
    assert.deepEqual(waiting(), []);
    assert.deepEqual(state().givenUp, [DAY]);
  });
});
