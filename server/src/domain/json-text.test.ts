import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { guessJsonArray, isNestedTooDeeply, MAX_JSON_DEPTH, oneLineJson, splitJsonArray } from './json-text.ts';

test('rule 1: the envelope is exactly what came, newlines between tokens removed', () => {
  assert.equal(oneLine(' \r\n{"a" :\n\t1,\r\n"b":"x\\ny  z"}\n'), '{"a" :\t1,"b":"x\\ny  z"}');
  assert.equal(oneLine('{"a":1,"a":2,"__proto__":{"x":1}}'), '{"a":1,"a":2,"__proto__":{"x":1}}');
});

test('rule 1: one line has the same value, however the JSON was laid out', () => {
  fc.assert(
    fc.property(fc.json(), fc.constantFrom('', ' ', '\t', '\n', '\r\n'), (json, indent) => {
      const laidOut = `\n${JSON.stringify(JSON.parse(json), null, indent)}\r\n`;
      const line = oneLine(laidOut);
      assert.ok(!/[\r\n]/.test(line));
      assert.deepEqual(JSON.parse(line), JSON.parse(laidOut));
    }),
  );
});

const bytes = (text: string) => Buffer.from(text);

function oneLine(text: string): string {
  return oneLineJson(Buffer.from(text)).toString();
}

test('depth', () => {
  const nested = (levels: number) => bytes('['.repeat(levels) + ']'.repeat(levels));
  assert.equal(isNestedTooDeeply(nested(MAX_JSON_DEPTH)), false);
  assert.equal(isNestedTooDeeply(nested(MAX_JSON_DEPTH + 1)), true);
  assert.equal(isNestedTooDeeply(bytes('{"a":'.repeat(100_000))), true);
  assert.equal(isNestedTooDeeply(bytes(JSON.stringify({ a: '[{'.repeat(5000), b: '\\"['.repeat(5000) }))), false);
  assert.equal(isNestedTooDeeply(bytes(`"${'['.repeat(5000)}`)), false);
  assert.ok(Array.isArray(splitJsonArray(nested(MAX_JSON_DEPTH))));
  assert.equal(splitJsonArray(nested(MAX_JSON_DEPTH + 1)), 'nested too deeply');
});

function elementsOf(text: string): readonly string[] | undefined {
  const bounds = splitJsonArray(bytes(text));
  if (!Array.isArray(bounds)) return undefined;
  return Array.from({ length: bounds.length / 2 }, (_, i) =>
    bytes(text)
      .subarray(bounds[2 * i], bounds[2 * i + 1])
      .toString(),
  );
}

test('an array is split into the texts of its elements', () => {
  assert.deepEqual(elementsOf('[]'), []);
  assert.deepEqual(elementsOf(' [ \n ]\r\n'), []);
  assert.deepEqual(elementsOf('[1, {"a":[1,2],"b":"],\\"{,ö"} ,"x"]'), ['1', ' {"a":[1,2],"b":"],\\"{,ö"} ', '"x"']);
  for (const none of ['', '{}', '[1', '[1}', '[1]]', '[1] 2', '["]', '1'])
    assert.equal(elementsOf(none), undefined, none);
});

/** The values, or undefined when the array or one of its elements is not JSON. */
function parsedElements(text: string): unknown {
  try {
    return elementsOf(text)?.map((element) => JSON.parse(element) as unknown);
  } catch {
    return undefined;
  }
}

function parsedArray(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

test('splitting and parsing gives what parsing the whole gives', () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue()), fc.constantFrom(0, 1), (values, indent) => {
      const text = JSON.stringify(values, null, indent);
      assert.deepEqual(parsedElements(text), JSON.parse(text));
    }),
  );
});

test('splitting and parsing accepts exactly what parsing the whole accepts', () => {
  const piece = fc.constantFrom('[', ']', '{', '}', ',', ':', '"', '"a"', '1', '\\', ' ');
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const text = `[${pieces.join('')}]`;
      assert.deepEqual(parsedElements(text), parsedArray(text), text);
    }),
    { numRuns: 5000 },
  );
});

/** Pieces that are all valid JSON, or undefined. */
function guessed(text: string): readonly unknown[] | undefined {
  const json = bytes(text);
  const bounds = guessJsonArray(json);
  if (bounds === undefined) return undefined;
  try {
    return Array.from({ length: bounds.length / 2 }, (_, i) =>
      JSON.parse(json.toString('utf8', bounds[2 * i], bounds[2 * i + 1])),
    );
  } catch {
    return undefined;
  }
}

test('a guess at the elements of an array is right when each piece is valid JSON', () => {
  assert.deepEqual(guessed('[{"id":1,"x":[{"y":2},{"y":3}]},{"id":2}]'), [
    { id: 1, x: [{ y: 2 }, { y: 3 }] },
    { id: 2 },
  ]);
  // no guess, or one that parsing shows to be wrong: the beginning stands inside a string, or deeper
  for (const text of [
    '[]',
    '[1,2]',
    '{"id":1}',
    '[{"id":",{\\"id\\":"},{"id":[{"id":1},{"id":2}]}]',
    '[{"id":1},{"x":2}',
    '',
  ]) {
    const pieces = guessed(text);
    if (pieces !== undefined) assert.deepEqual(pieces, JSON.parse(text));
  }
  const hostile = fc.constantFrom(',{"id":', '{"id":1}', ',', ']', '[', '"', '\\', '},{"id":');
  const value = fc.letrec((tie) => ({
    value: fc.oneof(
      fc.integer(),
      fc.string(),
      fc.array(hostile).map((parts) => parts.join('')),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.record({ id: tie('value'), x: tie('value') }, { requiredKeys: ['id'] }),
    ),
  })).value;
  fc.assert(
    fc.property(fc.array(fc.record({ id: value }), { maxLength: 5 }), (elements) => {
      const text = JSON.stringify(elements);
      const pieces = guessed(text);
      if (pieces !== undefined) assert.deepEqual(pieces, JSON.parse(text));
    }),
  );
});
