import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateSync } from 'node:zlib';
import { pngOf } from '../../../test/screenshot-images/pictures.ts';
import { pngChunk } from './png-stitching.ts';
import { withoutTexts } from './without-texts.ts';

const png = await pngOf({ data: Buffer.alloc(12, 7), width: 2, height: 2, channels: 3 });
const behindIhdr = 33;
const withChunks = (...chunks: Buffer[]) =>
  Buffer.concat([png.subarray(0, behindIhdr), ...chunks, png.subarray(behindIhdr)]);
const packed = pngChunk('zTXt', Buffer.concat([Buffer.from('x\0\0'), deflateSync(Buffer.alloc(99))]));
const plain = pngChunk('tEXt', Buffer.from('x\0y'));
const international = pngChunk('iTXt', Buffer.from('x\0\0\0\0\0y'));

test('texts are left out wherever they stand, all else stays', async () => {
  const exif = pngChunk('eXIf', Buffer.from('MM\0*'));
  const bytes = Buffer.concat([withChunks(packed, exif, plain, international), plain]);
  assert.ok((await withoutTexts(bytes)).equals(withChunks(exif)));
});

test('without texts it is the same buffer, and so is what is no PNG', async () => {
  const html = Buffer.from('<html>zTXt zTXt zTXt</html>');
  for (const bytes of [png, withChunks(pngChunk('eXIf', Buffer.from('zTXt'))), html, Buffer.alloc(0)]) {
    assert.equal(await withoutTexts(bytes), bytes);
  }
});

test('a text without its end is left out; what else has no end stays', async () => {
  for (const length of [1, 11, 13]) {
    const bytes = withChunks(packed).subarray(0, behindIhdr + length);
    assert.ok((await withoutTexts(bytes)).equals(length < 12 ? bytes : png.subarray(0, behindIhdr)));
  }
  const endless = Buffer.from(withChunks(plain));
  endless.writeUInt32BE(0xffffffff, behindIhdr + plain.length);
  assert.ok(
    (await withoutTexts(endless)).equals(
      Buffer.concat([png.subarray(0, behindIhdr), endless.subarray(behindIhdr + plain.length)]),
    ),
  );
});
