import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { linesOf, parseLine } from '../../../../test/support/line-protocol-parser.ts';
import {
  encodePoint,
  type FieldValue,
  isMeasurementName,
  isTagName,
  MAX_TAG_BYTES,
  type Point,
} from './line-protocol.ts';

function point(tags: Record<string, string>, fields: Record<string, FieldValue> = {}): Point {
  return {
    measurement: 'audit_event',
    tags: Object.entries(tags),
    fields: [...Object.entries(fields), ['sequence', { kind: 'integer', value: 1n }]],
    timeNanoseconds: 1_766_814_400_337_000_000n,
  };
}

test('a plain point, tags in order', () => {
  assert.equal(
    encodePoint(point({ b: 'x y', a: 'k=v,w' }, { s: { kind: 'string', value: 'say "hi" \\' } })),
    'audit_event,a=k\\=v\\,w,b=x\\ y s="say \\"hi\\" \\\\",sequence=1i 1766814400337000000',
  );
});

for (const { name, value, tag, exact = true } of [
  { name: 'a newline', value: 'a\nb', tag: 'a b' },
  { name: 'a trailing backslash', value: 'LAB\\', tag: 'LAB⧵' },
  { name: 'an empty value', value: '', tag: undefined },
  { name: 'a backslash inside', value: 'LAB\\anna', tag: 'LAB\\anna', exact: false },
  { name: 'a backslash before a comma', value: 'a\\,b', tag: 'a⧵,b' },
  { name: 'two backslashes', value: 'a\\\\b', tag: 'a⧵\\b' },
  { name: 'a tab', value: 'a\tb', tag: 'a b' },
  { name: 'quotes', value: 'the "best"', tag: 'the "best"', exact: false },
]) {
  test(`a tag with ${name}`, () => {
    const parsed = parseLine(encodePoint(point({ appName: value })), { strictBackslash: true });
    assert.equal(parsed.tags.get('appName'), tag);
    assert.equal(parsed.fields.get('appName_exact')?.value, exact ? value : undefined);
  });
}

test('a name with a backslash that would be read as an escape, or with a control character, is refused', () => {
  for (const name of ['a\\,b', 'a\\ b', 'a\\=b', 'a\\', 'a\nb', '\t', 'a\u0001']) {
    assert.equal(isMeasurementName(name), false, name);
    assert.equal(isTagName(name), false, name);
  }
  for (const name of ['ö, =😀 "x"', 'a\\b', ' a', 'a=b', "a'b"]) {
    assert.equal(isMeasurementName(name), true, name);
    assert.equal(isTagName(name), true, name);
  }
});

test('a huge tag is cut between characters and stands exactly beside it', () => {
  const value = `x${'😀'.repeat(100_000)}`;
  const parsed = parseLine(encodePoint(point({ appName: value })));
  const tag = parsed.tags.get('appName') ?? '';
  assert.ok(Buffer.byteLength(tag) <= MAX_TAG_BYTES && Buffer.byteLength(tag) > MAX_TAG_BYTES - 4);
  assert.ok(tag.isWellFormed() && value.startsWith(tag));
  assert.equal(parsed.fields.get('appName_exact')?.value, value);
});

const AWKWARD = fc.oneof(
  fc.string({ unit: 'binary' }).map((text) => text.toWellFormed()),
  fc.string({ unit: fc.constantFrom('\\', '"', ',', '=', ' ', '\n', '\r', '\t', '\0', 'a', '#', 'ö', '😀', '⧵') }),
);
const INT64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const FIELD: fc.Arbitrary<FieldValue> = fc.oneof(
  AWKWARD.map((value) => ({ kind: 'string', value }) as const),
  INT64.map((value) => ({ kind: 'integer', value }) as const),
  INT64.map((value) => ({ kind: 'float', value }) as const),
  fc.boolean().map((value) => ({ kind: 'boolean', value }) as const),
);

for (const strict of [false, true]) {
  test(`what a parser of its own reads is what was meant (${strict ? 'version 3' : 'versions 1 and 2'})`, () => {
    const names = (prefix: string) => fc.stringMatching(/^[a-z =,é]{0,6}x$/).map((rest) => prefix + rest);
    const points = fc.array(
      fc.record({
        measurement: fc.stringMatching(/^[a-zé][a-z ,=]{0,6}$/),
        tags: fc.dictionary(names('t'), AWKWARD, { noNullPrototype: true }),
        fields: fc.dictionary(names('f'), FIELD, { minKeys: 1, noNullPrototype: true }),
        time: INT64.filter((ns) => ns > -(2n ** 63n) + 1n && ns < 2n ** 63n - 1n),
      }),
      { minLength: 1, maxLength: 4 },
    );
    fc.assert(
      fc.property(points, (sketches) => {
        const lines = sketches.map(({ measurement, tags, fields, time }) =>
          encodePoint({
            measurement,
            tags: Object.entries(tags),
            fields: Object.entries(fields),
            timeNanoseconds: time,
          }),
        );
        const cut = linesOf(`${lines.join('\n')}\n`);
        assert.deepEqual(cut, lines);
        for (const [i, line] of cut.entries()) {
          const sketch = sketches[i];
          assert.ok(sketch !== undefined);
          const parsed = parseLine(line, { strictBackslash: strict });
          assert.equal(parsed.measurement, sketch.measurement);
          assert.equal(parsed.time, sketch.time);
          for (const [name, value] of Object.entries(sketch.tags)) {
            assert.equal(parsed.fields.get(`${name}_exact`)?.value ?? parsed.tags.get(name), value);
          }
          for (const [name, { kind, value }] of Object.entries(sketch.fields)) {
            const expected = kind === 'float' ? Number(value) : value;
            assert.deepEqual(parsed.fields.get(name), { type: kind, value: expected });
          }
        }
      }),
      { numRuns: 400 },
    );
  });
}
