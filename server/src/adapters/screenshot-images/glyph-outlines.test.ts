import assert from 'node:assert/strict';
import { test } from 'node:test';
import { relativePath } from './glyph-outlines.ts';

test('a path says the same in relative commands', () => {
  const path = relativePath([
    { type: 'M', values: [10, 20] },
    { type: 'L', values: [30, 20] },
    { type: 'Q', values: [35, 25, 30, 40] },
    { type: 'Z', values: [] },
    { type: 'M', values: [1, 2] },
    { type: 'C', values: [2, 3, 4, 5, 6.6, 7.4] },
    { type: 'Z', values: [] },
  ]);
  assert.equal(path, 'm10 20l20 0q5 5 0 20zm-9 -18c1 1 3 3 6 5z');
});

test('fractions do not add up', () => {
  const commands = Array.from({ length: 100 }, (_, i) => ({ type: 'L', values: [i * 0.4, 0] }));
  const steps = [...relativePath(commands).matchAll(/l(-?\d+) /g)].map(([, x]) => Number(x));
  assert.equal(
    steps.reduce((sum, x) => sum + x, 0),
    Math.round(99 * 0.4),
  );
});
