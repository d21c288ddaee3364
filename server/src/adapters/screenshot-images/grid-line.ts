import { setImmediate } from 'node:timers/promises';
import type { RawPicture } from './raw-picture.ts';

/** Grid lines of Qlik Sense tables are between these, of 255; paper is lighter, text and borders are darker. */
const DARKEST = 160;
const LIGHTEST = 245;
/** Colours this close are one. */
const SAME = 5;
/** By so much paper above a line is lighter than it. */
const LIGHTER = 8;
/** A line is thinner than this also on screens of high density; thicker is a band or a margin. */
const MAX_THICKNESS = 4;
/** Part of the width left out on either side, where the frame of the object is: 5 %, at most so many pixels. */
const MAX_FRAME = 50;
/** Rows at the bottom where a line is that of the frame, unless it ends a row of the table. */
const FRAME_ROWS = 4;
/** Heights of rows that differ by no more are the same. */
const SAME_HEIGHT = 1;
const SAMPLES = 200;
const ROWS_A_TURN = 200;

/**
 * The first row of the table's bottom grid line: the lowest thin line of one colour across the picture, in its lower
 * half, that has contents or paper above it. One at the very bottom may be that of the frame, below a margin: it counts
 * when it is as far from the next line as that is from the one above it, and something is written in between.
 */
export async function bottomGridLine(picture: RawPicture): Promise<number | undefined> {
  const { height } = picture;
  const frameTop = height - FRAME_ROWS;
  const line = await lowestLine(picture, frameTop - 1, Math.floor(height / 2));
  const atBottom = await lowestLine(picture, height - 1, frameTop);
  if (line === undefined || atBottom === undefined) return line;
  const above = await lowestLine(picture, line - 1, 0);
  if (above === undefined || Math.abs(atBottom - line - (line - above)) > SAME_HEIGHT) return line;
  for (let y = line + MAX_THICKNESS; y < atBottom; y++) if (evenRow(picture, y) === undefined) return atBottom;
  return line;
}

/** Between two rows, both included. */
async function lowestLine(picture: RawPicture, from: number, to: number): Promise<number | undefined> {
  let thickness = 0;
  for (let y = from; y > 0 && y >= to; y--) {
    if (y % ROWS_A_TURN === 0) await setImmediate();
    const line = evenRow(picture, y);
    if (line === undefined || line < DARKEST || line > LIGHTEST) {
      thickness = 0;
      continue;
    }
    thickness++;
    const above = evenRow(picture, y - 1);
    const endsHere = above === undefined || above > line + LIGHTER;
    if (endsHere && thickness <= MAX_THICKNESS) return y;
    if (endsHere || Math.abs(above - line) > SAME) thickness = 0;
  }
  return undefined;
}

/** The brightness of a row that has one colour between the frames, else undefined. */
function evenRow({ data, width, channels }: RawPicture, y: number): number | undefined {
  const frame = Math.min(MAX_FRAME, Math.floor(width * 0.05));
  const step = Math.max(1, Math.floor((width - 2 * frame) / SAMPLES));
  const first = (y * width + frame) * channels;
  for (let x = frame; x < width - frame; x += step) {
    const at = (y * width + x) * channels;
    for (let channel = 0; channel < channels; channel++) {
      if (Math.abs((data[at + channel] ?? 0) - (data[first + channel] ?? 0)) > SAME) return undefined;
    }
  }
  // what shines through is white paper
  const alpha = channels === 4 ? (data[first + 3] ?? 255) / 255 : 1;
  const colour = ((data[first] ?? 0) + (data[first + 1] ?? 0) + (data[first + 2] ?? 0)) / 3;
  return colour * alpha + 255 * (1 - alpha);
}
