import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { epochMsToSerial, QvdDual, type QvdFieldType, type QvdInput, QvdReader, type QvdValue } from '../src/index.ts';
import { assertSameRows, dual, qvdOf, rowsOf } from './support/tables.ts';

const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.string({ maxLength: 300 }),
  fc.constantFrom('', ' ', '\u0004', '\n\t', 'NULL', '\uFFFD', '\uFEFFx', '�\u{10FFFF}', 'a'.repeat(5000)),
);
const storable = text.map((value) => value.toWellFormed().replaceAll('\0', '0'));
const finite = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(0, -0, Number.MAX_VALUE, Number.MIN_VALUE, 2 ** 31, -(2 ** 31), 2 ** 31 - 1, 2 ** 53, 0.1 + 0.2),
);
const whole = fc.oneof(fc.maxSafeInteger(), fc.integer(), fc.nat(5), fc.constantFrom(2 ** 31, -(2 ** 31), 2 ** 53 - 1));
const instant = fc.oneof(
  fc.integer({ min: -62_167_219_200_000, max: 253_402_300_799_999 }),
  fc.constantFrom(0, -1, 253_402_300_799_999, -62_167_219_200_000, Date.UTC(2024, 1, 29, 23, 59, 59, 999)),
);
const pair = fc.tuple(finite, storable).map(([number, shown]) => dual(number, shown));

const isoDay = (epochMs: number): string => new Date(epochMs).toISOString().slice(0, 10);
const isoTime = (epochMs: number): string => new Date(epochMs).toISOString().slice(0, 23).replace('T', ' ');
const dayOf = (epochMs: number): number => Math.floor(epochMs / 86_400_000) + 25_569;

/** For every field type: values, and what a reader must give for them. */
const kinds: Record<QvdFieldType, { values: fc.Arbitrary<QvdInput>; expected: (value: never) => QvdValue }> = {
  text: { values: storable, expected: (value: string) => value },
  integer: { values: whole, expected: (value: number) => value + 0 },
  double: { values: finite, expected: (value: number) => value },
  boolean: { values: fc.boolean(), expected: (value: boolean) => (value ? -1 : 0) },
  dual: { values: pair, expected: (value: QvdDual) => value },
  any: {
    values: fc.oneof(storable, finite, pair, fc.boolean()),
    expected: (value: QvdValue | boolean) => (typeof value === 'boolean' ? (value ? -1 : 0) : value),
  },
  date: { values: instant, expected: (value: number) => dual(dayOf(value), isoDay(value)) },
  timestamp: { values: instant, expected: (value: number) => dual(epochMsToSerial(value), isoTime(value)) },
};

const table = fc.array(fc.constantFrom(...(Object.keys(kinds) as QvdFieldType[])), { maxLength: 12 }).chain((types) =>
  fc.record({
    types: fc.constant(types),
    rows: fc.array(fc.tuple(...types.map((type) => fc.option(kinds[type].values, { freq: 4 }))), { maxLength: 40 }),
  }),
);

function expectedOf(types: readonly QvdFieldType[], row: readonly QvdInput[]): QvdValue[] {
  return types.map((type, column) => {
    const value = row[column];
    return value === null || value === undefined ? null : kinds[type].expected(value as never);
  });
}

const fieldsOf = (types: readonly QvdFieldType[]) => types.map((type, index) => ({ name: `f${index}`, type }));

test('any table of any types comes back as it was, row by row and column by column', { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(table, async ({ types, rows }) => {
      const file = qvdOf(fieldsOf(types), rows);
      const expected = rows.map((row) => expectedOf(types, row));
      assertSameRows(await rowsOf(file), expected);
      const reader = await QvdReader.open(file);
      for (const [column, name] of reader.fieldNames.entries()) {
        assert.deepEqual(
          await reader.column(name),
          expected.map((row) => row[column]),
        );
      }
    }),
    { numRuns: 300, interruptAfterTimeLimit: 20_000, markInterruptAsFailure: false },
  );
});

test('symbols are distinct, and what a reader gave can be written again without a change', {
  timeout: 60_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(table, async ({ types, rows }) => {
      const file = qvdOf(fieldsOf(types), rows);
      const reader = await QvdReader.open(file);
      for (const name of reader.fieldNames) {
        const keys = (await reader.symbols(name)).map((value) =>
          value instanceof QvdDual
            ? `dual ${numberKey(value.number)} ${value.text}`
            : `${typeof value} ${numberKey(value)}`,
        );
        assert.equal(new Set(keys).size, keys.length);
      }
      const copy = qvdOf(
        types.map((_, index) => ({ name: `f${index}`, type: 'any' as const })),
        await rowsOf(file),
      );
      assertSameRows(await rowsOf(copy), await rowsOf(file));
    }),
    { numRuns: 100, interruptAfterTimeLimit: 15_000, markInterruptAsFailure: false },
  );
});

const numberKey = (value: number | string): string => (Object.is(value, -0) ? '-0' : String(value));

for (const fields of [0, 1, 7, 8, 9, 64, 200]) {
  for (const rows of [0, 1, 2, 700]) {
    test(`${fields} fields and ${rows} rows`, async () => {
      const types = Array.from(
        { length: fields },
        (_, index) => (index % 3 === 0 ? 'text' : 'integer') as QvdFieldType,
      );
      const input = Array.from({ length: rows }, (_, row) =>
        types.map((type, column) => {
          const value = (row * 31 + column) % (column + 1);
          if (value === 3) return null;
          return type === 'text' ? `v${value}` : value;
        }),
      );
      assertSameRows(await rowsOf(qvdOf(fieldsOf(types), input)), input);
    });
  }
}

for (const rows of [255, 256, 257, 8191, 8192, 8193, 65_535, 65_536, 65_537, 100_000]) {
  test(`${rows} rows, each with a value of its own beside fields that repeat themselves`, {
    timeout: 60_000,
  }, async () => {
    const input = Array.from({ length: rows }, (_, row) => [
      `id-${row}`,
      row,
      row % 7 === 0 ? null : `name ${row % 40}`,
      row === rows - 1 ? null : 'constant',
      row % 300,
    ]);
    const file = qvdOf(fieldsOf(['text', 'integer', 'text', 'text', 'any']), input);
    assertSameRows(await rowsOf(file), input);
  });
}
