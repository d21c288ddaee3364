import { QvdError } from '../errors.ts';
import type { QvdField } from '../header.ts';
import type { QvdValue } from '../values.ts';

/** A block of rows as it stands in the file. */
export interface PackedRows {
  readonly bytes: Buffer;
  readonly rows: number;
  readonly recordByteSize: number;
  /** The number of the first row in the table, for messages. */
  readonly firstRow: number;
}

/**
 * The values of one field in a block of rows.
 * @throws {QvdError} QVD_ROW_DAMAGED when a row asks for a symbol that the field does not have
 */
export function unpackColumn(
  block: PackedRows,
  field: QvdField,
  symbols: readonly NonNullable<QvdValue>[],
): QvdValue[] {
  const { rows } = block;
  const stored = storedNumbers(block, field);
  const { bias } = field;
  const values: QvdValue[] = new Array(rows);
  for (let row = 0; row < rows; row++) {
    const index = (stored[row] as number) + bias;
    if (index < 0) {
      values[row] = null;
      continue;
    }
    const value = symbols[index];
    if (value === undefined) throw damaged(block, field, row, index);
    values[row] = value;
  }
  return values;
}

function storedNumbers(block: PackedRows, field: QvdField): ArrayLike<number> {
  const { rows } = block;
  if (field.bitWidth === 0) return new Uint32Array(rows);
  if (field.bitWidth > 32) return wideNumbers(block, field);
  return narrowNumbers(block, field, new Uint32Array(rows));
}

/** Up to 32 bits, which touch up to five bytes. Bytes are gathered one by one: `<<` on rows ends at 32 bits. */
function narrowNumbers(block: PackedRows, field: QvdField, stored: Uint32Array): Uint32Array {
  const { bytes, rows, recordByteSize } = block;
  const shift = field.bitOffset & 7;
  const touched = (shift + field.bitWidth + 7) >>> 3;
  const mask = field.bitWidth === 32 ? 0xffffffff : (1 << field.bitWidth) - 1;
  let at = field.bitOffset >>> 3;
  for (let row = 0; row < rows; row++, at += recordByteSize) {
    let low = bytes[at] as number;
    if (touched > 1) low |= (bytes[at + 1] as number) << 8;
    if (touched > 2) low |= (bytes[at + 2] as number) << 16;
    if (touched > 3) low |= (bytes[at + 3] as number) << 24;
    let value = low >>> shift;
    if (touched > 4) value |= (bytes[at + 4] as number) << (32 - shift);
    stored[row] = value & mask;
  }
  return stored;
}

/** Fields wider than 32 bits are legal though no table needs them: only their lowest bits can point at a symbol. */
function wideNumbers({ bytes, rows, recordByteSize }: PackedRows, field: QvdField): Float64Array {
  const stored = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    let value = 0;
    for (let bit = field.bitWidth - 1; bit >= 0; bit--) {
      const place = field.bitOffset + bit;
      const byte = bytes[row * recordByteSize + Math.floor(place / 8)] as number;
      value = value * 2 + ((byte >>> (place & 7)) & 1);
    }
    stored[row] = value;
  }
  return stored;
}

function damaged(block: PackedRows, field: QvdField, row: number, index: number): QvdError {
  const message = `symbol ${index} is asked for, but the field has ${field.symbolCount}`;
  return new QvdError('QVD_ROW_DAMAGED', message, { field: field.name, row: block.firstRow + row });
}
