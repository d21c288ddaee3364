import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jsonTokens } from './json-tokens.ts';

test('the pieces of a JSON text are the text', () => {
  const value = { 'a "b"': '<script>', n: [-1.5e3, true, null], nested: { empty: {} }, slash: '\\' };
  const text = JSON.stringify(value, null, 2);
  const tokens = jsonTokens(text);
  assert.equal(tokens.map((token) => token.text).join(''), text);
  assert.deepEqual(
    tokens.filter(({ kind }) => kind === 'key').map((token) => token.text),
    ['"a \\"b\\""', '"n"', '"nested"', '"empty"', '"slash"'],
  );
  assert.deepEqual(
    tokens.filter(({ kind }) => kind === 'value').map((token) => token.text),
    ['-1500', 'true', 'null'],
  );
});

test('a text that is cut off is shown as far as it goes', () => {
  const text = '{\n  "a": "b\\';
  assert.equal(
    jsonTokens(text)
      .map((token) => token.text)
      .join(''),
    text,
  );
});
