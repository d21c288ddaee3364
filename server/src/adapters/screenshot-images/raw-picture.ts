import { setImmediate } from 'node:timers/promises';
import type { Sharp } from 'sharp';
import { copyBytes } from './sliced-bytes.ts';

/** Pixels in rows, without padding, a byte a channel. */
export interface RawPicture {
  readonly data: Buffer;
  readonly width: number;
  readonly height: number;
  /** 3: RGB, 4: RGBA. */
  readonly channels: 1 | 2 | 3 | 4;
}

const ROWS_A_TURN = 100;
const PIXELS_A_TURN = 200_000;

/** All pixels of what a pipeline makes. */
export async function rawPixelsOf(sharp: Sharp): Promise<RawPicture> {
  const { data, info } = await sharp.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height, channels: info.channels };
}

/** The picture without some of its rows. Its memory is used again. */
export async function withoutRows(
  picture: RawPicture,
  strip: { readonly top: number; readonly rows: number },
): Promise<RawPicture> {
  const rowBytes = picture.width * picture.channels;
  const { data } = picture;
  await copyBytes(data, data.subarray((strip.top + strip.rows) * rowBytes), strip.top * rowBytes);
  const height = picture.height - strip.rows;
  return { ...picture, height, data: data.subarray(0, height * rowBytes) };
}

/** Nothing shines through, anywhere. */
export async function isOpaque({ data, width, height, channels }: RawPicture): Promise<boolean> {
  if (channels === 3) return true;
  const rowBytes = width * channels;
  const rowsATurn = Math.max(1, Math.floor(PIXELS_A_TURN / width));
  for (let y = 0; y < height; y++) {
    if (y > 0 && y % rowsATurn === 0) await setImmediate();
    for (let at = y * rowBytes + 3; at < (y + 1) * rowBytes; at += 4) if (data[at] !== 255) return false;
  }
  return true;
}

/** Puts one picture over another, no wider and of as many channels, at the left edge. */
export async function copyRows(target: RawPicture, source: RawPicture, top: number): Promise<void> {
  const rowBytes = source.width * source.channels;
  for (let y = 0; y < source.height; y++) {
    if (y > 0 && y % ROWS_A_TURN === 0) await setImmediate();
    const row = source.data.subarray(y * rowBytes, (y + 1) * rowBytes);
    target.data.set(row, (top + y) * target.width * target.channels);
  }
}

export interface Rectangle {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** @param colour `#rrggbb`; the picture has three channels */
export async function fillRectangle(
  { data, width: rowWidth, channels }: RawPicture,
  { left, top, width, height, colour }: Rectangle & { readonly colour: string },
): Promise<void> {
  const row = Buffer.alloc(width * channels, colour.slice(1), 'hex');
  for (let y = 0; y < height; y++) {
    if (y > 0 && y % ROWS_A_TURN === 0) await setImmediate();
    data.set(row, ((top + y) * rowWidth + left) * channels);
  }
}
