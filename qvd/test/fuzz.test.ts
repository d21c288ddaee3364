import assert from 'node:assert/strict';
import { test } from 'node:test';
import { QvdError, QvdReader } from '../src/index.ts';
import { handMade, symbol } from './support/hand-made.ts';
import { qvdOf } from './support/tables.ts';

const FOR_MS = 8_000;
const SEED = Number(process.env.QVD_FUZZ_SEED ?? 20260308);
const MAX_GROWTH_BYTES = 64 * 1024 * 1024;
const MAX_READ_MS = 2_000;

/** A small generator of its own, so that a seed repeats a run. */
function generator(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const originals = [
  handMade({
    rows: 3,
    recordByteSize: 2,
    fields: [
      { name: 'a', bitOffset: 8, bitWidth: 2, bias: 0, symbols: ['x', 'ÿ', 'z'].map(symbol.text), stored: [0, 1, 2] },
      { name: 'n', bitOffset: 0, bitWidth: 8, bias: -2, symbols: [symbol.dualInteger(1, 'one')], stored: [0, 2, 2] },
    ],
  }),
  qvdOf(
    (['text', 'integer', 'timestamp', 'any'] as const).map((type, index) => ({ name: `f${index}`, type })),
    Array.from({ length: 200 }, (_, row) => [
      `r${row}`,
      row % 5 === 0 ? null : row,
      row * 1e9,
      row % 2 ? 'x' : row / 3,
    ]),
  ),
  qvdOf([{ name: 'empty', type: 'date' }], []),
];

const NUMBERS = [
  '0',
  '-1',
  '1',
  '2',
  '255',
  '65536',
  '2147483647',
  '4294967296',
  '9007199254740991',
  '1e9',
  '',
  '99999999999999999999',
];

function mutate(file: Buffer, random: (below: number) => number): Buffer {
  const bytes = Buffer.from(file);
  const headerEnd = bytes.indexOf(0);
  switch (random(6)) {
    case 0: // some bytes anywhere
      for (let count = 1 + random(8); count > 0; count--) bytes[random(bytes.length)] = random(256);
      return bytes;
    case 1: // some bytes of the body
      for (let count = 1 + random(8); count > 0; count--) {
        const at = headerEnd + random(bytes.length - headerEnd);
        bytes[at] = random(256);
      }
      return bytes;
    case 2: // cut
      return bytes.subarray(0, random(bytes.length));
    case 3: {
      // a piece taken out or doubled
      const from = random(bytes.length);
      const to = Math.min(bytes.length, from + random(200));
      const middle = random(2) === 0 ? [] : [bytes.subarray(from, to), bytes.subarray(from, to)];
      return Buffer.concat([bytes.subarray(0, from), ...middle, bytes.subarray(to)]);
    }
    default: {
      // numbers of the header replaced by awkward ones
      let xml = bytes.toString('utf8', 0, headerEnd);
      for (let count = 1 + random(3); count > 0; count--) {
        const numbers = [...xml.matchAll(/>(-?\d+)</g)];
        const chosen = numbers[random(numbers.length)];
        if (chosen === undefined) break;
        const replacement = NUMBERS[random(NUMBERS.length)] ?? '';
        xml = `${xml.slice(0, chosen.index)}>${replacement}<${xml.slice(chosen.index + chosen[0].length)}`;
      }
      return Buffer.concat([Buffer.from(xml), bytes.subarray(headerEnd)]);
    }
  }
}

/** Reads everything; the number of cells seen. */
async function readAll(file: Buffer): Promise<number> {
  const reader = await QvdReader.open(file);
  let cells = 0;
  for await (const row of reader.rows()) cells += row.length;
  return cells;
}

test(`mutated files are read or refused with a QvdError, quickly and in bounded memory (seed ${SEED})`, async (context) => {
  const random = generator(SEED);
  const start = performance.now();
  const before = process.memoryUsage.rss();
  let [runs, refused] = [0, 0];
  while (performance.now() - start < FOR_MS) {
    const file = mutate(originals[runs % originals.length] as Buffer, random);
    const began = performance.now();
    try {
      const cells = await readAll(file);
      assert.ok(cells <= file.length * 64, `${cells} cells out of ${file.length} bytes`);
    } catch (error) {
      if (!(error instanceof QvdError)) {
        throw new Error(`run ${runs}: not a QvdError for ${file.toString('base64')}`, { cause: error });
      }
      refused += 1;
    }
    const took = performance.now() - began;
    assert.ok(took < MAX_READ_MS, `run ${runs} took ${took} ms for ${file.toString('base64')}`);
    runs += 1;
  }
  const growth = process.memoryUsage.rss() - before;
  context.diagnostic(`${runs} files, ${refused} of them refused, memory grew by ${Math.round(growth / 2 ** 20)} MiB`);
  assert.ok(runs > 1000 && refused > runs / 4 && refused < runs, `${runs} runs, ${refused} refused`);
  assert.ok(growth < MAX_GROWTH_BYTES * 4, `memory grew by ${growth} bytes`);
});
