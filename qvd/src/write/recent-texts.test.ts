import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecentTexts } from './recent-texts.ts';

test('a text is found as itself or not at all', () => {
  const recent = new RecentTexts();
  const cells = new Map<string, number>();
  for (let number = 1; number <= 3000; number++) {
    const text = `text ${number % 700}${'x'.repeat(number % 200)}`;
    const found = recent.find(text);
    assert.ok(found === 0 || found === cells.get(text));
    if (found !== 0) continue;
    const cell = cells.get(text) ?? cells.size + 1;
    cells.set(text, cell);
    recent.remember(text, cell);
  }
});

test('repeated texts are remembered, forgotten on request, and given up when nothing repeats', () => {
  const recent = new RecentTexts();
  recent.remember('', 1);
  recent.remember('a', 2);
  assert.deepEqual([recent.find(''), recent.find('a'), recent.find('b')], [1, 2, 0]);
  recent.forget();
  assert.equal(recent.find('a'), 0);
  for (let number = 0; number < 5000; number++) recent.find(`new ${number}`);
  recent.remember('a', 2);
  assert.equal(recent.find('a'), 0);
});
