import { crc32 } from 'node:zlib';
import { joinBytes } from './sliced-bytes.ts';

/** Signature and IHDR, which every PNG begins with: 8 + 4 + 4 + 13 + 4 bytes. */
const END_OF_IHDR = 33;

/**
 * Puts texts into a PNG file, right behind IHDR: `tEXt` for ASCII, else `iTXt` (UTF-8), neither compressed (PNG
 * specification, 11.3.3). What is in `tEXt` beyond ASCII is Latin-1, which many readers get wrong.
 * @param png a valid PNG, as an encoder made it
 * @param texts keyword (1 to 79 Latin-1 characters) and text
 */
export function withTextChunks(png: Uint8Array, texts: readonly (readonly [string, string])[]): Promise<Buffer> {
  const chunks = texts.map(([keyword, text]) => textChunk(keyword, text));
  return joinBytes([png.subarray(0, END_OF_IHDR), ...chunks, png.subarray(END_OF_IHDR)]);
}

function textChunk(keyword: string, text: string): Buffer {
  if (/^[\n\x20-\x7e]*$/.test(text)) return chunk('tEXt', Buffer.from(`${keyword}\0${text}`, 'latin1'));
  const head = Buffer.from(`${keyword}\0\0\0\0\0`, 'latin1'); // not compressed; no language, no translated keyword
  return chunk('iTXt', Buffer.concat([head, Buffer.from(text.replaceAll('\0', '\ufffd'))]));
}

function chunk(type: string, data: Buffer): Buffer {
  const bytes = Buffer.alloc(12 + data.length);
  bytes.writeUInt32BE(data.length, 0);
  bytes.write(type, 4, 'latin1');
  data.copy(bytes, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, 8 + data.length)), 8 + data.length);
  return bytes;
}
