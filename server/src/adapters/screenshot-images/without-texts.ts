import { setImmediate } from 'node:timers/promises';
import { copyBytes } from './sliced-bytes.ts';

const SIGNATURE = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
/** Of a chunk without its data. */
const FRAME_BYTES = 12;
const TEXTS: ReadonlySet<number> = new Set(['tEXt', 'zTXt', 'iTXt'].map((type) => Buffer.from(type).readUInt32BE()));
const CHUNKS_A_TURN = 10_000;

/**
 * A PNG file for the decoder, which unpacks every text that it meets, up to 8 MB each of a thousand: a small file would
 * take gigabytes. The same buffer where there is none. What is no PNG, or has no order, is for the decoder to refuse.
 */
export async function withoutTexts(png: Buffer): Promise<Buffer> {
  if (!png.subarray(0, SIGNATURE.length).equals(SIGNATURE)) return png;
  let kept: Buffer | undefined;
  let [copied, next, chunks] = [0, 0, 0];
  const keepUntil = async (end: number) => {
    kept ??= Buffer.allocUnsafeSlow(png.length);
    await copyBytes(kept, png.subarray(next, end), copied);
    copied += end - next;
  };
  for (let at = SIGNATURE.length; at + FRAME_BYTES <= png.length; ) {
    const end = at + FRAME_BYTES + png.readUInt32BE(at);
    if (TEXTS.has(png.readUInt32BE(at + 4))) {
      await keepUntil(at);
      next = Math.min(end, png.length);
    }
    at = end;
    if (++chunks % CHUNKS_A_TURN === 0) await setImmediate();
  }
  if (kept === undefined) return png;
  await keepUntil(png.length);
  return kept.subarray(0, copied);
}
