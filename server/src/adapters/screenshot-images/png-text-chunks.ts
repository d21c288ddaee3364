import { pngChunk } from './png-stitching.ts';

/**
 * A chunk of text for a PNG file: `tEXt` for ASCII, else `iTXt` (UTF-8), neither compressed (PNG specification, 11.3.3).
 * What is in `tEXt` beyond ASCII is Latin-1, which many readers get wrong.
 * @param keyword 1 to 79 Latin-1 characters
 */
export function textChunk(keyword: string, text: string): Buffer {
  if (/^[\n\x20-\x7e]*$/.test(text)) return pngChunk('tEXt', Buffer.from(`${keyword}\0${text}`, 'latin1'));
  const head = Buffer.from(`${keyword}\0\0\0\0\0`, 'latin1'); // not compressed; no language, no translated keyword
  return pngChunk('iTXt', Buffer.concat([head, Buffer.from(text.replaceAll('\0', '\ufffd'))]));
}
