import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { TurnTaking } from './turn-taking.ts';

function works(turns: TurnTaking, weights: readonly number[]) {
  const started: number[] = [];
  const ends: (() => void)[] = [];
  const done = weights.map((weight, i) =>
    turns.run(weight, async () => {
      started.push(i);
      await new Promise<void>((end) => {
        ends[i] = end;
      });
      if (i === 1) throw new Error('one fails');
    }),
  );
  return { started, end: (i: number) => ends[i]?.(), settled: Promise.allSettled(done) };
}

test('no more at once than the limit, in order of arrival, also past one that fails', async () => {
  const { started, end, settled } = works(new TurnTaking(10), [4, 6, 5, 1, 9]);
  await setImmediate();
  assert.deepEqual(started, [0, 1]);
  end(1);
  await setImmediate();
  assert.deepEqual(started, [0, 1, 2, 3]);
  end(0);
  await setImmediate();
  assert.deepEqual(started, [0, 1, 2, 3]);
  end(2);
  await setImmediate();
  assert.deepEqual(started, [0, 1, 2, 3, 4]);
  end(3);
  end(4);
  assert.deepEqual(
    (await settled).map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled', 'fulfilled', 'fulfilled'],
  );
});

test('what is heavier than the limit works alone', async () => {
  const { started, end, settled } = works(new TurnTaking(10), [1, 50, 1]);
  await setImmediate();
  assert.deepEqual(started, [0]);
  end(0);
  await setImmediate();
  assert.deepEqual(started, [0, 1]);
  end(1);
  await setImmediate();
  assert.deepEqual(started, [0, 1, 2]);
  end(2);
  await settled;
});
