import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from './random.ts';

test('the same seed and stream give the same numbers, others give others', () => {
  const numbers = (seed: number, stream?: number) => {
    const random = new Random(seed, stream);
    return Array.from({ length: 5 }, () => random.bits());
  };
  assert.deepEqual(numbers(1), numbers(1));
  assert.notDeepEqual(numbers(1), numbers(2));
  assert.notDeepEqual(numbers(1), numbers(1, 1));
  assert.notDeepEqual(numbers(0), [0, 0, 0, 0, 0]);
});

test('UUIDs are version 4, lower case and do not repeat', () => {
  const random = new Random(7);
  const ids = Array.from({ length: 10_000 }, () => random.uuid());
  assert.equal(new Set(ids).size, ids.length);
  for (const id of ids) assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test('integers and samples stay within their bounds', () => {
  const random = new Random(3);
  const drawn = Array.from({ length: 1000 }, () => random.integer(-1, 2));
  assert.deepEqual([...new Set(drawn)].sort(), [-1, 0, 1, 2].sort());
  for (let i = 0; i < 200; i++) {
    assert.equal(random.sample(['a', 'b', 'c'], 2).length, 2);
    assert.deepEqual(random.sample(['a'], 5), ['a']);
  }
  assert.throws(() => random.pick([]), RangeError);
});
