import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { QvdDual, type QvdFieldOptions, type QvdInput, type QvdValue } from '../src/index.ts';
import { runPython, skipWithoutPython } from './support/python.ts';
import { assertSameRows, dual, qvdOf, rowsOf } from './support/tables.ts';

// PyQvd is another reading of the format, made by other people: what both understand alike, Qlik likely does too.

/** Prints a file's columns and, per cell, null, [class, number or text] or [class, number, shown text]. */
const DUMP = `
import json, sys
from pyqvd import QvdTable
from pyqvd.qvd import DualIntegerValue, DualDoubleValue
def cell(value):
    if value is None: return None
    calculated = value.calculation_value
    if isinstance(calculated, float): calculated = calculated.hex()
    shown = [value.display_value] if isinstance(value, (DualIntegerValue, DualDoubleValue)) else []
    return [type(value).__name__, calculated] + shown
table = QvdTable.from_qvd(sys.argv[1])
print(json.dumps({"columns": table.columns, "rows": [[cell(v) for v in row] for row in table.data]}))
`;

/** Writes a file with PyQvd: every type of value it has, and NULLs. */
const WRITE = `
import sys
from datetime import date, datetime, time, timedelta
from pyqvd import QvdTable
from pyqvd.qvd import *
rows = []
for i in range(1000):
    rows.append([
        IntegerValue(i - 500), DoubleValue(i / 3), StringValue("text \\u00e5 \\U0001F600 %d" % (i % 7)),
        DualIntegerValue(i % 5, "five %d" % (i % 5)), DualDoubleValue(i % 4 + 0.5, "half"),
        DateValue.from_date(date(2026, 3, 1 + i % 28)),
        TimestampValue.from_timestamp(datetime(2026, 3, 8, 16, i % 60, 26)),
        None if i % 3 else StringValue(""), None, IntegerValue(1),
    ])
QvdTable(rows, ["int", "double", "text & <more>", "di", "dd", "date", "at", "sparse", "none", "one"]).to_qvd(sys.argv[1])
`;

describe('PyQvd and this package read each other', { skip: skipWithoutPython }, () => {
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'qvd-pyqvd-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  async function dump(file: Buffer): Promise<{ columns: string[]; rows: (null | [string, ...unknown[]])[][] }> {
    const path = join(folder, 'ours.qvd');
    await writeFile(path, file);
    return JSON.parse(await runPython(DUMP, [path]));
  }

  const fields: QvdFieldOptions[] = [
    { name: 'text & <é>', type: 'text' },
    { name: 'whole', type: 'integer' },
    { name: 'real', type: 'double' },
    { name: 'truth', type: 'boolean' },
    { name: 'day', type: 'date' },
    { name: 'at', type: 'timestamp' },
    { name: 'both', type: 'dual' },
    { name: 'mixed', type: 'any' },
    { name: 'none', type: 'text' },
    { name: 'one', type: 'text' },
  ];
  const rows: QvdInput[][] = Array.from({ length: 5000 }, (_, row) => [
    row % 11 === 0 ? null : `text å 😀 ${row % 300}`,
    row % 5 === 0 ? null : (row - 2500) * 7,
    row / 7,
    row % 3 === 0 ? null : row % 2 === 0,
    Date.UTC(2026, 0, 1) + (row % 400) * 86_400_000,
    Date.UTC(2026, 2, 8, 16, 46, 26, 181) + row * 997,
    { number: row % 9, text: `nine ${row % 9}` },
    row % 2 === 0 ? row % 4 : `m${row % 6}`,
    null,
    'constant',
  ]);

  test('PyQvd reads every cell of a file of ours as it was meant', async () => {
    const { columns, rows: read } = await dump(qvdOf(fields, rows));
    assert.deepEqual(
      columns,
      fields.map((field) => field.name),
    );
    const ours = await rowsOf(qvdOf(fields, rows));
    assert.equal(read.length, rows.length);
    for (const [index, row] of read.entries()) {
      assert.deepEqual(row.map(fromPython), ours[index], `row ${index}`);
      const [text, whole, real, truth, , , , , none, one] = rows[index] as QvdInput[];
      assert.deepEqual(
        [text, whole, real, truth, none, one],
        [
          ...row.slice(0, 3).map(fromPython),
          row[3] === null ? null : fromPython(row[3] ?? null) === -1,
          ...row.slice(8).map(fromPython),
        ],
      );
    }
    assert.equal(read[1]?.[4]?.[0], 'DateValue');
    assert.equal(read[1]?.[5]?.[0], 'TimestampValue');
    assert.equal(read[1]?.[4]?.[2], '2026-01-02');
    assert.equal(read[1]?.[5]?.[2], '2026-03-08 16:46:27.178');
    assert.deepEqual(read[1]?.[6], ['DualIntegerValue', 1, 'nine 1']);
  });

  test('PyQvd reads an empty table of ours', async () => {
    assert.deepEqual(await dump(qvdOf(fields, [])), { columns: fields.map((field) => field.name), rows: [] });
  });

  test('PyQvd reads 200 fields of ours, in rows of 200 bytes', async () => {
    const many = Array.from({ length: 200 }, (_, index) => ({ name: `f${index}`, type: 'integer' as const }));
    const input = Array.from({ length: 200 }, (_, row) => many.map((_, index) => (row * (index + 1)) % 199));
    const { rows: read } = await dump(qvdOf(many, input));
    assertSameRows(
      read.map((row) => row.map(fromPython)),
      input,
    );
  });

  test('PyQvd reads any texts and numbers of ours', { timeout: 60_000 }, async () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 20 }).map((value) => value.replaceAll('\0', ''));
    const number = fc.double({ noNaN: true, noDefaultInfinity: true });
    const sample = fc.sample(fc.tuple(fc.option(text), fc.option(number), fc.option(fc.integer())), {
      numRuns: 3000,
      seed: 1,
    });
    const { rows: read } = await dump(
      qvdOf(
        (['text', 'double', 'integer'] as const).map((type) => ({ name: type, type })),
        sample,
      ),
    );
    assertSameRows(
      read.map((row) => row.map(fromPython)),
      sample,
    );
  });

  test('we read every cell of a file that PyQvd wrote', async () => {
    const path = join(folder, 'theirs.qvd');
    await runPython(WRITE, [path]);
    const ours = await rowsOf(path);
    assert.equal(ours.length, 1000);
    const { columns, rows: theirs } = await dump(await readFile(path));
    assert.equal(columns[2], 'text & <more>');
    assertSameRows(
      ours,
      theirs.map((row) => row.map(fromPython)),
    );
    assert.deepEqual(ours[1]?.slice(0, 5), [-499, 1 / 3, 'text å 😀 1', dual(1, 'five 1'), dual(1.5, 'half')]);
    assert.deepEqual(ours[3]?.slice(7), ['', null, 1]);
    const [day, at] = [ours[1]?.[5], ours[1]?.[6]];
    assert.ok(day instanceof QvdDual && day.number === 46_083 && day.text === '2026-03-02');
    assert.ok(at instanceof QvdDual && /^2026-03-08 16:01:26/.test(at.text));
  });
});

/** What our reader gives for what PyQvd found. Floats travel as hexadecimal, so that no digit is lost. */
function fromPython(cell: null | [string, ...unknown[]]): QvdValue {
  if (cell === null) return null;
  const [, value, shown] = cell;
  const number = typeof value === 'string' && cell[0] !== 'StringValue' ? fromHex(value) : value;
  if (typeof shown === 'string') return new QvdDual(number as number, shown);
  return number as number | string;
}

function fromHex(text: string): number {
  const parts = /^(-?)0x([01])(?:\.([0-9a-f]+))?p([+-]\d+)$/.exec(text);
  if (parts === null) throw new Error(`not a hexadecimal float: ${text}`);
  const [, sign, whole, fraction = '', exponent] = parts;
  const mantissa = Number.parseInt(`${whole}${fraction}`, 16) * 2 ** (-4 * fraction.length);
  // In two steps, because 2 ** -1074 times a fraction would be lost in one.
  const power = Number(exponent);
  const half = Math.trunc(power / 2);
  return (sign === '-' ? -1 : 1) * (mantissa * 2 ** half * 2 ** (power - half));
}
