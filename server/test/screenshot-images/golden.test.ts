// The looks of the annotated copy, compared with pictures that a person has looked at. After a change that is meant to
// be seen: delete the golden picture, run this file (it writes the missing one and fails), look at it, commit it.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createScreenshotEditor } from '../../src/adapters/screenshot-images/screenshot-editor.ts';
import type { AnnotationLine } from '../../src/pipeline/ports/screenshots.ts';
import { chartPixels, type Pixels, pixelsOf, pngOf } from './pictures.ts';

const editor = createScreenshotEditor();
const golden = (name: string) => fileURLToPath(new URL(`golden/${name}.png`, import.meta.url));
const lines = (facts: Readonly<Record<string, string>>): AnnotationLine[] =>
  Object.entries(facts).map(([label, value]) => ({ label, value }));

const FACTS = lines({
  'Time (UTC)': '2025-12-27 05:46:06.919 UTC',
  'Time (server)': '2025-12-27 06:46:06.919 +01:00',
  'Event ID': 'db277423-1291-456e-8333-aa772e50703b',
  'Correlation ID': '0346f48f-0abb-4786-b1ce-52f8672f6a1b',
  'Selection transaction ID': '6c0e3a1a-2f3e-4f9f-9df1-11e8b1a0c9d2',
  User: 'UserDirectory=LAB; UserId=göran.åkerström',
  'App ID': 'c36bdcfa-2b5e-4b34-94e8-0f0f2a1f3c5d',
  App: '商品別売上 – مبيعات المنتجات (2025) – Продажи Ω Łódź',
  Sheet: 'Übersicht 🙂 ภาพรวมการขาย हिन्दी बिक्री सारांश דוח מכירות 한국어',
});

const SCRIPTS = lines({
  Swedish: 'Försäljning åäö ÅÄÖ é ü ß ñ ç',
  Polish: 'Łódź, Świętokrzyskie, Żywiec',
  Russian: 'Продажи по регионам Ж Щ ё',
  Greek: 'Πωλήσεις Ω ά έ ή',
  Vietnamese: 'Doanh số theo khu vực ở Đà Nẵng',
  Japanese: '商品別売上レポート（第１四半期）、直接骨角　㈱〒㎡',
  Chinese: '商品销售额，直接骨角（2025年）',
  Korean: '한국어 판매 보고서',
  Arabic: 'مبيعات المنتجات حسب المنطقة (الربع الأول 2025)',
  Persian: 'گزارش فروش ۱۴۰۳ محصول',
  Urdu: 'فروخت کی رپورٹ',
  Hebrew: 'דוח מכירות לפי אזור (רבעון 1) שָׁלוֹם',
  Thai: 'ภาพรวมการขายตามภูมิภาค ที่นี่ น้ำ',
  Hindi: 'क्षेत्र के अनुसार बिक्री सारांश क्ष त्र ज्ञ हिंदी',
  Bengali: 'অঞ্চল অনুযায়ী বিক্রয়',
  Tamil: 'பிராந்திய விற்பனை கோ',
  Telugu: 'ప్రాంతీయ అమ్మకాలు',
  Khmer: 'ការលក់តាមតំបន់',
  Burmese: 'ဒေသအလိုက် ရောင်းအား',
  Georgian: 'გაყიდვები რეგიონების მიხედვით',
  Armenian: 'Վաճառք ըստ տարածաշրջանի',
  Amharic: 'ሽያጭ በክልል',
  Emoji: '🙂 👍🏽 👨‍👩‍👧‍👦 ❤️ 1️⃣ ✅ 🧿',
  Symbols: '→ ▲ ● ★ ✓ € £ ₹ ∑ ≤ ½ ™ ─ █ ℃ № ①',
});

const AWKWARD = lines({
  Override: 'user\u202egnp.exe',
  Newline: 'one\ntwo',
  Marked: `${'word'.repeat(16)}\u202e${'word'.repeat(16)}`,
  'No glyph': '\u{10fffe}',
  Marks: `Z${'\u0301\u0317\u0360'.repeat(30)}algo`,
  Mixed: 'Report (تقرير المبيعات) v2.0 – 50% שלום [a] <b>&amp;</b> "q"',
  'Right to left': 'هذا نص طويل جدا يجب أن يلتف على عدة أسطر لأنه لا يتسع في سطر واحد مهما حاولنا ذلك في هذه الصورة',
  'One word': 'a'.repeat(130),
  'One Arabic word': 'ببببب'.repeat(20),
  Chinese: '商品別売上レポート、地域別の詳細な内訳を含む。'.repeat(3),
  'A label that is so long that it has to be wrapped': 'db277423-1291-456e-8333-aa772e50703b',
});

const DEEP = lines({
  Mixed: 'မြန်မာ བོད་',
  Tibetan: 'བསྒྲུབས་ རྒྱལ་ ཧཱུྃ',
  Burmese: 'က္ကြူ ပ္ဍြူ ရောင်းအား',
  Vietnamese: 'Ế Ỗ Ẵ y g j',
  Khmer: 'ស្ត្រី ក្រុង',
  Sheet: 'Übersicht',
});

const CASES: readonly (readonly [string, Pixels, readonly AnnotationLine[]])[] = [
  ['chart-550x174', chartPixels(550, 174), FACTS],
  ['chart-1920x1080', chartPixels(1920, 1080), FACTS],
  ['chart-3840x2160', chartPixels(3840, 2160), FACTS],
  ['narrow-120x200', chartPixels(120, 200), FACTS],
  ['scripts-550', chartPixels(550, 40), SCRIPTS],
  ['scripts-2400', chartPixels(2400, 700), SCRIPTS],
  ['awkward-550', chartPixels(550, 40), AWKWARD],
  ['deep-2000', chartPixels(2000, 600), DEEP],
];

/** Part of the channels that differ by more than a hair, and the mean difference. */
function difference(actual: Pixels, expected: Pixels): { readonly share: number; readonly mean: number } {
  let [far, sum] = [0, 0];
  for (let i = 0; i < actual.data.length; i++) {
    const distance = Math.abs((actual.data[i] ?? 0) - (expected.data[i] ?? 0));
    sum += distance;
    if (distance > 24) far++;
  }
  return { share: far / actual.data.length, mean: sum / actual.data.length };
}

for (const [name, pixels, annotation] of CASES) {
  test(`golden: ${name}`, async () => {
    const request = { format: 'png' as const, crop: undefined, eventId: 'a', correlationId: null, annotation };
    const images = await editor.edit({ ...request, bytes: await pngOf(pixels) });
    const bytes = images.find(({ role }) => role === 'annotated')?.bytes ?? assert.fail('not annotated');
    if (!existsSync(golden(name))) {
      writeFileSync(golden(name), bytes);
      assert.fail(`${golden(name)} was not there and is written: look at it`);
    }
    const [actual, expected] = [await pixelsOf(bytes), await pixelsOf(readFileSync(golden(name)))];
    assert.deepEqual([actual.width, actual.height], [expected.width, expected.height]);
    const { share, mean } = difference(actual, expected);
    assert.ok(share < 0.0002 && mean < 0.05, `${(share * 100).toFixed(3)} % differ, ${mean.toFixed(3)} on average`);
  });
}

test('golden: the comparison sees a changed letter and a moved line', async () => {
  const picture = await pixelsOf(readFileSync(golden('chart-550x174')));
  const edit = (change: (data: Buffer) => void) => {
    const data = Buffer.from(picture.data);
    change(data);
    return difference({ ...picture, data }, picture);
  };
  const moved = edit((data) => data.copyWithin(0, picture.width * 3));
  assert.ok(moved.share > 0.01 && moved.mean > 0.5);
  const letter = edit((data) => {
    for (let y = 20; y < 30; y++) data.fill(0, (y * picture.width + 200) * 3, (y * picture.width + 208) * 3);
  });
  assert.ok(letter.share > 0.0002);
});
