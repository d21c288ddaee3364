import { setImmediate } from 'node:timers/promises';
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

/** Puts one picture over another, no wider and of as many channels, at the left edge. */
export async function copyRows(target: RawPicture, source: RawPicture, top: number): Promise<void> {
  const rowBytes = source.width * source.channels;
  for (let y = 0; y < source.height; y++) {
    if (y > 0 && y % ROWS_A_TURN === 0) await setImmediate();
    const row = source.data.subarray(y * rowBytes, (y + 1) * rowBytes);
    target.data.set(row, (top + y) * target.width * target.channels);
  }
}

/** @param colour `#rrggbb`; the picture has three channels */
export function fillRows(
  { data, width, channels }: RawPicture,
  { top, height, colour }: { readonly top: number; readonly height: number; readonly colour: string },
): void {
  data.fill(colour.slice(1), top * width * channels, (top + height) * width * channels, 'hex');
}
