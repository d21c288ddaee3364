import { zstdDecompressSync } from 'node:zlib';
import { type FileMetaData, parquetMetadata, parquetRead } from 'hyparquet';
import type { TableColumn } from '../../../domain/table-row.ts';
import type { PartFormat } from '../../shared/part-merger.ts';
import { ParquetFile } from './encode.ts';
import { originIn } from './written-from.ts';

/** Row groups of a daily file hold the rows of whole parts: up to so many, or one part. */
const MAX_GROUP_ROWS = 10_000;
const MAX_GROUP_BYTES = 32 * 1024 * 1024;

interface DecodedPart {
  /** The cells of each column, as `TableColumn` has them. */
  readonly cells: readonly (readonly unknown[])[];
  readonly rows: number;
  /** Of the encoded columns, not compressed. */
  readonly bytes: number;
}

/** Rows are decoded and encoded again, so that a day of thousands of small parts has few row groups. */
export function parquetParts(product: { readonly name: string; readonly version: string }): PartFormat {
  return {
    extension: 'parquet',
    async factsOf(part) {
      const metadata = parquetMetadata(part);
      return { columns: columnNames(metadata), from: originIn(metadata) };
    },
    async write({ columns, from: [from, ...others] }, parts, write, pace) {
      const file = new ParquetFile(columns, { product, from: others.length > 0 ? {} : (from ?? {}) });
      let group = new RowGroup(columns.length);
      const addGroup = async () => {
        if (group.rows === 0) return;
        file.addRowGroup(group.cells);
        group = new RowGroup(columns.length);
        await write(file.take());
        await pace();
      };
      for (const part of parts) {
        const decoded = await part.read((bytes) => decodePart(columns, bytes));
        if (!group.hasRoomFor(decoded)) await addGroup();
        group.add(decoded);
        await pace();
      }
      await addGroup();
      file.finish();
      await write(file.take());
    },
  };
}

class RowGroup {
  readonly cells: unknown[][];
  rows = 0;
  #bytes = 0;

  constructor(columns: number) {
    this.cells = Array.from({ length: columns }, () => []);
  }

  hasRoomFor({ rows, bytes }: DecodedPart): boolean {
    return this.rows + rows <= MAX_GROUP_ROWS && this.#bytes + bytes <= MAX_GROUP_BYTES;
  }

  add({ cells, rows, bytes }: DecodedPart): void {
    for (const [i, column] of this.cells.entries()) {
      for (const cell of cells[i] ?? []) column.push(cell);
    }
    this.rows += rows;
    this.#bytes += bytes;
  }
}

async function decodePart(columns: readonly TableColumn[], part: Uint8Array): Promise<DecodedPart> {
  const metadata = parquetMetadata(part);
  const rows = Number(metadata.num_rows);
  const cellsOf = new Map<string, unknown[]>();
  let read = 0;
  await parquetRead({
    file: {
      byteLength: part.byteLength,
      slice: (start, end) => Uint8Array.from(part.subarray(start, end)).buffer,
    },
    metadata,
    compressors: { ZSTD: (input) => zstdDecompressSync(input) },
    parsers: PARSERS,
    onChunk: ({ columnName, columnData, rowStart }) => {
      const cells = cellsOf.get(columnName) ?? new Array<unknown>(rows).fill(null);
      cellsOf.set(columnName, cells);
      for (const [i, cell] of columnData.entries()) cells[rowStart + i] = cell ?? null;
      read += columnData.length;
    },
  });
  const expected = rows * columnNames(metadata).length;
  if (read !== expected) throw new Error(`it has ${read} cells where it should have ${expected}`);
  const bytes = metadata.row_groups.reduce((sum, group) => sum + Number(group.total_byte_size), 0);
  return { cells: columns.map(({ name }) => cellsOf.get(name) ?? new Array<unknown>(rows).fill(null)), rows, bytes };
}

/** The cells as they were given to the encoder: milliseconds, days, and texts with all of their characters. */
const PARSERS = {
  timestampFromMilliseconds: (ms: bigint) => ms,
  dateFromDays: (days: number) => days,
  // a TextDecoder takes U+FEFF away from the beginning
  stringFromBytes: (bytes: Uint8Array | undefined) =>
    bytes && Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'),
};

function columnNames({ schema }: FileMetaData): string[] {
  return schema.slice(1).map(({ name }) => name);
}
