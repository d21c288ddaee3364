import type { ScreenshotCrop } from '../../pipeline/ports/screenshots.ts';
import type { Rectangle } from './raw-picture.ts';

/** Rows that are taken out: from the first, so many. */
export interface Strip {
  readonly top: number;
  readonly rows: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** What could be done of it, and a sentence where it could not. */
export type Planned<T> = { readonly value: T | undefined; readonly note?: string };

/** The strip that the user had scrolled past: `scrollTop` rows from `scrollAreaOffsetY` on, where the title ends. */
export function scrolledStrip(crop: ScreenshotCrop, { height }: Size): Planned<Strip> {
  const rows = whole(crop.scrollTop);
  const top = whole(crop.scrollAreaOffsetY);
  if (rows === 0) return { value: undefined };
  if (top + rows < height) return { value: { top, rows } };
  return {
    value: undefined,
    note: `Nothing was taken out for scrolling: ${rows} rows from row ${top} on would leave nothing of ${height}.`,
  };
}

/** The strip right above the table's bottom grid line, by which the picture shows more of its last row than the user saw. */
export function overflowStrip(crop: ScreenshotCrop, gridLine: number | undefined): Planned<Strip> {
  const rows = whole(crop.renderingOverflow);
  if (rows === 0) return { value: undefined };
  if (gridLine === undefined)
    return { value: undefined, note: `The ${rows} rows too many are still there: no bottom grid line was found.` };
  if (rows < gridLine) return { value: { top: gridLine - rows, rows } };
  return {
    value: undefined,
    note: `The ${rows} rows too many are still there: the bottom grid line is at row ${gridLine}.`,
  };
}

/** The rectangle that the user saw: fractions cut off, clamped to the picture. Undefined where it is the whole picture. */
export function seenRectangle(crop: ScreenshotCrop, { width, height }: Size): Planned<Rectangle> {
  const [left, top] = [whole(crop.left), whole(crop.top)];
  const rectangle = {
    left,
    top,
    width: Math.min(whole(crop.width), width - left),
    height: Math.min(whole(crop.height), height - top),
  };
  if (!(rectangle.width > 0 && rectangle.height > 0)) {
    const asked = `${crop.width} × ${crop.height} at ${crop.left}, ${crop.top}`;
    return { value: undefined, note: `Not cropped: ${asked} is outside the picture of ${width} × ${height}.` };
  }
  return { value: rectangle.width === width && rectangle.height === height ? undefined : rectangle };
}

/** What is no number of pixels counts as none. */
function whole(pixels: number | undefined): number {
  return pixels !== undefined && pixels > 0 ? Math.floor(pixels) : 0;
}
