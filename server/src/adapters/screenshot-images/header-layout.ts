import type { AnnotationLine } from '../../pipeline/ports/screenshots.ts';
import { UNITS_PER_EM } from './fonts.ts';
import { breakLines, type Line } from './line-breaking.ts';
import type { Paragraph, TextShaper } from './text-shaper.ts';

/** A line of text; pixels from the top left of the header. */
export interface PlacedLine {
  readonly kind: 'label' | 'value';
  readonly x: number;
  /** Of the line's box. */
  readonly top: number;
  readonly baseline: number;
  readonly line: Line;
  /** The box of its fact: what letters pile up may not cover another one. */
  readonly clip: { readonly top: number; readonly height: number };
}

export interface HeaderLayout {
  /** That of the picture or more. */
  readonly width: number;
  readonly height: number;
  readonly fontPx: number;
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
const MIN_FONT = 13;
const MAX_FONT = 80;
/** A header that would be taller than so many times the picture gets smaller letters. */
const MAX_HEIGHT_RATIO = 1.5;
/** Labels get no more of the width than this. */
const MAX_LABEL_SHARE = 0.36;

/** Where label and value of each fact stand: two columns, wrapped, in letters that fit the size of the picture. */
export async function layOutHeader(
  annotation: readonly AnnotationLine[],
  picture: PictureSize,
  shaper: TextShaper,
): Promise<HeaderLayout> {
  const facts: Fact[] = [];
  for (const { label, value } of annotation) {
    facts.push({ label: await shaper.shape(label), value: await shaper.shape(value) });
  }
  const maxHeight = picture.height * MAX_HEIGHT_RATIO;
  let layout = await layOut(facts, picture.width, fontSizeFor(picture), shaper);
  while (layout.height > maxHeight && layout.fontPx > MIN_FONT) {
    // long text takes room in both directions
    const fitting = Math.floor(layout.fontPx * Math.sqrt(maxHeight / layout.height));
    layout = await layOut(facts, picture.width, Math.max(MIN_FONT, fitting), shaper);
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
  shaper: TextShaper,
): Promise<HeaderLayout> {
  const em = (share: number) => Math.round(share * fontPx);
  const width = Math.max(MIN_WIDTH, pictureWidth);
  const [side, lineHeight, accentHeight] = [em(1.2), em(1.5), em(0.28)];
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
    const clip = { top, height: count * lineHeight };
    // what is written from the right is flush right, within the width that it takes
    const flush = value.rightToLeft ? values.reduce((widest, line) => Math.max(widest, line.width), 0) : 0;
    for (let at = 0; at < count; at++, top += lineHeight) {
      const place = { top, baseline: top + em(1.09), clip };
      const [labelLine, valueLine] = [labels[at], values[at]];
      if (labelLine !== undefined) lines.push({ kind: 'label', x: side, line: labelLine, ...place });
      if (valueLine === undefined) continue;
      const shift = value.rightToLeft ? (flush - valueLine.width) / units : 0;
      lines.push({ kind: 'value', x: valueX + shift, line: valueLine, ...place });
    }
  }
  return { width, height: top + em(0.95), fontPx, lineHeight, accentHeight, lines };
}

function widthOf({ pieces }: Paragraph): number {
  return pieces.reduce((width, piece) => width + piece.width, 0);
}
