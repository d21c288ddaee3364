import { constants, zstdCompressSync } from 'node:zlib';
import { ByteWriter, type ColumnSource, ParquetWriter, type SchemaElement } from 'hyparquet-writer';
import type { AuditRecord } from '../../../domain/audit-record.ts';
import type { TableColumn } from '../../../domain/table-row.ts';
import type { WrittenFrom } from '../../shared/part-merger.ts';

export interface FileFacts {
  readonly product: { readonly name: string; readonly version: string };
  /** Which part of the log it holds; `logId` once it is known, none of it when it is of several logs. */
  readonly from: Partial<WrittenFrom>;
}

/** Audit rows are columns of ids: higher levels cost more and give files that are no smaller (measured with 1, 3, 6). */
const ZSTD = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

/**
 * One Parquet file with one row group. The same rows give the same bytes. Synchronous: run it off the ingest thread.
 */
export function encodeParquet(
  columns: readonly TableColumn[],
  records: readonly AuditRecord[],
  facts: FileFacts,
): Uint8Array {
  const file = new ParquetFile(columns, facts);
  file.addRowGroup(columns.map((column) => records.map((record) => column.value(record))));
  file.finish();
  return file.take();
}

/**
 * A Parquet file that grows by row groups: zstd, min and max of each column, and who wrote which part of the log in the
 * key-value metadata. Holds one row group, and what a footer says of each.
 */
export class ParquetFile {
  readonly #columns: readonly TableColumn[];
  readonly #bytes = new ByteWriter(64 * 1024);
  readonly #parquet: ParquetWriter;

  constructor(columns: readonly TableColumn[], { product, from }: FileFacts) {
    this.#columns = columns;
    const { logId, range } = from;
    this.#parquet = new ParquetWriter({
      writer: this.#bytes,
      schema: [{ name: 'root', num_children: columns.length }, ...columns.map(schemaElement)],
      codec: 'ZSTD',
      compressors: { ZSTD: (input) => zstdCompressSync(input, ZSTD) },
      statistics: true,
      createdBy: `${product.name} version ${product.version}`,
      kvMetadata: [
        { key: 'product', value: product.name },
        { key: 'version', value: product.version },
        ...(logId === undefined ? [] : [{ key: 'logId', value: logId }]),
        ...(range === undefined
          ? []
          : [
              { key: 'firstSequence', value: String(range.first) },
              { key: 'lastSequence', value: String(range.last) },
            ]),
      ],
    });
  }

  /** @param data the cells of each column, all of the same number */
  addRowGroup(data: readonly unknown[][]): void {
    const columnData = this.#columns.map(({ name }, i): ColumnSource => ({ name, data: data[i] ?? [] }));
    this.#parquet.write({ columnData, rowGroupSize: data[0]?.length ?? 0 });
  }

  /** After the last row group. */
  finish(): void {
    this.#parquet.finish();
  }

  /** The bytes since the last call, to be used before the next one of any method. */
  take(): Uint8Array {
    const bytes = this.#bytes.getBytes();
    this.#bytes.index = 0;
    return bytes;
  }
}

function schemaElement({ name, kind }: Pick<TableColumn, 'name' | 'kind'>): SchemaElement {
  const repetition_type = 'OPTIONAL';
  switch (kind) {
    case 'int64':
      return { name, type: 'INT64', repetition_type };
    case 'double':
      return { name, type: 'DOUBLE', repetition_type };
    case 'boolean':
      return { name, type: 'BOOLEAN', repetition_type };
    case 'text':
      return { name, type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type };
    case 'timestamp':
      return {
        name,
        type: 'INT64',
        converted_type: 'TIMESTAMP_MILLIS',
        logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MILLIS' },
        repetition_type,
      };
    case 'date':
      return { name, type: 'INT32', converted_type: 'DATE', logical_type: { type: 'DATE' }, repetition_type };
  }
}
