import { type QvdInput, QvdReader, type QvdValue, type QvdWriter, serialToEpochMs } from 'qvd-codec';
import { CodedError } from '../../../domain/errors.ts';
import type { TableColumn } from '../../../domain/table-row.ts';
import type { Pace } from '../../../pipeline/ports/day-merger.ts';
import type { PartFormat } from '../../shared/part-merger.ts';
import { openQvd } from './encode.ts';
import { writtenFrom } from './written-from.ts';

/** A QVD file has every distinct value once, ahead of the rows: they are known, and in memory, until the last row is. */
const MAX_MEMORY_BYTES = 512 * 1024 * 1024;

export function qvdParts(
  product: { readonly name: string; readonly version: string },
  maxMemoryBytes = MAX_MEMORY_BYTES,
): PartFormat {
  return {
    extension: 'qvd',
    async factsOf(part) {
      const reader = await QvdReader.open(part);
      return { columns: reader.fieldNames, from: writtenFrom(part) };
    },
    async write({ day, columns, from, createdAt }, parts, write, pace) {
      const writer = openQvd(columns, { product, from, createdAt, day });
      try {
        for (const part of parts) {
          await part.read((bytes) => addPart(writer, columns, bytes, pace));
          if (writer.memoryBytes > maxMemoryBytes) throw tooLarge(day, maxMemoryBytes);
        }
        await writer.writeTo({ write });
      } finally {
        writer.close();
      }
    },
  };
}

async function addPart(
  writer: QvdWriter,
  columns: readonly TableColumn[],
  bytes: Uint8Array,
  pace: Pace,
): Promise<void> {
  const reader = await QvdReader.open(bytes);
  const present = columns.filter(({ name }) => reader.fieldNames.includes(name));
  for await (const batch of reader.batches({ fields: present.map(({ name }) => name) })) {
    const cells = columns.map((column): readonly QvdInput[] | undefined => {
      const values = batch.columns[present.indexOf(column)];
      return values?.map((value) => inputOf(column, value));
    });
    writer.addRows(Array.from({ length: batch.rowCount }, (_, row) => cells.map((column) => column?.[row])));
    await pace();
  }
}

/** What the encoder was given, so that the symbols and what Qlik shows of them are the same. */
function inputOf({ name, kind }: TableColumn, value: QvdValue): QvdInput {
  if (value === null) return null;
  const number = Number(value);
  switch (kind) {
    case 'timestamp':
    case 'date':
      return serialToEpochMs(number);
    case 'boolean':
      return number !== 0;
    case 'int64':
      return typeof value === 'string' ? BigInt(value) : number;
    case 'double':
      return number;
    case 'text':
      if (typeof value === 'string') return value;
      throw new Error(`field ${name} holds something else than texts`);
  }
}

function tooLarge(day: string, maxMemoryBytes: number): CodedError {
  return new CodedError(
    'DAILY_MERGE_TOO_LARGE',
    `No daily file for ${day}: the distinct values of its fields take more than the ${maxMemoryBytes / 2 ** 20} MiB of ` +
      'memory that merging may use. Load the parts.',
    { day },
  );
}
