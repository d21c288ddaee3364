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

test('what clients chose neither breaks the table nor steers the terminal', () => {
  const rows = [['a\r\nb\u2028c', '\u001b[2J\u009b1m\u202etxt']];
  assert.equal(formatTable(['body', 'reason'], rows), 'body   reason\na b c   [2J 1m txt\n');
});
