/** How one field's cells stand in a row: at which bit, how wide, and whether there are NULLs (Bias -2). */
export interface PackedField {
  readonly bitOffset: number;
  readonly bitWidth: number;
  readonly hasNull: boolean;
}

export interface PackedLayout {
  readonly fields: readonly PackedField[];
  readonly recordByteSize: number;
}

/**
 * The tightest layout: every field gets the fewest bits for its symbols (and for NULL, with Bias -2), side by side.
 * A field without bits has the running offset, or 0 where that would lie outside the row.
 */
export function packedLayout(
  fields: readonly { readonly symbolCount: number; readonly hasNull: boolean }[],
): PackedLayout {
  const widths = fields.map((field) => bitsFor(field.symbolCount + (field.hasNull ? 2 : 0)));
  const recordByteSize = Math.max(1, Math.ceil(widths.reduce((sum, width) => sum + width, 0) / 8));
  let running = 0;
  const packed = fields.map((field, index) => {
    const bitWidth = widths[index] ?? 0;
    const bitOffset = running < recordByteSize * 8 ? running : 0;
    running += bitWidth;
    return { bitOffset, bitWidth, hasNull: field.hasNull };
  });
  return { fields: packed, recordByteSize };
}

/** The smallest w with 2^w >= values. */
function bitsFor(values: number): number {
  let width = 0;
  while (2 ** width < values) width += 1;
  return width;
}

/** Turns cells (0 is NULL, k + 1 is symbol k) into what the file stores: with NULLs k + 2 and 0, without them k. */
export function translateCells(cells: Uint32Array, rows: number, hasNull: boolean): void {
  if (hasNull) {
    for (let row = 0; row < rows; row++) {
      const cell = cells[row] as number;
      cells[row] = cell === 0 ? 0 : cell + 1;
    }
  } else {
    for (let row = 0; row < rows; row++) cells[row] = (cells[row] as number) - 1;
  }
}

/** Sets one field's bits in rows whose bytes were zero. */
export function packColumn(
  stored: Uint32Array,
  rows: number,
  field: PackedField,
  recordByteSize: number,
  bytes: Uint8Array,
): void {
  if (field.bitWidth === 0) return;
  const shift = field.bitOffset & 7;
  const touched = (shift + field.bitWidth + 7) >>> 3;
  let at = field.bitOffset >>> 3;
  for (let row = 0; row < rows; row++, at += recordByteSize) {
    const value = stored[row] as number;
    const low = value << shift;
    bytes[at] = (bytes[at] as number) | low; // the array keeps the low eight bits
    if (touched === 1) continue;
    bytes[at + 1] = (bytes[at + 1] as number) | (low >>> 8);
    if (touched === 2) continue;
    bytes[at + 2] = (bytes[at + 2] as number) | (low >>> 16);
    if (touched === 3) continue;
    bytes[at + 3] = (bytes[at + 3] as number) | (low >>> 24);
    if (touched === 5) bytes[at + 4] = (bytes[at + 4] as number) | (value >>> (32 - shift));
  }
}
