import { setImmediate } from 'node:timers/promises';
import type { AnnotationLine } from '../../pipeline/ports/screenshots.ts';
import { UNITS_PER_EM } from './fonts.ts';
import { GlyphOutlines } from './glyph-outlines.ts';
import { breakLines, type Line } from './line-breaking.ts';
import { type Paragraph, TextShaper } from './text-shaper.ts';

/** Narrower pictures get white beside them, so that an id fits on a line. */
const MIN_WIDTH_PX = 480;
const MIN_FONT_PX = 13;
const MAX_FONT_PX = 80;
/** A header that would be taller than this times the picture gets smaller letters. */
const MAX_HEIGHT_RATIO = 1.5;

const COLOURS = {
  background: '#f5f7fa',
  edge: '#d5dce5',
  accent: '#0b7a75',
  label: '#5b6b7f',
  value: '#111c2b',
} as const;

/** All in em of the letters' size. */
const SPACE = { side: 1.2, above: 0.95, below: 0.95, columns: 1.5, row: 0.28, line: 1.5, baseline: 1.09, accent: 0.28 };

export interface Header {
  /** Its own width: that of the picture or more. */
  readonly width: number;
  readonly height: number;
  readonly svg: Buffer;
}

interface Row {
  readonly label: Paragraph;
  readonly value: Paragraph;
}

interface Layout {
  readonly fontPx: number;
  readonly valueX: number;
  readonly rows: readonly {
    readonly label: readonly Line[];
    readonly value: readonly Line[];
    readonly rightToLeft: boolean;
  }[];
  readonly height: number;
}

/** Draws what stands above the picture: a line of label and value for each fact. */
export class HeaderPainter {
  readonly #shaper = new TextShaper();
  readonly #outlines = new GlyphOutlines();

  prepare(): Promise<void> {
    return this.#shaper.prepare();
  }

  async paint(
    facts: readonly AnnotationLine[],
    picture: { readonly width: number; readonly height: number },
  ): Promise<Header> {
    const rows: Row[] = [];
    for (const { label, value } of facts) {
      rows.push({ label: await this.#shaper.shape(label), value: await this.#shaper.shape(value) });
    }
    const width = Math.max(MIN_WIDTH_PX, picture.width);
    let fontPx = fontSizeFor(picture);
    let layout = await this.#layOut(rows, width, fontPx);
    while (fontPx > MIN_FONT_PX && layout.height > picture.height * MAX_HEIGHT_RATIO) {
      fontPx = Math.max(MIN_FONT_PX, Math.floor(fontPx * 0.75));
      layout = await this.#layOut(rows, width, fontPx);
    }
    return { width, height: layout.height, svg: await this.#draw(layout, width) };
  }

  async #layOut(rows: readonly Row[], width: number, fontPx: number): Promise<Layout> {
    const units = UNITS_PER_EM / fontPx;
    const side = Math.round(SPACE.side * fontPx);
    const widest = Math.max(0, ...rows.map(({ label }) => paragraphWidth(label) / units));
    const labelWidth = Math.ceil(Math.min(widest, (width - 2 * side) * 0.36));
    const valueX = side + labelWidth + Math.round(SPACE.columns * fontPx);
    const laidOut: Layout['rows'][number][] = [];
    let lines = 0;
    for (const { label, value } of rows) {
      const row = {
        label: breakLines(label, labelWidth * units, this.#shaper),
        value: breakLines(value, (width - side - valueX) * units, this.#shaper),
        rightToLeft: value.rightToLeft,
      };
      lines += Math.max(row.label.length, row.value.length);
      laidOut.push(row);
      await setImmediate();
    }
    const gaps = Math.max(0, rows.length - 1) * SPACE.row;
    const height = Math.ceil((SPACE.accent + SPACE.above + lines * SPACE.line + gaps + SPACE.below) * fontPx);
    return { fontPx, valueX, rows: laidOut, height };
  }

  async #draw(layout: Layout, width: number): Promise<Buffer> {
    const { fontPx, height } = layout;
    const edge = Math.max(1, Math.round(fontPx / 16));
    const parts = [
      `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">`,
      `<rect width="${width}" height="${height}" fill="${COLOURS.background}"/>`,
      `<rect width="${width}" height="${Math.round(SPACE.accent * fontPx)}" fill="${COLOURS.accent}"/>`,
      `<rect y="${height - edge}" width="${width}" height="${edge}" fill="${COLOURS.edge}"/>`,
    ];
    let y = (SPACE.accent + SPACE.above) * fontPx;
    for (const { label, value, rightToLeft } of layout.rows) {
      const tall = Math.max(label.length, value.length) * SPACE.line * fontPx;
      // what a letter piles up may not cover the lines of another fact
      const clip = `c${parts.length}`;
      parts.push(`<clipPath id="${clip}"><rect y="${px(y)}" width="${width}" height="${px(tall)}"/></clipPath>`);
      parts.push(`<g clip-path="url(#${clip})" fill="${COLOURS.label}">`);
      this.#drawLines(parts, label, { x: SPACE.side * fontPx, y, fontPx, rightToLeft: false });
      parts.push(`</g><g clip-path="url(#${clip})" fill="${COLOURS.value}">`);
      for (let at = 0; at < value.length; at += 40) {
        const some = value.slice(at, at + 40);
        this.#drawLines(parts, some, { x: layout.valueX, y: y + at * SPACE.line * fontPx, fontPx, rightToLeft }, value);
        await setImmediate();
      }
      parts.push('</g>');
      y += tall + SPACE.row * fontPx;
    }
    return Buffer.from(`${parts.join('')}</svg>`);
  }

  #drawLines(
    parts: string[],
    lines: readonly Line[],
    at: { readonly x: number; readonly y: number; readonly fontPx: number; readonly rightToLeft: boolean },
    block = lines,
  ): void {
    const scale = at.fontPx / UNITS_PER_EM;
    const blockWidth = at.rightToLeft ? block.reduce((widest, line) => Math.max(widest, line.width), 0) : 0;
    for (const [i, line] of lines.entries()) {
      const x = at.x + (at.rightToLeft ? (blockWidth - line.width) * scale : 0);
      const y = at.y + (i * SPACE.line + SPACE.baseline) * at.fontPx;
      const path = this.#pathOf(line);
      if (path === '') continue;
      parts.push(
        `<path transform="translate(${px(x)} ${px(y)}) scale(${scale.toFixed(6)} ${(-scale).toFixed(6)})" d="${path}"/>`,
      );
    }
  }

  #pathOf({ runs }: Line): string {
    let path = '';
    let x = 0;
    for (const { glyphs, font, width } of runs) {
      for (const glyph of glyphs) {
        const outline = this.#outlines.of(font, glyph.id);
        if (outline !== '') path += `M${x + glyph.x} ${glyph.y}${outline}`;
      }
      x += width;
    }
    return path;
  }
}

/** One ninety-sixth of what is seen at a glance: 20 px for 1920 × 1080, 40 px for 4K; strips are read at their own size. */
function fontSizeFor({ width, height }: { readonly width: number; readonly height: number }): number {
  return Math.min(MAX_FONT_PX, Math.max(MIN_FONT_PX, Math.round(Math.min(width, height * 4) / 96)));
}

function paragraphWidth({ pieces }: Paragraph): number {
  return pieces.reduce((width, piece) => width + piece.width, 0);
}

function px(value: number): string {
  return value.toFixed(2);
}
