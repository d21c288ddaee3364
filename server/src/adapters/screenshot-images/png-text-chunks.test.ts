import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp from 'sharp';
import { withTextChunks } from './png-text-chunks.ts';

const png = await sharp({ create: { width: 3, height: 2, channels: 3, background: '#123456' } })
  .png()
  .toBuffer();

test('a reader of PNG finds the texts, ASCII and others', async () => {
  const texts = [
    ['eventId', 'db277423-1291-456e-8333-aa772e50703b'],
    ['correlationId', '商品 Ж 🙂'],
    ['note', 'größer\nals'],
    ['empty', ''],
  ] as const;
  const { comments } = await sharp(await withTextChunks(png, texts)).metadata();
  assert.deepEqual(
    comments?.map(({ keyword, text }) => [keyword, text]),
    texts.map((text) => [...text]),
  );
});

test('the picture and its other chunks stay as they are', async () => {
  const marked = await withTextChunks(png, [['a', 'b']]);
  assert.equal(marked.length, png.length + 12 + 3);
  assert.ok(marked.subarray(0, 33).equals(png.subarray(0, 33)));
  assert.ok(marked.subarray(33 + 15).equals(png.subarray(33)));
  assert.equal(marked.toString('latin1', 33, 44), '\0\0\0\u0003tEXta\0b');
  const pixels = (bytes: Buffer) => sharp(bytes, { failOn: 'warning' }).raw().toBuffer();
  assert.ok((await pixels(marked)).equals(await pixels(png)));
});
