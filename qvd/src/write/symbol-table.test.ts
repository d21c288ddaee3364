import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SymbolTable } from './symbol-table.ts';

/** Stores one symbol's bytes as the columns do. */
function store(table: SymbolTable, symbol: Uint8Array): number {
  const start = table.reserve(symbol.length);
  table.bytes.set(symbol, start);
  const end = start + symbol.length;
  return table.find(end) || table.keep(end);
}

const content = (table: SymbolTable): string => Buffer.concat([...table.pieces()]).toString('hex');

test('any symbols, some taken back, are numbered as a plain Map would number them', () => {
  const symbol = fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 9 }),
    fc.constantFrom(...[1, 2, 3].map((length) => new Uint8Array(length))),
    fc.uint8Array({ minLength: 1000, maxLength: 3000 }),
  );
  const step = fc.record({ symbols: fc.array(symbol, { minLength: 1, maxLength: 80 }), takenBack: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      const table = new SymbolTable();
      let model = new Map<string, number>();
      for (const { symbols, takenBack } of steps) {
        const before = new Map(model);
        for (const symbol of symbols) {
          const key = Buffer.from(symbol).toString('hex');
          if (!model.has(key)) model.set(key, model.size + 1);
          assert.equal(store(table, symbol), model.get(key));
        }
        if (takenBack) {
          assert.equal(table.rollBack(before.size), model.size > before.size);
          model = before;
        }
        assert.equal(table.count, model.size);
      }
      const keys = [...model.keys()];
      assert.equal(content(table), keys.join(''));
      assert.equal(table.byteLength * 2, keys.join('').length);
      assert.deepEqual(
        [...table.symbols()].map((bytes) => bytes.toString('hex')),
        keys,
      );
    }),
    { numRuns: 200 },
  );
});

test('a million distinct symbols, each found again', () => {
  const table = new SymbolTable();
  const bytes = Buffer.alloc(5, 1);
  for (const round of [0, 1]) {
    for (let number = 0; number < 1_000_000; number++) {
      bytes.writeInt32LE(number, 1);
      assert.equal(store(table, bytes), number + 1, `round ${round}`);
    }
  }
  assert.equal(table.count, 1_000_000);
  assert.equal(table.byteLength, 5_000_000);
});
