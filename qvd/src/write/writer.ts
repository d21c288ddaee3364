import { QvdError } from '../errors.ts';
import type { QvdField, QvdHeader, QvdLineage } from '../header.ts';
import type { QvdInput } from '../values.ts';
import type { Column, UnstorablePolicy } from './column.ts';
import { checkFields, createColumn, numberFormatOf, type QvdFieldOptions } from './field-types.ts';
import { checkHeaderText, encodeHeader } from './header-xml.ts';
import { RowIndexes } from './row-indexes.ts';
import { type PackedLayout, packColumn, packedLayout, translateCells } from './row-packer.ts';
import { type QvdSink, sendPieces } from './sink.ts';

export interface QvdWriterOptions extends Partial<UnstorablePolicy> {
  readonly tableName: string;
  readonly fields: readonly QvdFieldOptions[];
  readonly comment?: string;
  /** CreatorDoc: the program or document that made the file. */
  readonly creator?: string;
  readonly lineage?: readonly QvdLineage[];
  readonly tableTags?: readonly string[];
  /** QvBuildNo; the default is that of a Qlik engine whose files have this layout. */
  readonly buildNumber?: number;
  /** The time of creation in milliseconds since 1970, asked once, when the file is finished. Default: the system's. */
  readonly now?: () => number;
  /** Row bytes kept in memory before they move to a temporary file. Default 64 MiB. */
  readonly spoolMemoryBytes?: number;
  /** Where that temporary file is made. Default: the system's folder for them. */
  readonly spoolDirectory?: string;
}

/** What was written. */
export interface QvdSummary {
  readonly rows: number;
  readonly bytes: number;
}

const DEFAULT_BUILD_NUMBER = 50_689;
const DEFAULT_SPOOL_MEMORY_BYTES = 64 * 1024 * 1024;
const CHUNK_ROWS = 512;

/**
 * Writes one table to one QVD file. Rows are added one by one, then the file is written once, by `writeTo` or
 * `toBuffer`, after which the writer is spent. The same rows, options and clock give the same bytes.
 *
 * Memory: each distinct value of each field once, a quarter of a megabyte for the newest rows, and at most
 * `spoolMemoryBytes` for the others (1, 2 or 4 bytes a cell); what is more goes to a temporary file.
 */
export class QvdWriter {
  readonly #options: QvdWriterOptions;
  readonly #columns: readonly Column[];
  readonly #indexes: RowIndexes;
  #sealedRows = 0;
  #openRows = 0;
  #closed = false;

  /** @throws {QvdError} QVD_SCHEMA_INVALID */
  constructor(options: QvdWriterOptions) {
    checkFields(options.fields);
    checkTexts(options);
    this.#options = options;
    const policy: UnstorablePolicy = {
      nonFinite: options.nonFinite ?? 'error',
      largeInteger: options.largeInteger ?? 'error',
      nulCharacter: options.nulCharacter ?? 'error',
      loneSurrogate: options.loneSurrogate ?? 'replace',
    };
    this.#columns = options.fields.map((field) => createColumn(field, policy));
    this.#indexes = new RowIndexes(this.#columns.length, {
      memoryBytes: options.spoolMemoryBytes ?? DEFAULT_SPOOL_MEMORY_BYTES,
      directory: options.spoolDirectory,
    });
  }

  /** How many rows have been added. */
  get rowCount(): number {
    return this.#sealedRows + this.#openRows;
  }

  /** What the symbols and rows take in memory by now: to end a table in time that would take too much. */
  get memoryBytes(): number {
    return this.#columns.reduce((sum, { symbols }) => sum + symbols.memoryBytes, this.#indexes.memoryBytes);
  }

  /**
   * Adds one row, its values in the order of the fields. A row that is refused leaves nothing behind; the writer
   * takes further rows after it.
   * @throws {QvdError} with field and row for what the field type or the format cannot hold
   */
  addRow(values: readonly QvdInput[]): void {
    this.#store([values], 0, 1);
  }

  /** Adds rows one after the other; the rows before a refused one stay. Fastest with arrays of some hundred rows. */
  addRows(rows: Iterable<readonly QvdInput[]>): void {
    if (!Array.isArray(rows)) {
      for (const row of rows) this.addRow(row);
      return;
    }
    for (let from = 0, to = 0; from < rows.length; from = to) {
      to = Math.min(rows.length, from + CHUNK_ROWS, from + this.#indexes.blockRows - this.#openRows);
      try {
        this.#store(rows, from, to);
      } catch {
        // which one is refused, and why: its own attempt says so
        for (let row = from; row < to; row++) this.#store(rows, row, row + 1);
      }
    }
  }

  /**
   * Adds rows that the open block has room for: all of them, or none when it throws. Column after column, because the
   * processor's cache holds what belongs to one, and not what belongs to all.
   */
  #store(rows: readonly (readonly QvdInput[])[], from: number, to: number): void {
    this.#refuseWhenClosed();
    const columns = this.#columns;
    const first = this.rowCount;
    for (let at = from; at < to; at++) {
      const found = rows[at]?.length;
      if (found === columns.length) continue;
      throw new QvdError('QVD_ROW_LENGTH', `expected ${columns.length} values, found ${found}`, { row: first });
    }
    const { open, blockRows } = this.#indexes;
    const before = columns.map(({ symbols }) => symbols.count);
    try {
      for (let index = 0; index < columns.length; index++) {
        const column = columns[index] as Column;
        let cell = index * blockRows + this.#openRows;
        for (let at = from; at < to; at++) {
          open[cell++] = column.store((rows[at] as readonly QvdInput[])[index], first + at - from);
        }
      }
    } catch (error) {
      for (const [index, column] of columns.entries()) column.rollBack(before[index] ?? 0);
      throw error;
    }
    this.#openRows += to - from;
    if (this.#openRows === blockRows) this.#seal();
  }

  /** The whole file in memory. The writer is spent after it. */
  toBuffer(): Buffer {
    try {
      return Buffer.concat([...this.#pieces()]);
    } finally {
      this.close();
    }
  }

  /**
   * Writes the file to an open `FileHandle`, a stream or anything else with `write`; does not sync, end or close it.
   * The writer is spent after it, also when the sink fails.
   */
  async writeTo(sink: QvdSink): Promise<QvdSummary> {
    try {
      const rows = this.rowCount;
      return { rows, bytes: await sendPieces(this.#pieces(), sink) };
    } finally {
      this.close();
    }
  }

  /** Lets go of the memory and the temporary file of a table that will not be written. Harmless when called again. */
  close(): void {
    this.#closed = true;
    this.#indexes.close();
  }

  #refuseWhenClosed(): void {
    if (this.#closed) throw new QvdError('QVD_WRITER_CLOSED', 'this writer has written its file or was closed');
  }

  #seal(): void {
    this.#indexes.seal(this.#openRows, (column) => this.#columns[column]?.symbols.count ?? 0);
    this.#sealedRows += this.#openRows;
    this.#openRows = 0;
  }

  *#pieces(): Generator<Uint8Array> {
    this.#refuseWhenClosed();
    this.#seal();
    const layout = packedLayout(
      this.#columns.map(({ symbols }, index) => ({
        symbolCount: symbols.count,
        hasNull: this.#indexes.hasNull[index] === 1,
      })),
    );
    yield Buffer.concat([encodeHeader(this.#header(layout)), Uint8Array.of(0)]);
    for (const column of this.#columns) yield* column.symbols.pieces();
    const cells = new Uint32Array(this.#indexes.blockRows);
    for (const block of this.#indexes.blocks()) {
      const bytes = Buffer.alloc(block.rows * layout.recordByteSize);
      layout.fields.forEach((field, index) => {
        if (field.bitWidth === 0) return;
        block.column(index, cells);
        translateCells(cells, block.rows, field.hasNull);
        packColumn(cells, block.rows, field, layout.recordByteSize, bytes);
      });
      yield bytes;
    }
  }

  #header(layout: PackedLayout): QvdHeader {
    const options = this.#options;
    let offset = 0;
    const fields = options.fields.map((field, index): QvdField => {
      const column = this.#columns[index] as Column;
      const packed = layout.fields[index];
      const symbolOffset = offset;
      offset += column.symbols.byteLength;
      return {
        name: field.name,
        comment: field.comment ?? '',
        tags: [...new Set([...column.tags(), ...(field.tags ?? [])])],
        numberFormat: numberFormatOf(field),
        bitOffset: packed?.bitOffset ?? 0,
        bitWidth: packed?.bitWidth ?? 0,
        bias: packed?.hasNull ? -2 : 0,
        symbolCount: column.symbols.count,
        symbolOffset,
        symbolLength: column.symbols.byteLength,
      };
    });
    return {
      buildNumber: String(options.buildNumber ?? DEFAULT_BUILD_NUMBER),
      creator: options.creator ?? '',
      createdUtc: utcText((options.now ?? Date.now)()),
      sourceCreatedUtc: '',
      sourceFileUtc: '',
      sourceFileSize: -1,
      staleUtc: '',
      tableName: options.tableName,
      fields,
      compression: '',
      recordByteSize: layout.recordByteSize,
      rowCount: this.rowCount,
      rowsOffset: offset,
      rowsLength: this.rowCount * layout.recordByteSize,
      lineage: options.lineage ?? [],
      comment: options.comment ?? '',
      encryption: '',
      tableTags: options.tableTags ?? [],
    };
  }
}

function utcText(epochMs: number): string {
  return new Date(epochMs).toISOString().slice(0, 19).replace('T', ' ');
}

function checkTexts(options: QvdWriterOptions): void {
  checkHeaderText(options.tableName, 'the table name');
  checkHeaderText(options.comment ?? '', 'the comment');
  checkHeaderText(options.creator ?? '', 'the creator');
  for (const tag of options.tableTags ?? []) checkHeaderText(tag, 'a table tag');
  for (const source of options.lineage ?? []) {
    checkHeaderText(source.discriminator, 'a lineage discriminator');
    checkHeaderText(source.statement, 'a lineage statement');
  }
}
