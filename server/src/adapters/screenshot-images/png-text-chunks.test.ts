import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp from 'sharp';
import { textChunk } from './png-text-chunks.ts';

const png = await sharp({ create: { width: 3, height: 2, channels: 3, background: '#123456' } })
  .png()
  .toBuffer();

/** With chunks right behind IHDR: 8 + 4 + 4 + 13 + 4 bytes. */
const withChunks = (...chunks: readonly Buffer[]) => Buffer.concat([png.subarray(0, 33), ...chunks, png.subarray(33)]);

test('a reader of PNG finds the texts, ASCII and others', async () => {
  const texts = [
    ['eventId', 'db277423-1291-456e-8333-aa772e50703b'],
    ['correlationId', '商品 Ж 🙂'],
    ['note', 'größer\nals'],
    ['empty', ''],
  ] as const;
  const { comments } = await sharp(withChunks(...texts.map(([keyword, text]) => textChunk(keyword, text)))).metadata();
  assert.deepEqual(
    comments?.map(({ keyword, text }) => [keyword, text]),
    texts.map((text) => [...text]),
  );
});

test('a chunk: length, type, keyword and text, CRC', async () => {
  const chunk = textChunk('a', 'b');
  assert.equal(chunk.toString('latin1', 0, 11), '\0\0\0\u0003tEXta\0b');
  const pixels = (bytes: Buffer) => sharp(bytes, { failOn: 'warning' }).raw().toBuffer();
  assert.ok((await pixels(withChunks(chunk))).equals(await pixels(png)));
});
