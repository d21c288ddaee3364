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
