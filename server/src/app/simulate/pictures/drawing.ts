import { UNITS_PER_EM } from '../../../adapters/screenshot-images/fonts.ts';
import { GlyphOutlines } from '../../../adapters/screenshot-images/glyph-outlines.ts';
import { pathsOf } from '../../../adapters/screenshot-images/header-drawing.ts';
import { breakLines, type Line } from '../../../adapters/screenshot-images/line-breaking.ts';
import { TextShaper } from '../../../adapters/screenshot-images/text-shaper.ts';

/** One line of text; pixels. */
export interface TextStyle {
  readonly x: number;
  /** Of the line that the letters stand on. */
  readonly y: number;
  readonly size: number;
  readonly colour: string;
  /** What of the text stands at `x`; default `left`. */
  readonly anchor?: 'left' | 'middle' | 'right';
  /** What is longer ends with `…`. */
  readonly maxWidth?: number;
  readonly bold?: boolean;
}

/** Shapes and texts in the order in which they cover each other. */
export class Drawing {
  readonly #parts: (string | { readonly value: string; readonly style: TextStyle })[] = [];

  rectangle(x: number, y: number, width: number, height: number, colour: string): void {
    this.#parts.push(`<rect x="${n(x)}" y="${n(y)}" width="${n(width)}" height="${n(height)}" fill="${colour}"/>`);
  }

  line(x1: number, y1: number, x2: number, y2: number, colour: string): void {
    this.path(`M${n(x1)} ${n(y1)}L${n(x2)} ${n(y2)}`, `stroke="${colour}"`);
  }

  /** @param attributes as SVG writes them */
  path(data: string, attributes: string): void {
    this.#parts.push(`<path d="${data}" ${attributes}/>`);
  }

  text(value: string, style: TextStyle): void {
    this.#parts.push({ value, style });
  }

  /** @returns the whole SVG, its texts as outlines: the same on every machine, whatever fonts it has */
  async svg(width: number, height: number, letters: Letters): Promise<Buffer> {
    let parts = '';
    for (const part of this.#parts) {
      parts += typeof part === 'string' ? part : await letters.outlines(part.value, part.style);
    }
    const size = `width="${width}" height="${height}"`;
    return Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" ${size} fill="none">${parts}</svg>`);
  }
}

/** Letters from the fonts of the package, each read when the first text needs it. */
export class Letters {
  readonly #shaper = new TextShaper();
  readonly #outlines = new GlyphOutlines();

  async outlines(value: string, { x, y, size, colour, anchor, maxWidth, bold }: TextStyle): Promise<string> {
    const scale = size / UNITS_PER_EM;
    const line = await this.#fitted(value, (maxWidth ?? Number.POSITIVE_INFINITY) / scale);
    const shift = anchor === 'middle' ? line.width / 2 : anchor === 'right' ? line.width : 0;
    const place = `translate(${n(x - shift * scale)} ${n(y)}) scale(${scale.toFixed(5)} ${(-scale).toFixed(5)})`;
    const weight = bold === true ? ` stroke="${colour}" stroke-width="70"` : '';
    return `<g fill="${colour}"${weight} transform="${place}">${pathsOf(line, this.#outlines)}</g>`;
  }

  async #fitted(value: string, maxWidth: number): Promise<Line> {
    const paragraph = await this.#shaper.shape(value);
    const [whole, ...more] = await breakLines(paragraph, maxWidth, this.#shaper);
    if (whole !== undefined && more.length === 0) return whole;
    const [dots = { runs: [], width: 0 }] = await breakLines(await this.#shaper.shape('…'), maxWidth, this.#shaper);
    const [start = dots] = await breakLines(paragraph, maxWidth - dots.width, this.#shaper);
    const runs = paragraph.rightToLeft ? [...dots.runs, ...start.runs] : [...start.runs, ...dots.runs];
    return { runs, width: start.width + dots.width };
  }
}

/** Numbers of an SVG: tenths of a pixel are enough. */
export function n(value: number): string {
  return String(Math.round(value * 10) / 10);
}
