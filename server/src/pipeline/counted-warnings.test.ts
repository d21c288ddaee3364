import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { CountedWarnings } from './counted-warnings.ts';

function recorded(): { clock: FakeClock; warnings: CountedWarnings; said: string[]; add: (key: string) => void } {
  const clock = new FakeClock();
  const warnings = new CountedWarnings(clock);
  const said: string[] = [];
  return { clock, warnings, said, add: (key) => warnings.add(key, (count) => said.push(`${key} ${count}`)) };
}

test('the first at once, then at most one a minute with the count', async () => {
  const { clock, said, add } = recorded();
  add('a');
  add('a');
  await clock.advance(59_999);
  add('a');
  assert.deepEqual(said, ['a 1']);
  await clock.advance(1);
  add('a');
  assert.deepEqual(said, ['a 1', 'a 3']);
});

test('keys do not share their minute', () => {
  const { said, add } = recorded();
  add('a');
  add('b');
  assert.deepEqual(said, ['a 1', 'b 1']);
});

test('what was counted and not said is said with the next occurrence of another key, or at the end', async () => {
  const { clock, warnings, said, add } = recorded();
  add('a');
  add('a');
  await clock.advance(60_000);
  add('b');
  assert.deepEqual(said, ['a 1', 'b 1', 'a 1']);
  add('b');
  warnings.flush();
  assert.deepEqual(said.at(-1), 'b 1');
});

test('what was counted and not said is said when its minute is over, also where nothing follows', async () => {
  const { clock, warnings, said, add } = recorded();
  for (let i = 0; i < 5; i++) add('a');
  await clock.advance(59_999);
  warnings.sayDue();
  assert.deepEqual(said, ['a 1']);
  await clock.advance(1);
  warnings.sayDue();
  warnings.sayDue();
  assert.deepEqual(said, ['a 1', 'a 4']);
  await clock.advance(30_000);
  add('a');
  assert.deepEqual(said, ['a 1', 'a 4'], 'once a minute');
});

test('the number of keys is bounded; the rest share one', async () => {
  const { clock, said, warnings } = recorded();
  const add = (i: number) => warnings.add(`key ${i}`, (count) => said.push(`${i} ${count}`));
  for (let i = 0; i < 3000; i++) add(i);
  assert.equal(said.length, 1001);
  warnings.flush();
  assert.equal(said.at(-1), '2999 1999');
  await clock.advance(120_000);
  add(3000);
  await clock.advance(60_000);
  add(3001);
  assert.deepEqual(said.slice(-2), ['3000 1', '3001 1']);
});
