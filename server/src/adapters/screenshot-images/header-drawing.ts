import { setImmediate } from 'node:timers/promises';
import { UNITS_PER_EM } from './fonts.ts';
import type { GlyphOutlines } from './glyph-outlines.ts';
import type { HeaderLayout, PlacedLine } from './header-layout.ts';
import type { Line } from './line-breaking.ts';

/** A part of the header, from its left edge; right of it there is nothing but the background. */
export interface HeaderBand {
  readonly top: number;
  readonly svg: Buffer;
}

/** A stripe across the header. */
export interface Stripe {
  readonly top: number;
  readonly height: number;
  readonly colour: string;
}

export const HEADER_BACKGROUND = '#f5f7fa';
const COLOURS = { accent: '#0b7a75', edge: '#d5dce5', label: '#5b6b7f', value: '#111c2b' } as const;

/** Drawing reads all of an SVG once for every 2000 rows, so a long header is many. */
const LINES_A_BAND = 24;

/** Above the text and below it. */
export function stripesOf({ height, fontPx, accentHeight }: HeaderLayout): readonly Stripe[] {
  const edge = Math.max(1, Math.round(fontPx / 16));
  return [
    { top: 0, height: accentHeight, colour: COLOURS.accent },
    { top: height - edge, height: edge, colour: COLOURS.edge },
  ];
}

/** The text as SVG of outlines, in bands from top to bottom that are drawn when they are asked for. */
export async function* drawText(layout: HeaderLayout, outlines: GlyphOutlines): AsyncGenerator<HeaderBand> {
  const first = layout.lines[0]?.clip.top ?? 0;
  const { top: lastTop, height: lastHeight } = layout.lines.at(-1)?.clip ?? { top: first, height: 0 };
  const end = lastTop + lastHeight;
  const rows = LINES_A_BAND * layout.lineHeight;
  for (let top = first; top < end; top += rows) {
    const height = Math.min(rows, end - top);
    yield { top, svg: await drawBand(layout, { top, height }, outlines) };
  }
}

async function drawBand(
  { width, fontPx, lineHeight, lines }: HeaderLayout,
  band: { readonly top: number; readonly height: number },
  outlines: GlyphOutlines,
): Promise<Buffer> {
  const scale = fontPx / UNITS_PER_EM;
  const parts: string[] = [];
  let clip: PlacedLine['clip'] | undefined;
  let right = 0;
  for (const placed of lines) {
    // letters may reach into the lines above and below
    if (placed.baseline + 1.3 * lineHeight <= band.top) continue;
    if (placed.baseline - 2 * lineHeight >= band.top + band.height) continue;
    const paths = pathsOf(placed.line, outlines);
    right = Math.max(right, placed.x + placed.line.width * scale);
    await setImmediate();
    if (clip !== placed.clip) {
      clip = placed.clip;
      const box = `y="${clip.top}" width="${width}" height="${clip.height}"`;
      parts.push(`<clipPath id="c${clip.top}"><rect ${box}/></clipPath>`);
    }
    const place = `translate(${placed.x.toFixed(2)} ${placed.baseline}) scale(${scale.toFixed(6)} ${(-scale).toFixed(6)})`;
    const text = `<g fill="${COLOURS[placed.kind]}" transform="${place}">${paths}</g>`;
    parts.push(`<g clip-path="url(#c${clip.top})">${text}</g>`);
  }
  const used = Math.min(width, Math.ceil(right) + fontPx);
  const size = `width="${used}" height="${band.height}" viewBox="0 ${band.top} ${used} ${band.height}"`;
  return Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" ${size}>${parts.join('')}</svg>`);
}

/** A path for each run, so that those outside what is being drawn are passed over quickly. */
export function pathsOf({ runs }: Line, outlines: GlyphOutlines): string {
  let paths = '';
  let x = 0;
  for (const { glyphs, font, width } of runs) {
    let path = '';
    for (const glyph of glyphs) {
      const outline = outlines.of(font, glyph.id);
      if (outline !== '') path += `M${x + glyph.x} ${glyph.y}${outline}`;
    }
    if (path !== '') paths += `<path d="${path}"/>`;
    x += width;
  }
  return paths;
}
