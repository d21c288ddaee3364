import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { appendSection, machineFacts, sectionOf, tableOf } from './results.ts';

const ROWS = [
  { what: 'bare server', result: '30,000/s', budget: '' },
  { what: 'product', result: '20,000/s', budget: '≥ 0.65', met: true },
  { what: 'slow', result: '9 s', budget: '≤ 2 s', met: false },
];

test('a table for the terminal and a section for the file', (t) => {
  assert.match(tableOf(ROWS), /product +20,000\/s +≥ 0\.65 +met\nslow .*MISSED\n$/);
  const folder = mkdtempSync(join(tmpdir(), 'bench-results-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'RESULTS.md');
  appendSection(sectionOf(ROWS, 'first', machineFacts()), file);
  appendSection(sectionOf(ROWS, 'second', []), file);
  const text = readFileSync(file, 'utf8');
  assert.equal(text.match(/^# /gm)?.length, 1);
  assert.equal(text.match(/^## (first|second)$/gm)?.length, 2);
  assert.match(text, /- \d+ cores .*\n- Node\.js v24.*commit \w+/);
  assert.match(text, /\| slow \| 9 s \| ≤ 2 s \| MISSED \|/);
});
