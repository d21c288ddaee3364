import assert from 'node:assert/strict';
import { test } from 'node:test';
import { breakLines } from './line-breaking.ts';
import { type Paragraph, TextShaper } from './text-shaper.ts';

const shaper = new TextShaper();
const runsOf = ({ pieces }: Paragraph) => pieces.flatMap(({ runs }) => runs);
const glyphsOf = (paragraph: Paragraph) => runsOf(paragraph).flatMap(({ glyphs }) => glyphs);
const idsOf = async (text: string) => glyphsOf(await shaper.shape(text)).map(({ id }) => id);

const SAMPLES: Readonly<Record<string, string>> = {
  Latin: 'Försäljning Łódź Đà Nẵng ß',
  Cyrillic: 'Продажи Ж ё',
  Greek: 'Πωλήσεις Ω',
  Chinese: '商品销售额，直接',
  Japanese: '商品別売上レポート',
  Korean: '한국어 판매',
  Arabic: 'مبيعات المنتجات',
  Persian: 'گزارش ۱۴۰۳',
  Hebrew: 'דוח שָׁלוֹם',
  Thai: 'ภาพรวม ที่นี่ น้ำ',
  Devanagari: 'क्षेत्र हिंदी',
  Bengali: 'অঞ্চল অনুযায়ী',
  Tamil: 'பிராந்திய',
  Telugu: 'ప్రాంతీయ',
  Gujarati: 'પ્રાદેશિક',
  Gurmukhi: 'ਖੇਤਰੀ',
  Kannada: 'ಪ್ರಾದೇಶಿಕ',
  Malayalam: 'പ്രാദേശിക',
  Sinhala: 'ප්‍රාදේශීය',
  Khmer: 'ការលក់',
  Lao: 'ຍອດຂາຍ',
  Burmese: 'ရောင်းအား',
  Tibetan: 'ས་ཁུལ་ཚོང',
  Georgian: 'გაყიდვები',
  Armenian: 'Վաճառք',
  Ethiopic: 'ሽያጭ',
  Emoji: '🙂 👍🏽 👨‍👩‍👧‍👦 ❤️ 1️⃣ 🧿',
  'Japanese spaces and signs': '東京　営業所 〒100 ㈱ ㍿ ㎡ ㎏ ㊤ ㉠ ﹏ 🈁',
  Symbols: '→ ▲ ★ ✓ € ₹ ∑ ≤ ½ ™ ─ █ ℃ №',
};

for (const [name, text] of Object.entries(SAMPLES)) {
  test(`${name}: every character has a shape`, async () => {
    const paragraph = await shaper.shape(text);
    assert.equal(paragraph.text, text, 'nothing had to be written out');
    assert.ok(glyphsOf(paragraph).every(({ id }) => id !== 0));
  });
}

test('Arabic letters join, and run from right to left', async () => {
  const [joined, single] = [await idsOf('ببب'), await idsOf('ب')];
  assert.equal(joined.length, 3);
  assert.equal(new Set([...joined, ...single]).size, 4, 'initial, medial, final and isolated form');
  const paragraph = await shaper.shape('سلام abc');
  assert.equal(paragraph.rightToLeft, true);
  const [line] = await breakLines(paragraph, Number.POSITIVE_INFINITY, shaper);
  assert.deepEqual(
    line?.runs.map(({ start, end }) => paragraph.text.slice(start, end).trim()).filter((text) => text !== ''),
    ['abc', 'سلام'],
  );
});

test('a parted Arabic word keeps joining across its parts', async () => {
  const paragraph = await shaper.shape('ببببب');
  const [run] = runsOf(paragraph);
  assert.ok(run);
  const [head, tail] = shaper.split(paragraph, run, run.width * 0.7, false) ?? assert.fail('not parted');
  const [initial, medial, , , final] = run.glyphs.toReversed().map(({ id }) => id);
  const parts = [head, tail].flatMap(({ glyphs }) => glyphs.toReversed().map(({ id }) => id));
  assert.deepEqual(parts, [initial, medial, medial, medial, final]);
});

test('Devanagari makes one shape of letters that belong together', async () => {
  assert.ok((await idsOf('क्ष')).length < 3);
});

test('Han characters have the shape of the language', async () => {
  const [chinese] = await idsOf('直');
  const [japanese] = await idsOf('直の');
  assert.notEqual(chinese, japanese);
});

test('what no font has is written out, nothing is dropped', async () => {
  assert.equal((await shaper.shape('a\u{10fffe}b')).text, 'a[U+10FFFE]b');
  assert.ok((await idsOf('a\u{10fffe}b')).every((id) => id !== 0));
  assert.deepEqual(await idsOf(''), []);
});

test('a letter under hundreds of marks is shaped too', async () => {
  const paragraph = await shaper.shape(`Z${'\u0301'.repeat(3000)}`);
  assert.equal(runsOf(paragraph).at(-1)?.end, 3001);
});
