import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatTable } from './table.ts';

test('columns line up, numbers to the right, wide characters counted as two', () => {
  assert.equal(
    formatTable(
      ['name', 'events'],
      [
        ['parquet', 5],
        ['商品', 1200],
      ],
    ),
    'name     events\nparquet       5\n商品       1200\n',
  );
  assert.equal(formatTable(['name'], []), '');
});
