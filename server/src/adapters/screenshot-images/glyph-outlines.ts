import type { LoadedFont } from './fonts.ts';

/** Outlines known by heart; about 300 bytes each. */
const MAX_REMEMBERED = 10_000;

/** Outlines of glyphs as SVG path data in relative commands, so that the same text serves wherever a glyph stands. */
export class GlyphOutlines {
  readonly #known = new Map<number, string>();

  of({ font, id: fontId }: LoadedFont, glyphId: number): string {
    const key = fontId * 0x10000 + glyphId;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    if (this.#known.size >= MAX_REMEMBERED) this.#known.clear();
    const path = relativePath(font.glyphToJson(glyphId));
    this.#known.set(key, path);
    return path;
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
