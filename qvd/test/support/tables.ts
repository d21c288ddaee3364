import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import {
  QvdDual,
  type QvdFieldOptions,
  type QvdInput,
  type QvdInputFile,
  QvdReader,
  type QvdValue,
  QvdWriter,
} from '../../src/index.ts';

/** A file with these fields and rows, made at a fixed time. */
export function qvdOf(
  fields: readonly QvdFieldOptions[],
  rows: readonly (readonly QvdInput[])[],
  options: Partial<ConstructorParameters<typeof QvdWriter>[0]> = {},
): Buffer {
  const writer = new QvdWriter({ tableName: 'table', fields, now: () => Date.UTC(2026, 2, 8), ...options });
  writer.addRows(rows);
  return writer.toBuffer();
}

/** All rows of a file. */
export async function rowsOf(file: QvdInputFile): Promise<QvdValue[][]> {
  const reader = await QvdReader.open(file);
  try {
    return await collect(reader.rows());
  } finally {
    await reader.close();
  }
}

export function dual(number: number, text: string): QvdDual {
  return new QvdDual(number, text);
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** Compares tables and shows the first row that differs; the difference of two large tables fills all memory. */
export function assertSameRows(actual: readonly unknown[], expected: readonly unknown[]): void {
  assert.equal(actual.length, expected.length, 'number of rows');
  for (const [row, values] of expected.entries()) {
    if (!isDeepStrictEqual(actual[row], values)) assert.deepEqual(actual[row], values, `row ${row}`);
  }
}
