import { QvdError } from '../errors.ts';
import type { QvdField, QvdHeader } from '../header.ts';
import type { QvdValue } from '../values.ts';
import { checkLayout, readHeader } from './layout.ts';
import { type PackedRows, unpackColumn } from './row-unpacker.ts';
import { type ByteSource, openSource, type QvdInputFile } from './source.ts';
import { decodeSymbols, type InvalidUtf8 } from './symbol-decoder.ts';

export interface QvdReaderOptions {
  /** Text that is not UTF-8: refuse it (default), or put U+FFFD for what cannot be read. */
  readonly invalidUtf8?: InvalidUtf8;
  /** A longer header is refused. Default 64 MiB. */
  readonly maxHeaderBytes?: number;
}

/** Which part of the table to read. */
export interface QvdSelection {
  /** Field names, in the order the values are wanted; all fields when absent. */
  readonly fields?: readonly string[];
  /** The first row, counted from 0. Default 0. */
  readonly from?: number;
  /** How many rows at most. Default all. */
  readonly limit?: number;
}

/** Some successive rows, column by column: `columns[field][row]`. */
export interface QvdBatch {
  readonly firstRow: number;
  readonly rowCount: number;
  readonly columns: readonly (readonly QvdValue[])[];
}

const DEFAULT_MAX_HEADER_BYTES = 64 * 1024 * 1024;
const BATCH_ROWS = 4096;
const BATCH_BYTES = 1024 * 1024;
/** Fields without bits cost a file nothing, and their cells do. */
const BATCH_CELLS = 4 * 1024 * 1024;

/**
 * Reads one QVD file. `open` reads and checks the header; the symbols of a field are read when the field is first
 * asked for and then kept; rows stream through in blocks of at most 4,096 rows, one megabyte and four million cells (or
 * one row).
 */
export class QvdReader {
  readonly header: QvdHeader;
  readonly #source: ByteSource;
  readonly #bodyStart: number;
  readonly #invalidUtf8: InvalidUtf8;
  readonly #symbols = new Map<number, Promise<NonNullable<QvdValue>[]>>();
  #closed = false;

  private constructor(source: ByteSource, header: QvdHeader, bodyStart: number, options: QvdReaderOptions) {
    this.#source = source;
    this.header = header;
    this.#bodyStart = bodyStart;
    this.#invalidUtf8 = options.invalidUtf8 ?? 'error';
  }

  /**
   * Opens a file by its path, an open `FileHandle` (which stays open), or the whole file in memory.
   * @throws {QvdError} when it is not a QVD file or its header does not fit it; file system errors as they are
   */
  static async open(input: QvdInputFile, options: QvdReaderOptions = {}): Promise<QvdReader> {
    const source = await openSource(input);
    try {
      const { header, bodyStart } = await readHeader(source, options.maxHeaderBytes ?? DEFAULT_MAX_HEADER_BYTES);
      checkLayout(header, source.byteLength - bodyStart);
      return new QvdReader(source, header, bodyStart, options);
    } catch (error) {
      await source.close();
      throw error;
    }
  }

  get rowCount(): number {
    return this.header.rowCount;
  }

  get fieldNames(): string[] {
    return this.header.fields.map((field) => field.name);
  }

  /** The rows one by one, each an array of values in the order of the fields. */
  async *rows(selection: QvdSelection = {}): AsyncGenerator<QvdValue[]> {
    for await (const { rowCount, columns } of this.batches(selection)) {
      for (let row = 0; row < rowCount; row++) {
        const values: QvdValue[] = new Array(columns.length);
        for (let column = 0; column < columns.length; column++) {
          values[column] = (columns[column] as readonly QvdValue[])[row] as QvdValue;
        }
        yield values;
      }
    }
  }

  /** The rows in blocks, column by column: the fastest way through a whole table. */
  async *batches(selection: QvdSelection = {}): AsyncGenerator<QvdBatch> {
    const indexes =
      selection.fields?.map((name) => this.#indexOf(name)) ?? Array.from(this.header.fields, (_, index) => index);
    const fields = indexes.map((index) => this.header.fields[index] as QvdField);
    const symbols: NonNullable<QvdValue>[][] = [];
    for (const index of indexes) symbols.push(await this.#symbolsAt(index));
    for await (const block of this.#blocks(selection, fields.length)) {
      const columns = fields.map((field, column) => unpackColumn(block, field, symbols[column] ?? []));
      yield { firstRow: block.firstRow, rowCount: block.rows, columns };
    }
  }

  /** All values of one field, row by row. */
  async column(name: string): Promise<QvdValue[]> {
    const values: QvdValue[] = [];
    for await (const { columns } of this.batches({ fields: [name] })) {
      for (const value of columns[0] ?? []) values.push(value);
    }
    return values;
  }

  /** The distinct values of one field in the file's order, NULL not among them. */
  async symbols(name: string): Promise<readonly NonNullable<QvdValue>[]> {
    return await this.#symbolsAt(this.#indexOf(name));
  }

  /** Closes the file if the reader opened it. Harmless when called again. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#symbols.clear();
    await this.#source.close();
  }

  #indexOf(name: string): number {
    const index = this.header.fields.findIndex((field) => field.name === name);
    if (index < 0) throw new QvdError('QVD_FIELD_UNKNOWN', 'the table has no such field', { field: name });
    return index;
  }

  #symbolsAt(index: number): Promise<NonNullable<QvdValue>[]> {
    const field = this.header.fields[index] as QvdField;
    const known = this.#symbols.get(index);
    if (known !== undefined) return known;
    const reading = this.#read(field.symbolOffset, field.symbolLength).then((area) =>
      decodeSymbols(area, field, this.#invalidUtf8),
    );
    this.#symbols.set(index, reading);
    return reading;
  }

  async *#blocks(selection: QvdSelection, fieldCount: number): AsyncGenerator<PackedRows> {
    const { from = 0, limit = Number.POSITIVE_INFINITY } = selection;
    checkCount('from', from);
    checkCount('limit', limit);
    const { recordByteSize, rowsOffset, rowCount } = this.header;
    const end = Math.min(rowCount, from + limit);
    const fitting = Math.min(BATCH_BYTES / Math.max(1, recordByteSize), BATCH_CELLS / Math.max(1, fieldCount));
    const blockRows = Math.max(1, Math.min(BATCH_ROWS, Math.floor(fitting)));
    for (let firstRow = from; firstRow < end; firstRow += blockRows) {
      const rows = Math.min(blockRows, end - firstRow);
      const bytes = await this.#read(rowsOffset + firstRow * recordByteSize, rows * recordByteSize);
      yield { bytes, rows, recordByteSize, firstRow };
    }
  }

  async #read(offset: number, length: number): Promise<Buffer> {
    if (this.#closed) throw new QvdError('QVD_READER_CLOSED', 'this reader has been closed');
    return await this.#source.read(this.#bodyStart + offset, length);
  }
}

/** Half a row would be read as another one. */
function checkCount(name: string, value: number): void {
  if (value >= 0 && (Number.isInteger(value) || value === Number.POSITIVE_INFINITY)) return;
  throw new QvdError('QVD_SELECTION_INVALID', `${name} should be a whole number from 0, found ${value}`);
}
