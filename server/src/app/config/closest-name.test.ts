import assert from 'node:assert/strict';
import { test } from 'node:test';
import { closestName, editDistance } from './closest-name.ts';

test('distance counts slips of the keyboard', () => {
  const cases: readonly (readonly [string, string, number])[] = [
    ['', '', 0],
    ['a', '', 1],
    ['port', 'prot', 1],
    ['port', 'post', 1],
    ['kitten', 'sitting', 3],
    ['abc', 'ca', 3],
  ];
  for (const [a, b, distance] of cases) {
    assert.equal(editDistance(a, b), distance, `${a} ${b}`);
    assert.equal(editDistance(b, a), distance, `${b} ${a}`);
  }
});

test('a name is suggested only when it is near', () => {
  assert.equal(closestName('Prot', ['host', 'port']), 'port');
  assert.equal(closestName('exportDir', ['exportDirectory']), undefined);
  assert.equal(closestName('x', []), undefined);
  assert.equal(closestName('a'.repeat(5000), ['port']), undefined);
});
