import type { AnnotationLine } from '../../pipeline/ports/screenshots.ts';
import { GlyphOutlines } from './glyph-outlines.ts';
import { drawText, type HeaderBand, type Stripe, stripesOf } from './header-drawing.ts';
import { layOutHeader, type PictureSize } from './header-layout.ts';
import { TextShaper } from './text-shaper.ts';

export interface Header {
  readonly width: number;
  readonly height: number;
  readonly stripes: readonly Stripe[];
  readonly text: AsyncIterable<HeaderBand>;
}

/** What stands above the picture: label and value of each fact. Keeps fonts and outlines between pictures. */
export class HeaderPainter {
  readonly #shaper = new TextShaper();
  readonly #outlines = new GlyphOutlines();

  /** Reads what every header needs. */
  prepare(): Promise<void> {
    return this.#shaper.prepare();
  }

  async paint(annotation: readonly AnnotationLine[], picture: PictureSize): Promise<Header> {
    const layout = await layOutHeader(annotation, picture, this.#shaper);
    const { width, height } = layout;
    return { width, height, stripes: stripesOf(layout), text: drawText(layout, this.#outlines) };
  }
}
