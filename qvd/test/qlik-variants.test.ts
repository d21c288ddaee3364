import assert from 'node:assert/strict';
import { test } from 'node:test';
import { QvdReader } from '../src/index.ts';
import { type HandMadeFile, handMade, symbol } from './support/hand-made.ts';
import { collect, dual, rowsOf } from './support/tables.ts';

const texts = (...values: string[]): Buffer[] => values.map(symbol.text);

/** Three fields as Qlik was seen to lay them out: not in order of BitOffset, widths padded to fill the bytes. */
const sets: HandMadeFile = {
  rows: 3,
  recordByteSize: 5,
  fields: [
    { name: 'set_num', bitOffset: 32, bitWidth: 8, bias: 0, symbols: texts('a', 'b', 'c'), stored: [0, 1, 2] },
    { name: 'name', bitOffset: 0, bitWidth: 14, bias: 0, symbols: texts('x', 'y'), stored: [1, 0, 1] },
    {
      name: 'year',
      bitOffset: 14,
      bitWidth: 18,
      bias: -2,
      symbols: [symbol.integer(1999), symbol.integer(2000)],
      stored: [2, 0, 3],
    },
  ],
};
const setRows = [
  ['a', 'y', 1999],
  ['b', 'x', null],
  ['c', 'y', 2000],
];

test('fields in another order than their bits, with padded widths', async () => {
  assert.deepEqual(await rowsOf(handMade(sets)), setRows);
});

test('one field mixes all five symbol types; numbers beside their texts come as both', async () => {
  const symbols = [
    symbol.integer(-5),
    symbol.double(0.1),
    symbol.text('text'),
    symbol.dualInteger(7, 'seven'),
    symbol.dualDouble(1.5, 'one and a half'),
    symbol.text(''),
    symbol.double(-0),
  ];
  const stored = symbols.map((_, index) => index);
  const field = { name: 'mixed', bitOffset: 0, bitWidth: 3, bias: 0, symbols, stored };
  const file = handMade({ rows: 7, recordByteSize: 1, fields: [field] });
  assert.deepEqual(await rowsOf(file), [
    [-5],
    [0.1],
    ['text'],
    [dual(7, 'seven')],
    [dual(1.5, 'one and a half')],
    [''],
    [-0],
  ]);
});

test('fields without bits: a constant, and one that is NULL in every row', async () => {
  const file = handMade({
    rows: 2,
    recordByteSize: 1,
    fields: [
      { name: 'constant', bitOffset: 0, bitWidth: 0, bias: 0, symbols: texts('same'), stored: [] },
      { name: 'nothing', bitOffset: 0, bitWidth: 0, bias: -2, symbols: [], stored: [] },
      { name: 'nothing with a bit', bitOffset: 7, bitWidth: 1, bias: -2, symbols: [], stored: [0, 1] },
      { name: 'value', bitOffset: 0, bitWidth: 1, bias: 0, symbols: texts('a', 'b'), stored: [0, 1] },
    ],
  });
  assert.deepEqual(await rowsOf(file), [
    ['same', null, null, 'a'],
    ['same', null, null, 'b'],
  ]);
});

test('an empty table', async () => {
  const field = { bitOffset: 0, bitWidth: 0, bias: 0, symbols: [], stored: [] };
  const fields = ['a', 'b'].map((name) => ({ name, ...field }));
  const file = handMade({ rows: 0, recordByteSize: 1, fields });
  const reader = await QvdReader.open(file);
  assert.equal(reader.rowCount, 0);
  assert.deepEqual(reader.fieldNames, ['a', 'b']);
  assert.deepEqual(await rowsOf(file), []);
  assert.deepEqual(await reader.column('b'), []);
});

test('a table without fields', async () => {
  assert.deepEqual(await rowsOf(handMade({ rows: 2, recordByteSize: 1, fields: [] })), [[], []]);
});

test('rows wider than 32 bits, fields across byte borders and up to 40 bits wide', async () => {
  const many = Array.from({ length: 300 }, (_, index) => symbol.integer(index));
  const field = (name: string, bitOffset: number, bitWidth: number) => ({
    name,
    bitOffset,
    bitWidth,
    bias: -2,
    symbols: many,
    stored: [0, 2, 301, 258],
  });
  const fields = [field('a', 3, 9), field('b', 12, 32), field('c', 45, 40), field('d', 85, 31), field('e', 117, 10)];
  const expected = [null, 0, 299, 256].map((value) => [value, value, value, value, value]);
  assert.deepEqual(await rowsOf(handMade({ rows: 4, recordByteSize: 17, fields })), expected);
});

test('all 32 bits of a field count, at every bit it may begin with', async () => {
  for (let bitOffset = 0; bitOffset < 8; bitOffset++) {
    const stored = [4_000_000_000, 4_000_000_001, 0xffffffff - 294_967_294];
    const field = { name: 'a', bitOffset, bitWidth: 32, bias: -4_000_000_000, symbols: texts('x', 'y'), stored };
    assert.deepEqual(await rowsOf(handMade({ rows: 3, recordByteSize: 5, fields: [field] })), [['x'], ['y'], ['y']]);
  }
});

const headerVariants: [string, (xml: string) => string][] = [
  ['a byte order mark', (xml) => `\uFEFF${xml}`],
  ['no XML declaration', (xml) => xml.replace(/<\?xml.*\?>\s*/, '')],
  ['another declaration', (xml) => xml.replace(/<\?xml.*\?>/, "<?xml version='1.0' encoding='utf-8'?>")],
  ['comments', (xml) => xml.replace('<Fields>', '<!-- a > b --><Fields><!---->').replace('>3<', '><!-- x -->3<')],
  ['white space around numbers', (xml) => xml.replace(/>(-?\d+)</g, '> \r\n$1 <')],
  ['no white space at all', (xml) => xml.replace(/>\s+</g, '><')],
  ['empty elements in short form', (xml) => xml.replace(/<(\w+)><\/\1>/g, '<$1/>')],
  ['attributes', (xml) => xml.replace('<TableName>', '<TableName a="1" b = \'<\' >').replace("'<'", "'x'")],
  ['unknown elements', (xml) => xml.replace('<Fields>', '<New><Fields>1</Fields><A/></New><New>2</New><Fields>')],
  [
    'elements missing that describe only',
    (xml) => xml.replace(/<(Lineage|EncryptionInfo|TableTags)>[\s\S]*?<\/\1>/g, ''),
  ],
  ['numbers as CDATA', (xml) => xml.replace('>5<', '><![CDATA[5]]><')],
  ['no NumberFormat', (xml) => xml.replace(/<NumberFormat>[\s\S]*?<\/NumberFormat>/g, '')],
  ['white space after the header', (xml) => `${xml}\r\n  `],
];
for (const [what, header] of headerVariants) {
  test(`header variant: ${what}`, async () => {
    const file = handMade({ ...sets, header });
    assert.notDeepEqual(file, handMade(sets));
    assert.deepEqual(await rowsOf(file), setRows);
  });
}

test('header variant: LF line ends', async () => {
  assert.deepEqual(await rowsOf(handMade({ ...sets, lineEnd: '\n' })), setRows);
});

test('bytes after the row table do no harm', async () => {
  assert.deepEqual(await rowsOf(handMade({ ...sets, trailer: Buffer.from('more') })), setRows);
});

test('names, comments and lineage with entities, CDATA and every kind of character', async () => {
  const header = (xml: string) =>
    xml
      .replace('>set_num<', '>a &amp; b &lt;c&gt; &#65;&#x1F600; <![CDATA[<&]]>]]&gt;<')
      .replace('<Comment></Comment>', '<Comment>line one\r\nline two &#13;</Comment>');
  const reader = await QvdReader.open(handMade({ ...sets, header }));
  assert.equal(reader.fieldNames[0], 'a & b <c> A😀 <&]]>');
  assert.equal(reader.header.fields[0]?.comment, 'line one\nline two \r');
  assert.deepEqual(reader.header.lineage, [{ discriminator: 'lib://data/source.csv', statement: '' }]);
  assert.equal(reader.header.creator, 'hand');
  assert.equal(reader.header.sourceFileSize, -1);
});

test('a header longer than one read', async () => {
  const header = (xml: string) => xml.replace('<Comment></Comment>', `<Comment>${'long '.repeat(60_000)}</Comment>`);
  assert.deepEqual(await rowsOf(handMade({ ...sets, header })), setRows);
});

test('fields and rows of choice', async () => {
  const reader = await QvdReader.open(handMade(sets));
  assert.deepEqual(await collect(reader.rows({ fields: ['year', 'set_num'], from: 1, limit: 1 })), [[null, 'b']]);
  assert.deepEqual(await collect(reader.rows({ from: 3 })), []);
  assert.deepEqual(await collect(reader.rows({ limit: 0 })), []);
  assert.deepEqual(await reader.symbols('year'), [1999, 2000]);
  assert.deepEqual(await collect(reader.rows({ limit: 0 })), []);
  for (const selection of [{ from: 0.5 }, { from: -1 }, { from: Number.NaN }, { limit: -1 }, { limit: 1.5 }]) {
    await assert.rejects(collect(reader.rows(selection)), { code: 'QVD_SELECTION_INVALID' });
  }
  await assert.rejects(reader.column('nope'), { code: 'QVD_FIELD_UNKNOWN', field: 'nope' });
  await reader.close();
  await assert.rejects(reader.column('year'), { code: 'QVD_READER_CLOSED' });
});
