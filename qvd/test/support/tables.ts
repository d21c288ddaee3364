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
