import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hourSlots, offsetLabel } from './slots.ts';

test('the hours of UTC stand in the order of the day of the reader', () => {
  const stockholm = hourSlots(60);
  assert.deepEqual(
    stockholm.slice(0, 2).map(({ key, label }) => `${label()} is ${key}`),
    ['00 is 23', '01 is 0'],
  );
  assert.equal(hourSlots(-300)[0]?.key, '5');
  assert.equal(new Set(hourSlots(-300).map(({ key }) => key)).size, 24);
});

test('a zone with half hours keeps the names of UTC', () => {
  assert.equal(hourSlots(330)[9]?.key, '9');
  assert.deepEqual([330, 0, 120, -300].map(offsetLabel), ['UTC', 'UTC', 'UTC+2', 'UTC−5']);
});
