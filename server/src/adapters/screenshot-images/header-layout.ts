import { setImmediate } from 'node:timers/promises';
import type { AnnotationLine } from '../../pipeline/ports/screenshots.ts';
import { UNITS_PER_EM } from './fonts.ts';
import type { GlyphOutlines } from './glyph-outlines.ts';
import { breakLines, type Line } from './line-breaking.ts';
import type { Paragraph, TextShaper } from './text-shaper.ts';

/** A line of text; pixels from the top left of the header. */
export interface PlacedLine {
  readonly kind: 'label' | 'value';
  readonly x: number;
  readonly baseline: number;
  readonly line: Line;
  /** The box of its fact: what letters pile up may not cover another one. */
  readonly clip: { readonly top: number; readonly height: number };
}

export interface HeaderLayout {
  /** That of the picture, within bounds. */
  readonly width: number;
  readonly height: number;
  readonly fontPx: number;
  /** Of most lines; those of letters that reach further are higher. */
  readonly lineHeight: number;
  readonly accentHeight: number;
  /** From top to bottom. */
  readonly lines: readonly PlacedLine[];
}

export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

interface Fact {
  readonly label: Paragraph;
  readonly value: Paragraph;
}

/** Narrower pictures get room beside them, so that an id fits on a line. */
const MIN_WIDTH = 480;
/** Wider pictures have nothing above what is to the right: nobody reads lines that long, and a drawing has its limits. */
const MAX_WIDTH = 8192;
const MIN_FONT = 13;
const MAX_FONT = 80;
/** A header that would be taller than so many times the picture gets smaller letters. */
const MAX_HEIGHT_RATIO = 1.5;
/** Labels get no more of the width than this. */
const MAX_LABEL_SHARE = 0.36;
/** Of the em: a line, from its top to its baseline, and how much more letters may get above it and below it. */
const LINE = 1.5;
const BASELINE = 1.09;
const MAX_OVERHANG = 1;

/** What fonts and their outlines are asked for. */
export interface LayoutParts {
  readonly shaper: TextShaper;
  readonly outlines: GlyphOutlines;
}

/** Where label and value of each fact stand: two columns, wrapped, in letters that fit the size of the picture. */
export async function layOutHeader(
  annotation: readonly AnnotationLine[],
  picture: PictureSize,
  parts: LayoutParts,
): Promise<HeaderLayout> {
  const { shaper } = parts;
  const facts: Fact[] = [];
  for (const { label, value } of annotation) {
    facts.push({ label: await shaper.shape(label), value: await shaper.shape(value) });
  }
  const maxHeight = picture.height * MAX_HEIGHT_RATIO;
  let layout = await layOut(facts, picture.width, fontSizeFor(picture), parts);
  while (layout.height > maxHeight && layout.fontPx > MIN_FONT) {
    // long text takes room in both directions
    const fitting = Math.floor(layout.fontPx * Math.sqrt(maxHeight / layout.height));
    layout = await layOut(facts, picture.width, Math.max(MIN_FONT, fitting), parts);
  }
  return layout;
}

/** One ninety-sixth of what is seen at a glance: 20 px for 1920 × 1080, 40 px for 4K; strips are read at their own size. */
function fontSizeFor({ width, height }: PictureSize): number {
  return Math.min(MAX_FONT, Math.max(MIN_FONT, Math.round(Math.min(width, height * 4) / 96)));
}

async function layOut(
  facts: readonly Fact[],
  pictureWidth: number,
  fontPx: number,
  { shaper, outlines }: LayoutParts,
): Promise<HeaderLayout> {
  const em = (share: number) => Math.round(share * fontPx);
  const width = Math.min(MAX_WIDTH, Math.max(MIN_WIDTH, pictureWidth));
  const [side, lineHeight, accentHeight] = [em(1.2), em(LINE), em(0.28)];
  const units = UNITS_PER_EM / fontPx;
  const widestLabel = facts.reduce((widest, { label }) => Math.max(widest, widthOf(label)), 0) / units;
  const labelWidth = Math.ceil(Math.min(widestLabel, (width - 2 * side) * MAX_LABEL_SHARE));
  const valueX = side + labelWidth + em(1.5);
  const lines: PlacedLine[] = [];
  let top = accentHeight + em(0.95);
  for (const [i, { label, value }] of facts.entries()) {
    if (i > 0) top += em(0.28);
    const labels = await breakLines(label, labelWidth * units, shaper);
    const values = await breakLines(value, (width - side - valueX) * units, shaper);
    const count = Math.max(labels.length, values.length);
    const clip = { top, height: 0 };
    // what is written from the right is flush right, within the width that it takes
    const flush = value.rightToLeft ? values.reduce((widest, line) => Math.max(widest, line.width), 0) : 0;
    for (let at = 0; at < count; at++) {
      const [labelLine, valueLine] = [labels[at], values[at]];
      const { above, below } = overhangOf([labelLine, valueLine], outlines);
      const place = { baseline: top + Math.ceil(above / units) + em(BASELINE), clip };
      top += Math.ceil(above / units) + lineHeight + Math.ceil(below / units);
      clip.height = top - clip.top;
      await setImmediate();
      if (labelLine !== undefined) lines.push({ kind: 'label', x: side, line: labelLine, ...place });
      if (valueLine === undefined) continue;
      const shift = value.rightToLeft ? (flush - valueLine.width) / units : 0;
      lines.push({ kind: 'value', x: valueX + shift, line: valueLine, ...place });
    }
  }
  return { width, height: top + em(0.95), fontPx, lineHeight, accentHeight, lines };
}

/** By how much letters reach out of a line of the usual height, in units of the em. */
function overhangOf(lines: readonly (Line | undefined)[], outlines: GlyphOutlines) {
  let [top, bottom] = [0, 0];
  for (const line of lines) {
    for (const { glyphs, font } of line?.runs ?? []) {
      for (const { id, y } of glyphs) {
        const height = outlines.heightOf(font, id);
        top = Math.max(top, y + height.top);
        bottom = Math.min(bottom, y + height.bottom);
      }
    }
  }
  const within = (overhang: number) => Math.min(MAX_OVERHANG, Math.max(0, overhang)) * UNITS_PER_EM;
  return {
    above: within(top / UNITS_PER_EM - BASELINE),
    below: within(-bottom / UNITS_PER_EM - (LINE - BASELINE)),
  };
}

function widthOf({ pieces }: Paragraph): number {
  return pieces.reduce((width, piece) => width + piece.width, 0);
}
