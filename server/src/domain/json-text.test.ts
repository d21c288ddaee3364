import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isNestedTooDeeply, MAX_JSON_DEPTH, oneLineJson, splitJsonArray } from './json-text.ts';

test('rule 1: the envelope is exactly what came, newlines between tokens removed', () => {
  assert.equal(oneLineJson(' \r\n{"a" :\n\t1,\r\n"b":"x\\ny  z"}\n'), '{"a" :\t1,"b":"x\\ny  z"}');
  assert.equal(oneLineJson('{"a":1,"a":2,"__proto__":{"x":1}}'), '{"a":1,"a":2,"__proto__":{"x":1}}');
});

test('rule 1: one line has the same value, however the JSON was laid out', () => {
  fc.assert(
    fc.property(fc.json(), fc.constantFrom('', ' ', '\t', '\n', '\r\n'), (json, indent) => {
      const laidOut = `\n${JSON.stringify(JSON.parse(json), null, indent)}\r\n`;
      const line = oneLineJson(laidOut);
      assert.ok(!/[\r\n]/.test(line));
      assert.deepEqual(JSON.parse(line), JSON.parse(laidOut));
    }),
  );
});

test('depth', () => {
  const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
  assert.equal(isNestedTooDeeply(nested(MAX_JSON_DEPTH)), false);
  assert.equal(isNestedTooDeeply(nested(MAX_JSON_DEPTH + 1)), true);
  assert.equal(isNestedTooDeeply('{"a":'.repeat(100_000)), true);
  assert.equal(isNestedTooDeeply(JSON.stringify({ a: '[{'.repeat(5000), b: '\\"['.repeat(5000) })), false);
  assert.equal(isNestedTooDeeply(`"${'['.repeat(5000)}`), false);
});

test('an array is split into the texts of its elements', () => {
  assert.deepEqual(splitJsonArray('[]'), []);
  assert.deepEqual(splitJsonArray(' [ \n ] '), []);
  assert.deepEqual(splitJsonArray('[1, {"a":[1,2],"b":"],\\"{,"} ,"x"]'), ['1', ' {"a":[1,2],"b":"],\\"{,"} ', '"x"']);
});

test('splitting gives what parsing gives', () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue()), fc.constantFrom(0, 1), (values, indent) => {
      const text = JSON.stringify(values, null, indent);
      assert.deepEqual(
        splitJsonArray(text).map((element) => JSON.parse(element)),
        JSON.parse(text),
      );
    }),
  );
});
