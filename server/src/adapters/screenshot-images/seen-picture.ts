import type { ScreenshotCrop } from '../../pipeline/ports/screenshots.ts';
import { overflowStrip, type Planned, type Size, scrolledStrip, seenRectangle } from './crop-plan.ts';
import { bottomGridLine } from './grid-line.ts';
import { type RawPicture, type Rectangle, withoutRows } from './raw-picture.ts';

export interface SeenPicture {
  /** Without the rows that were taken out. */
  readonly picture: RawPicture;
  /** The part of it that was seen. */
  readonly rectangle: Rectangle;
  /** False: the crop took nothing away. */
  readonly changed: boolean;
  readonly notes: readonly string[];
}

/** False where the crop is the whole picture: then its pixels are not needed. */
export function asksForSomething(crop: ScreenshotCrop, size: Size): boolean {
  const plans = [scrolledStrip(crop, size), seenRectangle(crop, size), overflowStrip(crop, undefined)];
  return plans.some(({ value, note }) => value !== undefined || note !== undefined);
}

/**
 * What the user saw of a whole object: first the rows go that were scrolled past, then those above the bottom grid line,
 * then what is outside the rectangle. What makes no sense is left out, with a note.
 * @param whole its memory is used again
 */
export async function seenPicture(whole: RawPicture, crop: ScreenshotCrop): Promise<SeenPicture> {
  const notes: string[] = [];
  const planned = <T>({ value, note }: Planned<T>): T | undefined => {
    if (note !== undefined) notes.push(note);
    return value;
  };
  const scrolled = planned(scrolledStrip(crop, whole));
  let picture = scrolled === undefined ? whole : await withoutRows(whole, scrolled);
  const isTooLong = overflowStrip(crop, undefined).note !== undefined;
  const overflow = planned(overflowStrip(crop, isTooLong ? await bottomGridLine(picture) : undefined));
  if (overflow !== undefined) picture = await withoutRows(picture, overflow);
  const cut = planned(seenRectangle(crop, picture));
  const rectangle = cut ?? { left: 0, top: 0, width: picture.width, height: picture.height };
  return { picture, rectangle, notes, changed: [scrolled, overflow, cut].some((part) => part !== undefined) };
}
