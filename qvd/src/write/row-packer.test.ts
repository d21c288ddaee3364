import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { packColumn, packedLayout, translateCells } from './row-packer.ts';

test('cells of any width at any bit stand where one big number would have them', () => {
  const cell = fc.record({ bitWidth: fc.integer({ min: 0, max: 32 }), value: fc.nat({ max: 2 ** 32 - 1 }) });
  fc.assert(
    fc.property(fc.array(fc.array(cell, { minLength: 1, maxLength: 9 }), { minLength: 1, maxLength: 4 }), (rows) => {
      const widths = (rows[0] ?? []).map(({ bitWidth }) => bitWidth);
      const recordByteSize = Math.max(1, Math.ceil(widths.reduce((sum, width) => sum + width, 0) / 8));
      const bytes = new Uint8Array(rows.length * recordByteSize);
      const expected = rows.map(() => 0n);
      let bitOffset = 0;
      for (const [column, bitWidth] of widths.entries()) {
        const values = rows.map((row) => Math.floor((row[column]?.value ?? 0) % 2 ** bitWidth));
        packColumn(
          Uint32Array.from(values),
          rows.length,
          { bitOffset, bitWidth, hasNull: false },
          recordByteSize,
          bytes,
        );
        for (const [row, value] of values.entries()) {
          expected[row] = (expected[row] ?? 0n) | (BigInt(value) << BigInt(bitOffset));
        }
        bitOffset += bitWidth;
      }
      for (const [row, value] of expected.entries()) {
        const record = bytes.subarray(row * recordByteSize, (row + 1) * recordByteSize);
        assert.equal(
          record.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n),
          value,
        );
      }
    }),
    { numRuns: 2000 },
  );
});

test('NULL is stored as 0 and symbol k as k + 2; without NULL symbol k as k', () => {
  const cells = Uint32Array.of(0, 1, 2, 9);
  translateCells(cells, 3, true);
  assert.deepEqual([...cells], [0, 2, 3, 9]);
  const whole = Uint32Array.of(1, 2);
  translateCells(whole, 2, false);
  assert.deepEqual([...whole], [0, 1]);
});

test('fields stand side by side; one without bits never lies outside the row', () => {
  const fields = [255, 1, 254, 1].map((symbolCount, index) => ({ symbolCount, hasNull: index === 2 }));
  assert.deepEqual(packedLayout(fields), {
    recordByteSize: 2,
    fields: [
      { bitOffset: 0, bitWidth: 8, hasNull: false },
      { bitOffset: 8, bitWidth: 0, hasNull: false },
      { bitOffset: 8, bitWidth: 8, hasNull: true },
      { bitOffset: 0, bitWidth: 0, hasNull: false },
    ],
  });
});
