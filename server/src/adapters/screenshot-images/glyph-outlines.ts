import type { LoadedFont } from './fonts.ts';

/** Outlines known by heart; about 300 bytes each. */
const MAX_REMEMBERED = 10_000;

/** How far a glyph reaches from the baseline, upwards positive; of an empty one 0. */
export interface GlyphHeight {
  readonly top: number;
  readonly bottom: number;
}

interface Outline extends GlyphHeight {
  readonly path: string;
}

/** Outlines of glyphs as SVG path data in relative commands, so that the same text serves wherever a glyph stands. */
export class GlyphOutlines {
  readonly #known = new Map<number, Outline>();

  of(font: LoadedFont, glyphId: number): string {
    return this.#outlineOf(font, glyphId).path;
  }

  heightOf(font: LoadedFont, glyphId: number): GlyphHeight {
    return this.#outlineOf(font, glyphId);
  }

  #outlineOf({ font, id: fontId }: LoadedFont, glyphId: number): Outline {
    const key = fontId * 0x10000 + glyphId;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    if (this.#known.size >= MAX_REMEMBERED) this.#known.clear();
    const commands = font.glyphToJson(glyphId);
    const heights = commands.flatMap(({ values }) => values.filter((_, i) => i % 2 === 1));
    const outline = { path: relativePath(commands), top: Math.max(0, ...heights), bottom: Math.min(0, ...heights) };
    this.#known.set(key, outline);
    return outline;
  }
}

/** @param commands absolute: M, L, Q, C with their points, and Z */
export function relativePath(
  commands: readonly { readonly type: string; readonly values: readonly number[] }[],
): string {
  let path = '';
  let [x, y, startX, startY] = [0, 0, 0, 0];
  for (const { type, values } of commands) {
    if (type === 'Z') {
      path += 'z';
      [x, y] = [startX, startY];
      continue;
    }
    const points = values.map((value, i) => Math.round(value) - (i % 2 === 0 ? x : y));
    path += type.toLowerCase() + points.join(' ');
    x = Math.round(values.at(-2) ?? x);
    y = Math.round(values.at(-1) ?? y);
    if (type === 'M') [startX, startY] = [x, y];
  }
  return path;
}
