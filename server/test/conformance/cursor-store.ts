import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CodedError } from '../../src/domain/errors.ts';
import { type SequenceRange, sequence } from '../../src/domain/sequence.ts';
import type { CursorStore, PreparedFile, Rejection } from '../../src/pipeline/ports/cursor-store.ts';

/** One store under test. */
export interface CursorStoreUnderTest {
  readonly store: CursorStore;
  /** The same data as a new process would find it. */
  reopen(): CursorStore;
  /** Dead letters as `destination first-last code`, in no particular order. */
  deadLetters(): readonly string[];
  close(): void;
}

const DAY = { day: '20261123' };
const FILE: PreparedFile = { temporaryPath: '/x/.part1.tmp', path: '/x/20261123_part1.parquet', sha256: 'ab12' };

export function range(first: number, last: number): SequenceRange {
  return { first: sequence(first), last: sequence(last) };
}

function rejection(first: number, last = first): Rejection {
  return { range: range(first, last), error: new CodedError('ROW_NOT_ENCODABLE', 'too odd') };
}

/** What every implementation of the cursor store must do. */
export function describeCursorStore(name: string, open: () => CursorStoreUnderTest): void {
  const test = (title: string, body: (under: CursorStoreUnderTest) => void) =>
    it(title, () => {
      const under = open();
      try {
        body(under);
      } finally {
        under.close();
      }
    });
  const registered = (title: string, body: (under: CursorStoreUnderTest) => void) =>
    test(title, (under) => {
      under.store.register('parquet', sequence(4));
      body(under);
    });

  describe(`cursor store: ${name}`, () => {
    test('rule 16: a destination that was never registered has no cursor', ({ store }) => {
      assert.equal(store.load('parquet'), undefined);
      assert.throws(() => store.begin('parquet', range(1, 2)), { code: 'DESTINATION_UNKNOWN' });
      assert.throws(() => store.commit('parquet', range(1, 2), []), { code: 'DESTINATION_UNKNOWN' });
    });

    registered('rule 16: registering again moves nothing', ({ store, reopen }) => {
      store.register('parquet', sequence(99));
      assert.deepEqual(store.load('parquet'), { committed: 4 });
      assert.deepEqual(reopen().load('parquet'), { committed: 4 });
    });

    registered(
      'rule 18: killed after begin, the same range is found, and its next try is counted',
      ({ store, reopen }) => {
        assert.equal(store.begin('parquet', range(5, 9)).number, 1);
        const after = reopen();
        const expected = { destination: 'parquet', range: range(5, 9), number: 1 };
        assert.deepEqual(after.load('parquet'), { committed: 4, begun: expected });
        assert.equal(after.begin('parquet', range(5, 9)).number, 2);
      },
    );

    registered('rule 18: a range that does not start right after the cursor is refused', ({ store }) => {
      for (const wrong of [range(4, 9), range(6, 9), range(5, 4)]) {
        assert.throws(() => store.begin('parquet', wrong), { code: 'CURSOR_MOVED' });
        assert.throws(() => store.commit('parquet', wrong, []), { code: 'CURSOR_MOVED' });
      }
      assert.deepEqual(store.load('parquet'), { committed: 4 });
    });

    registered('rule 19: begin reserves the parts of a day from 1, one after the other', ({ store, reopen }) => {
      assert.deepEqual(store.begin('parquet', range(5, 9), DAY).part, { day: '20261123', part: 1 });
      store.commit('parquet', range(5, 9), []);
      const after = reopen();
      assert.deepEqual(after.begin('parquet', range(10, 10), DAY).part, { day: '20261123', part: 2 });
      after.commit('parquet', range(10, 10), []);
      assert.deepEqual(after.begin('parquet', range(11, 11), { day: '20261124' }).part?.part, 1);
    });

    registered('rule 19: a repeated attempt keeps its part, on the next day too', ({ store, reopen }) => {
      store.begin('parquet', range(5, 9), DAY);
      const again = reopen().begin('parquet', range(5, 9), { day: '20261124' });
      assert.deepEqual(again.part, { day: '20261123', part: 1 });
    });

    registered('rule 19: parts of files that are there are not reserved', ({ store }) => {
      store.raisePartTo('parquet', '20261123', 7);
      store.raisePartTo('parquet', '20261123', 3);
      const attempt = store.begin('parquet', range(5, 9), DAY);
      assert.equal(attempt.part?.part, 7);
      assert.equal(store.reserveNext(attempt).part?.part, 8);
      assert.equal(store.reserveNext(attempt, 20).part?.part, 20);
      store.raisePartTo('parquet', '20261123', 0);
      assert.equal(store.reserveNext(attempt, 2).part?.part, 21);
    });

    registered('rule 19: killed after prepare, the prepared file is found', ({ store, reopen }) => {
      const prepared = store.prepare(store.begin('parquet', range(5, 9), DAY), FILE);
      assert.deepEqual(prepared.prepared, FILE);
      const after = reopen();
      assert.deepEqual(after.load('parquet')?.begun, prepared);
      assert.deepEqual(after.begin('parquet', range(5, 9), DAY), { ...prepared, number: 2 });
    });

    registered('rule 19: once prepared, no other range is begun', ({ store }) => {
      store.prepare(store.begin('parquet', range(5, 9), DAY), FILE);
      assert.throws(() => store.begin('parquet', range(5, 7), DAY), { code: 'DEFECT' });
    });

    registered('rule 19: the next part forgets what was prepared under the old name', ({ store, reopen }) => {
      const prepared = store.prepare(store.begin('parquet', range(5, 9), DAY), FILE);
      assert.equal(store.reserveNext(prepared).prepared, undefined);
      const begun = reopen().load('parquet')?.begun;
      assert.deepEqual([begun?.prepared, begun?.part?.part], [undefined, 2]);
    });

    registered('rule 20: a half takes the place and the part of the whole', ({ store }) => {
      store.begin('parquet', range(5, 9), DAY);
      const half = store.begin('parquet', range(5, 7), DAY);
      assert.deepEqual([half.number, half.part?.part], [1, 1]);
      store.commit('parquet', range(5, 7), []);
      assert.deepEqual(store.load('parquet'), { committed: 7 });
    });

    registered('rule 21: commit moves the cursor, ends the attempt and lists what was rejected, at once', (under) => {
      under.store.begin('parquet', range(5, 9), DAY);
      under.store.commit('parquet', range(5, 9), [rejection(6), rejection(8)], { delivered: 3 });
      assert.deepEqual(under.reopen().load('parquet'), { committed: 9 });
      assert.deepEqual([...under.deadLetters()].sort(), [
        'parquet 6-6 ROW_NOT_ENCODABLE',
        'parquet 8-8 ROW_NOT_ENCODABLE',
      ]);
    });

    registered('rule 17: a commit does not overwrite a cursor that somebody moved', (under) => {
      const attempt = under.store.begin('parquet', range(5, 9), DAY);
      under.store.commit('parquet', range(5, 20), [rejection(5, 20)]);
      assert.throws(() => under.store.commit('parquet', range(5, 9), [rejection(6)]), { code: 'CURSOR_MOVED' });
      assert.throws(() => under.store.prepare(attempt, FILE), { code: 'CURSOR_MOVED' });
      assert.throws(() => under.store.reserveNext(attempt), { code: 'CURSOR_MOVED' });
      assert.deepEqual(under.store.load('parquet'), { committed: 20 });
      assert.deepEqual(under.deadLetters(), ['parquet 5-20 ROW_NOT_ENCODABLE']);
    });

    registered('rule 21: a replay has a cursor of its own; its dead letters are those of its destination', (under) => {
      under.store.register('replay:3', sequence(0), { target: 'parquet', end: sequence(4) });
      under.store.begin('replay:3', range(1, 4), DAY);
      under.store.commit('replay:3', range(1, 4), [rejection(2)]);
      under.store.begin('parquet', range(5, 6), DAY);
      assert.deepEqual(under.store.load('replay:3'), { committed: 4 });
      assert.equal(under.store.load('parquet')?.committed, 4);
      assert.deepEqual(under.deadLetters(), ['parquet 2-2 ROW_NOT_ENCODABLE']);
    });

    registered('rule 21: a retry into the folder of its destination shares its part numbers', ({ store }) => {
      store.register('retry:1', sequence(0), { target: 'parquet', sharesPartsOfTarget: true });
      assert.equal(store.begin('retry:1', range(1, 1), DAY).part?.part, 1);
      assert.equal(store.begin('parquet', range(5, 5), DAY).part?.part, 2);
    });

    registered('one dead letter for a position: the last reason', (under) => {
      under.store.register('retry:1', sequence(5), { target: 'parquet' });
      under.store.commit('parquet', range(5, 9), [rejection(6)]);
      const error = new CodedError('EVENT_ID_CONFLICT', 'now this');
      under.store.commit('retry:1', range(6, 6), [{ range: range(6, 6), error }]);
      assert.deepEqual(under.deadLetters(), ['parquet 6-6 EVENT_ID_CONFLICT']);
    });
  });
}
