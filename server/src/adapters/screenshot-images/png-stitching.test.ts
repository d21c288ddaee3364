import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32, deflateSync, inflateSync } from 'node:zlib';
import sharp from 'sharp';
import { joinedAdler32, withRowsAbove } from './png-stitching.ts';
import { textChunk } from './png-text-chunks.ts';

/** Pixels without order: rows are packed badly, so that they fill many chunks. */
function noise(width: number, height: number, seed: number) {
  const data = Buffer.alloc(width * height * 3);
  let state = seed;
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    data[i] = state >> 16;
  }
  return { data, width, height, channels: 3 as const };
}
const pngOf = ({ data, width, height, channels }: ReturnType<typeof noise>, compressionLevel: number) =>
  sharp(data, { raw: { width, height, channels } }).png({ compressionLevel }).toBuffer();

test('the rows, then the picture, to the last channel', async () => {
  for (const [width, above, below] of [
    [1, 1, 1],
    [7, 250, 3],
    [311, 5, 173],
    [700, 130, 200],
  ] as const) {
    for (const compressionLevel of [0, 1, 3]) {
      const [header, picture] = [noise(width, above, 1), noise(width, below, 2)];
      const png = await withRowsAbove(await pngOf(picture, compressionLevel), header, []);
      const { data, info } = await sharp(png, { failOn: 'warning' }).raw().toBuffer({ resolveWithObject: true });
      assert.deepEqual([info.width, info.height, info.channels], [width, above + below, 3]);
      assert.ok(data.equals(Buffer.concat([header.data, picture.data])), `${width} × (${above} + ${below})`);
    }
  }
});

test('above a picture with alpha, rows hide what is behind them', async () => {
  const [header, width] = [noise(90, 20, 1), 90];
  const rgba = Buffer.alloc(width * 30 * 4, 77);
  const below = await sharp(rgba, { raw: { width, height: 30, channels: 4 } })
    .png()
    .toBuffer();
  const joined = sharp(await withRowsAbove(below, header, []), { failOn: 'warning' });
  const { data, info } = await joined.clone().raw().toBuffer({ resolveWithObject: true });
  assert.deepEqual([info.height, info.channels], [50, 4]);
  const rgb = await joined.clone().removeAlpha().extract({ left: 0, top: 0, width, height: 20 }).raw().toBuffer();
  assert.ok(rgb.equals(header.data));
  assert.ok(data.subarray(0, width * 20 * 4).every((value, i) => i % 4 !== 3 || value === 255));
  assert.ok(data.subarray(width * 20 * 4).equals(rgba));
});

test('every chunk of the result has its length and its CRC, and the pixels their Adler-32', async () => {
  const png = await withRowsAbove(await pngOf(noise(300, 200, 3), 1), noise(300, 40, 4), [textChunk('a', 'b')]);
  const types: string[] = [];
  const idat: Buffer[] = [];
  for (let at = 8; at < png.length; ) {
    const length = png.readUInt32BE(at);
    const [type, data] = [png.toString('latin1', at + 4, at + 8), png.subarray(at + 8, at + 8 + length)];
    assert.equal(png.readUInt32BE(at + 8 + length), crc32(png.subarray(at + 4, at + 8 + length)));
    types.push(type);
    if (type === 'IDAT') idat.push(data);
    at += 12 + length;
  }
  assert.deepEqual(types, ['IHDR', 'tEXt', 'pHYs', 'IDAT', 'IEND']);
  // zlib compares the Adler-32
  assert.equal(inflateSync(Buffer.concat(idat)).length, 240 * (300 * 3 + 1));
});

test('what is not plain RGB is refused', async () => {
  const grey = await sharp({ create: { width: 3, height: 2, channels: 3, background: '#808080' } })
    .toColourspace('b-w')
    .png()
    .toBuffer();
  await assert.rejects(withRowsAbove(grey, noise(3, 2, 1), []), /plain RGB/);
});

test('Adler-32 of two parts', () => {
  const adler = (bytes: Buffer) => deflateSync(bytes).readUInt32BE(deflateSync(bytes).length - 4);
  for (const [a, b] of [
    [0, 0],
    [1, 0],
    [0, 70_000],
    [70_000, 1],
    [65_521, 65_521],
    [300_000, 300_001],
  ] as const) {
    const [one, two] = [Buffer.alloc(a, 255), Buffer.alloc(b, 254)];
    assert.equal(joinedAdler32(adler(one), adler(two), b), adler(Buffer.concat([one, two])), `${a} + ${b}`);
  }
});
