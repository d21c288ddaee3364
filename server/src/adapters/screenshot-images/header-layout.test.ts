import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UNITS_PER_EM } from './fonts.ts';
import { GlyphOutlines } from './glyph-outlines.ts';
import { layOutHeader } from './header-layout.ts';
import { TextShaper } from './text-shaper.ts';

const parts = { shaper: new TextShaper(), outlines: new GlyphOutlines() };
const layoutOf = (values: readonly string[], width: number) => {
  const annotation = values.map((value, i) => ({ label: `Fact ${i}`, value }));
  return layOutHeader(annotation, { width, height: width }, parts);
};

test('no letter of any script reaches out of the box of its fact', async () => {
  const values = ['မြန်မာ བོད་', 'བསྒྲུབས་ ཧཱུྃ', 'က္ကြူ ပ္ဍြူ', 'Ẵ Ỗ y', 'مبيعات', 'ที่นี่ น้ำ', 'ស្ត្រី', 'క్ష్మి', '商品'];
  for (const width of [550, 1920, 3840]) {
    const { lines, fontPx } = await layoutOf([...values, values.join(' ').repeat(20)], width);
    const px = fontPx / UNITS_PER_EM;
    for (const { line, baseline, clip } of lines) {
      for (const { glyphs, font } of line.runs) {
        for (const { id, y } of glyphs) {
          const { top, bottom } = parts.outlines.heightOf(font, id);
          assert.ok(baseline - (y + top) * px >= clip.top - 1, `${width}: above`);
          assert.ok(baseline - (y + bottom) * px <= clip.top + clip.height + 1, `${width}: below`);
        }
      }
    }
  }
});

test('ordinary letters make no line higher, and piled up marks only a little', async () => {
  const heightOf = async (value: string) => (await layoutOf([value], 1920)).height;
  const usual = await heightOf('Übersicht Łódź Ж 商品 한국어');
  assert.equal(await heightOf('x'), usual);
  const { fontPx } = await layoutOf(['x'], 1920);
  assert.ok((await heightOf(`Z${'\u0301\u0317'.repeat(40)}`)) <= usual + 2 * fontPx);
});
