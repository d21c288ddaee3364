import { RowSpool, type RowSpoolOptions } from './row-spool.ts';

/** The rows of one block, column by column; 0 is NULL, k + 1 is symbol k. */
export interface RowBlock {
  readonly rows: number;
  /** Fills the target with the column's cells. */
  column(index: number, target: Uint32Array): void;
}

const CELLS_PER_BLOCK = 65_536;

/** How many rows a block of so many columns has. */
export function rowsPerBlock(columns: number): number {
  return Math.max(64, Math.min(8192, Math.floor(CELLS_PER_BLOCK / Math.max(1, columns))));
}

/**
 * The row table while it grows. The final bit widths are known only at the end, so rows wait as whole numbers:
 * the open block with 4 bytes a cell (256 KiB in all), sealed blocks with 1, 2 or 4 bytes a cell in the spool,
 * as many as the column's symbols needed at that time.
 */
export class RowIndexes {
  /** The open block, column after column; `open[column * blockRows + rowInBlock]`. */
  readonly open: Uint32Array;
  readonly blockRows: number;
  /** Which columns have had a NULL in a sealed block; all of them after `finish`. */
  readonly hasNull: Uint8Array;
  readonly #columns: number;
  readonly #spool: RowSpool;
  #rows = 0;

  constructor(columns: number, spool: RowSpoolOptions) {
    this.#columns = columns;
    this.blockRows = rowsPerBlock(columns);
    this.open = new Uint32Array(this.blockRows * columns);
    this.hasNull = new Uint8Array(columns);
    this.#spool = new RowSpool(spool);
  }

  /** Seals the open block, of which so many rows are filled. `largest` gives the largest cell a column may have. */
  seal(rows: number, largest: (column: number) => number): void {
    if (rows === 0) return;
    const sizes = Uint8Array.from({ length: this.#columns }, (_, column) => cellBytes(largest(column)));
    const block = new Uint8Array(
      columnsStart(this.#columns) + sizes.reduce((sum, size) => sum + padded(size * rows), 0),
    );
    block.set(sizes);
    let position = columnsStart(this.#columns);
    for (let column = 0; column < this.#columns; column++) {
      const cells = this.open.subarray(column * this.blockRows, column * this.blockRows + rows);
      if (this.hasNull[column] === 0 && cells.includes(0)) this.hasNull[column] = 1;
      const size = sizes[column] ?? 4;
      cellView(block, position, size, rows).set(cells);
      position += padded(size * rows);
    }
    this.#rows += rows;
    this.#spool.append(block);
  }

  /** The sealed blocks in order. */
  *blocks(): Generator<RowBlock> {
    let left = this.#rows;
    for (const block of this.#spool.blocks()) {
      const rows = Math.min(left, this.blockRows);
      left -= rows;
      const starts: number[] = [];
      let position = columnsStart(this.#columns);
      for (let column = 0; column < this.#columns; column++) {
        starts.push(position);
        position += padded((block[column] ?? 4) * rows);
      }
      yield {
        rows,
        column: (index, target) => target.set(cellView(block, starts[index] ?? 0, block[index] ?? 4, rows)),
      };
    }
  }

  get memoryBytes(): number {
    return this.open.byteLength + this.#spool.memoryBytes;
  }

  get onDisk(): boolean {
    return this.#spool.onDisk;
  }

  close(): void {
    this.#spool.close();
  }
}

// A sealed block: one byte per column with its cell size, then the columns, all at multiples of 4 for the typed arrays.
function columnsStart(columns: number): number {
  return padded(columns);
}

function padded(bytes: number): number {
  return Math.ceil(bytes / 4) * 4;
}

function cellBytes(largest: number): 1 | 2 | 4 {
  return largest <= 0xff ? 1 : largest <= 0xffff ? 2 : 4;
}

function cellView(block: Uint8Array, position: number, size: number, rows: number) {
  if (size === 1) return new Uint8Array(block.buffer, position, rows);
  return size === 2 ? new Uint16Array(block.buffer, position, rows) : new Uint32Array(block.buffer, position, rows);
}
