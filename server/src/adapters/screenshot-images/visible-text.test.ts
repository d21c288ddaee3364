import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_VALUE_CHARACTERS, visibleText } from './visible-text.ts';

const all = () => true;

test('what has no shape, or would change how the rest is read, is written out', () => {
  assert.equal(visibleText('a\nb\u0000\u0085', all), 'a[U+000A]b[U+0000][U+0085]');
  assert.equal(visibleText('u\u202egnp.exe\u2066x\u2069', all), 'u[U+202E]gnp.exe[U+2066]x[U+2069]');
  assert.equal(visibleText('a\ud83d', all), 'a[U+D83D]');
  assert.equal(
    visibleText('\u{10fffe}!', (character) => character === '!'),
    '[U+10FFFE]!',
  );
});

test('ordinary text stays as it is', () => {
  const text = 'Łódź – 商品 العربية 👨‍👩‍👧 & <b>';
  assert.equal(visibleText(text, all), text);
});

test('what cannot be seen is written out', () => {
  assert.equal(visibleText('adm\u200bin', all), 'adm[U+200B]in');
  for (const mark of [
    '200E',
    '200F',
    '061C',
    '200B',
    '200C',
    '200D',
    '2060',
    '00AD',
    '034F',
    '3164',
    'FE0F',
    'E0041',
  ]) {
    const character = String.fromCodePoint(Number.parseInt(mark, 16));
    for (const [before, after] of [
      ['adm', 'in'],
      ['', 'admin'],
      ['admin', ''],
      ['علي', ''],
      ['商', '品'],
      ['1', '2'],
    ]) {
      assert.equal(visibleText(`${before}${character}${after}`, all), `${before}[U+${mark}]${after}`);
    }
  }
  assert.equal(visibleText('\ufeffa', all), '[U+FEFF]a');
  assert.equal(visibleText('می\u200c\u200cخ', all), 'می[U+200C][U+200C]خ');
});

test('joiners stay where letters and emoji need them', () => {
  for (const text of [
    'می\u200cخواهم',
    'क्\u200dष र्\u200dय',
    'ന്\u200d',
    'ප්\u200dරාදේශීය',
    '👨\u200d👩\u200d👧',
    '❤\ufe0f\u200d🔥',
    '👍🏽 🏳\ufe0f\u200d🌈',
    '1\ufe0f\u20e3',
    'ការ\u200bលក់',
    '葛\u{e0100}',
    'ᠠ\u180b',
  ]) {
    assert.equal(visibleText(text, all), text);
  }
});

test('10,000 characters are shown whole; beyond the limit it says how many are not', () => {
  assert.equal(visibleText('x'.repeat(10_000), all), 'x'.repeat(10_000));
  assert.equal(visibleText('x'.repeat(MAX_VALUE_CHARACTERS), all), 'x'.repeat(MAX_VALUE_CHARACTERS));
  const long = visibleText('x'.repeat(MAX_VALUE_CHARACTERS + 3456), all);
  assert.equal(long, `${'x'.repeat(MAX_VALUE_CHARACTERS)} [… 3,456 more characters]`);
});

test('the limit parts no pair of surrogates and counts what is written out', () => {
  const cut = visibleText(`x${'🙂'.repeat(MAX_VALUE_CHARACTERS)}`, all);
  assert.ok(cut.isWellFormed());
  assert.ok(cut.startsWith('x🙂'));
  assert.match(visibleText('\n'.repeat(9000), all), /^(\[U\+000A\]){1500} \[… 7,500 more characters\]$/);
});
