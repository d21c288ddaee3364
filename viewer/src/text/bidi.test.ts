import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contained, visibleJson } from './bidi.ts';

test('nothing in a name reaches beyond it: overrides, isolates without an end, ends without a beginning', () => {
  assert.equal(contained('\u202egpj.exe\u202c'), 'gpj.exe');
  assert.equal(contained('\u2067open \u2066twice'), 'open twice');
  assert.equal(contained('closed\u2069\u2069 too often\u2029'), 'closed too often');
});

test('letters of every script, and plain marks, stay', () => {
  const names = 'مرحبا\u200f דוד.לוי 田中 e\u0301 👩🏽\u200d💻';
  assert.equal(contained(names), names);
});

test('raw JSON shows what cannot be seen, and is the same value', () => {
  const value = { 'a\u202e': 'x\u200b\u2029y\ufeff', plain: 'é 商' };
  const shown = visibleJson(JSON.stringify(value));
  assert.equal(shown, '{"a\\u202e":"x\\u200b\\u2029y\\ufeff","plain":"é 商"}');
  assert.deepEqual(JSON.parse(shown), value);
});
