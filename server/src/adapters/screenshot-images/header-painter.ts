import type { SharpConstructor } from 'sharp';
import type { AnnotationLine } from '../../pipeline/ports/screenshots.ts';
import { GlyphOutlines } from './glyph-outlines.ts';
import { drawText, HEADER_BACKGROUND, stripesOf } from './header-drawing.ts';
import { type HeaderLayout, layOutHeader, type PictureSize } from './header-layout.ts';
import { copyRows, fillRectangle, type RawPicture, rawPixelsOf } from './raw-picture.ts';
import { release } from './sliced-bytes.ts';
import { TextShaper } from './text-shaper.ts';

export interface Header {
  /** Of the whole annotated copy: that of the picture or more. */
  readonly width: number;
  /** Of the header alone: below it begins the picture, at the left edge. */
  readonly height: number;
  /** RGB. As wide as the copy, as high as the header or as the copy; zero where the picture comes. */
  readonly overlay: RawPicture;
}

/** What stands above the picture: label and value of each fact. Keeps fonts and outlines between pictures. */
export class HeaderPainter {
  readonly #shaper = new TextShaper();
  readonly #outlines = new GlyphOutlines();

  /** Reads what every header needs. */
  prepare(): Promise<void> {
    return this.#shaper.prepare();
  }

  async paint(sharp: SharpConstructor, annotation: readonly AnnotationLine[], picture: PictureSize): Promise<Header> {
    const layout = await layOutHeader(annotation, picture, this.#shaper);
    const overlay = await emptyOverlay(layout, picture);
    for (const stripe of stripesOf(layout)) await fillRectangle(overlay, { left: 0, width: layout.width, ...stripe });
    for await (const { top, svg } of drawText(layout, this.#outlines)) {
      const drawing = sharp(svg, { unlimited: true, limitInputPixels: false }).flatten({
        background: HEADER_BACKGROUND,
      });
      const band = await rawPixelsOf(drawing);
      await copyRows(overlay, band, top);
      release(band.data);
    }
    return { width: layout.width, height: layout.height, overlay };
  }
}

async function emptyOverlay({ width, height }: HeaderLayout, picture: PictureSize): Promise<RawPicture> {
  const beside = width - picture.width;
  const rows = height + (beside > 0 ? picture.height : 0);
  const overlay = { data: Buffer.alloc(width * rows * 3), width, height: rows, channels: 3 as const };
  await fillRectangle(overlay, { left: 0, top: 0, width, height, colour: HEADER_BACKGROUND });
  if (beside > 0) {
    const strip = { left: picture.width, top: height, width: beside, height: picture.height };
    await fillRectangle(overlay, { ...strip, colour: HEADER_BACKGROUND });
  }
  return overlay;
}
