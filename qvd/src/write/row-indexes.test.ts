import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RowIndexes, rowsPerBlock } from './row-indexes.ts';

const LARGEST = [0, 1, 255, 256, 65_535, 65_536, 2 ** 32 - 1];

for (const memoryBytes of [Number.POSITIVE_INFINITY, 0]) {
  test(`cells come back from sealed blocks ${memoryBytes === 0 ? 'in a file' : 'in memory'}, at every cell size`, () => {
    const indexes = new RowIndexes(LARGEST.length, { memoryBytes });
    const cell = (column: number, row: number): number =>
      (LARGEST[column] ?? 0) - (row % 2 === 0 || column === 0 ? 0 : 1);
    const sealed = [indexes.blockRows, indexes.blockRows, 7, 0];
    for (const rows of sealed) {
      for (let column = 0; column < LARGEST.length; column++) {
        for (let row = 0; row < rows; row++) indexes.open[column * indexes.blockRows + row] = cell(column, row);
      }
      indexes.seal(rows, (column) => LARGEST[column] ?? 0);
    }
    const target = new Uint32Array(indexes.blockRows);
    const seen: number[] = [];
    for (const block of indexes.blocks()) {
      seen.push(block.rows);
      for (let column = 0; column < LARGEST.length; column++) {
        block.column(column, target);
        for (let row = 0; row < block.rows; row++) assert.equal(target[row], cell(column, row), `${column}, ${row}`);
      }
    }
    assert.deepEqual(seen, sealed.slice(0, 3));
    assert.deepEqual([...indexes.hasNull], [1, 1, 0, 0, 0, 0, 0]);
    assert.equal(indexes.onDisk, memoryBytes === 0);
    indexes.close();
  });
}

test('a block is a quarter of a megabyte, for few columns and for many', () => {
  for (const columns of [8, 21, 200, 1000]) {
    const bytes = rowsPerBlock(columns) * columns * 4;
    assert.ok(bytes > 128 * 1024 && bytes <= 256 * 1024, `${columns} columns: ${bytes}`);
  }
  assert.equal(rowsPerBlock(0), 8192);
});
