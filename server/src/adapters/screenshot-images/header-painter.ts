import type { SharpConstructor } from 'sharp';
import type { AnnotationLine } from '../../pipeline/ports/screenshots.ts';
import { GlyphOutlines } from './glyph-outlines.ts';
import { drawText, HEADER_BACKGROUND, stripesOf } from './header-drawing.ts';
import { layOutHeader, type PictureSize } from './header-layout.ts';
import { copyRows, fillRectangle, type RawPicture, rawPixelsOf } from './raw-picture.ts';
import { release } from './sliced-bytes.ts';
import { TextShaper } from './text-shaper.ts';

/** What stands above the picture: label and value of each fact. Keeps fonts and outlines between pictures. */
export class HeaderPainter {
  readonly #shaper = new TextShaper();
  readonly #outlines = new GlyphOutlines();

  /** Reads what every header needs. */
  prepare(): Promise<void> {
    return this.#shaper.prepare();
  }

  /** RGB. Wider than a narrow picture: then there is room to its right. Narrower than a very wide one: then its last column goes on. */
  async paint(
    sharp: SharpConstructor,
    annotation: readonly AnnotationLine[],
    picture: PictureSize,
  ): Promise<RawPicture> {
    const layout = await layOutHeader(annotation, picture, { shaper: this.#shaper, outlines: this.#outlines });
    const { width, height } = layout;
    const header = { data: Buffer.alloc(width * height * 3), width, height, channels: 3 as const };
    const all = { left: 0, top: 0, width, height };
    await fillRectangle(header, { ...all, colour: HEADER_BACKGROUND });
    for (const stripe of stripesOf(layout)) await fillRectangle(header, { ...all, ...stripe });
    for await (const { top, svg } of drawText(layout, this.#outlines)) {
      const drawing = sharp(svg, { unlimited: true, limitInputPixels: false }).flatten({
        background: HEADER_BACKGROUND,
      });
      const band = await rawPixelsOf(drawing);
      await copyRows(header, band, top);
      release(band.data);
    }
    return header;
  }
}
