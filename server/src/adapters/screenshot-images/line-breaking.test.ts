import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UNITS_PER_EM } from './fonts.ts';
import { breakLines } from './line-breaking.ts';
import { TextShaper } from './text-shaper.ts';

const shaper = new TextShaper();

/** Lines as text, in logical order. */
async function linesOf(text: string, ems: number): Promise<string[]> {
  const paragraph = await shaper.shape(text);
  const lines = await breakLines(paragraph, ems * UNITS_PER_EM, shaper);
  return lines.map(({ runs }) =>
    runs
      .toSorted((a, b) => a.start - b.start)
      .map(({ start, end }) => paragraph.text.slice(start, end))
      .join(''),
  );
}

test('lines break between words, spaces between two lines are left out, those at the start stay', async () => {
  assert.deepEqual(await linesOf('one two  three', 4), ['one two', 'three']);
  assert.deepEqual(await linesOf('one two  three', 100), ['one two  three']);
  assert.deepEqual(await linesOf('  one ', 100), ['  one']);
  assert.deepEqual(await linesOf('', 100), ['']);
});

test('ids and paths break behind their hyphens and slashes', async () => {
  assert.deepEqual(await linesOf('db277423-1291-456e', 8), ['db277423-1291-', '456e']);
});

test('a word that is wider than the line is parted, and nothing of it is lost', async () => {
  const lines = await linesOf('x'.repeat(1000), 10);
  assert.ok(lines.length > 40);
  assert.equal(lines.join(''), 'x'.repeat(1000));
});

test('where there is room for less than a letter, each has a line', async () => {
  assert.deepEqual(await linesOf('ab c', 0.1), ['a', 'b', 'c']);
});

test('Chinese and Thai break between words; no line begins with a comma or ends with a bracket', async () => {
  const chinese = await linesOf('商品别销售额，按地区（2025年）、和季度。'.repeat(4), 6);
  assert.ok(chinese.length > 8);
  assert.ok(
    chinese.every((line) => !/^[，。）、]|（$/.test(line)),
    chinese.join('|'),
  );
  const thai = await linesOf('ภาพรวมการขายตามภูมิภาค', 8);
  assert.ok(thai.length > 1);
  assert.equal(thai.join(''), 'ภาพรวมการขายตามภูมิภาค');
});

test('no line is wider than it may be, whatever the script', async () => {
  for (const text of ['مبيعات المنتجات ', 'ب', 'क्षेत्र बिक्री ', '商品', 'W', '👨‍👩‍👧‍👦', '(', 'א(']) {
    const paragraph = await shaper.shape(text.repeat(300));
    const lines = await breakLines(paragraph, 12 * UNITS_PER_EM, shaper);
    // a parted word may get a little wider: another form of the letter at its end
    for (const { width } of lines) assert.ok(width <= 12.8 * UNITS_PER_EM, `${text}: ${width / UNITS_PER_EM}`);
  }
});

test('numbers and Latin words keep their direction within Hebrew', async () => {
  const paragraph = await shaper.shape('דוח 2025 ABC סוף');
  const [line] = await breakLines(paragraph, Number.POSITIVE_INFINITY, shaper);
  const words = line?.runs
    .map(({ start, end }) => paragraph.text.slice(start, end).trim())
    .filter((word) => word !== '');
  assert.deepEqual(words, ['סוף', 'ABC', '2025', 'דוח']);
});

test('a mark for what cannot be shown is not parted', async () => {
  assert.deepEqual(await linesOf('abc[U+202E]def[U+000A]', 7), ['abc', '[U+202E]def', '[U+000A]']);
});
