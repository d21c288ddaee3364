import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { copyBytes, joinBytes, sha256OfBytes } from './sliced-bytes.ts';

const SIZES = [0, 1, 1024 * 1024, 1024 * 1024 + 1, 3_500_000];

test('hashes are those of the whole', async () => {
  for (const size of SIZES) {
    const bytes = randomBytes(size);
    assert.equal(await sha256OfBytes(bytes), createHash('sha256').update(bytes).digest('hex'));
  }
});

test('joined parts are all there, in order', async () => {
  const parts = SIZES.map((size) => randomBytes(size));
  assert.ok((await joinBytes(parts)).equals(Buffer.concat(parts)));
});

test('bytes move down within one buffer', async () => {
  const bytes = randomBytes(5_000_000);
  const expected = Buffer.from(bytes.subarray(700_000));
  await copyBytes(bytes, bytes.subarray(700_000), 0);
  assert.ok(bytes.subarray(0, expected.length).equals(expected));
});

test('others get their turn meanwhile', async () => {
  const bytes = Buffer.alloc(20_000_000);
  let turns = 0;
  let over = false;
  const count = () => {
    turns++;
    if (!over) setImmediate(count);
  };
  setImmediate(count);
  await sha256OfBytes(bytes);
  assert.ok(turns >= 19, `${turns} turns`);
  turns = 0;
  await joinBytes(Array.from({ length: 2500 }, (_, i) => bytes.subarray(i * 8000, (i + 1) * 8000)));
  over = true;
  assert.ok(turns >= 18, `${turns} turns, of many small parts`);
});
