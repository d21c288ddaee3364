import assert from 'node:assert/strict';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type QvdErrorCode, QvdReader } from '../src/index.ts';
import { type HandMadeFile, handMade, symbol } from './support/hand-made.ts';
import { rowsOf } from './support/tables.ts';

const plain: HandMadeFile = {
  rows: 4,
  recordByteSize: 1,
  fields: [
    { name: 'a', bitOffset: 0, bitWidth: 2, bias: 0, symbols: ['x', 'y', 'z'].map(symbol.text), stored: [0, 1, 2, 0] },
    { name: 'n', bitOffset: 2, bitWidth: 2, bias: -2, symbols: [symbol.integer(7)], stored: [0, 2, 2, 0] },
  ],
};

/** Replaces the n-th element of that name in the header. */
function set(name: string, value: string | number, occurrence = 0): (xml: string) => string {
  return (xml) => {
    let seen = 0;
    return xml.replace(new RegExp(`<${name}>[^<]*</${name}>`, 'g'), (whole) =>
      seen++ === occurrence ? `<${name}>${value}</${name}>` : whole,
    );
  };
}

const headerCases: [string, (xml: string) => string, QvdErrorCode][] = [
  [
    'a DTD',
    (xml) => xml.replace('<QvdTableHeader>', '<!DOCTYPE x [<!ENTITY e "e">]><QvdTableHeader>'),
    'QVD_HEADER_XML',
  ],
  ['an unknown entity', set('TableName', '&e;'), 'QVD_HEADER_XML'],
  ['a bare ampersand', set('TableName', 'a & b'), 'QVD_HEADER_XML'],
  ['a reference to no character', set('TableName', '&#xD800;'), 'QVD_HEADER_XML'],
  ['a reference to U+0000', set('TableName', '&#0;'), 'QVD_HEADER_XML'],
  ['a tag that is not closed', (xml) => xml.replace('</Fields>', ''), 'QVD_HEADER_XML'],
  ['crossed tags', (xml) => xml.replace('</FieldName>', '</BitOffset>'), 'QVD_HEADER_XML'],
  ['a comment without an end', (xml) => xml.replace('<Fields>', '<!-- <Fields>'), 'QVD_HEADER_XML'],
  ['text after the root', (xml) => `${xml}more`, 'QVD_HEADER_XML'],
  ['two roots', (xml) => `${xml}<QvdTableHeader/>`, 'QVD_HEADER_XML'],
  ['an attribute without quotes', (xml) => xml.replace('<Fields>', '<Fields a=1>'), 'QVD_HEADER_XML'],
  ['a very deep nesting', (xml) => xml.replace('<Fields>', `${'<a>'.repeat(100_000)}<Fields>`), 'QVD_HEADER_XML'],
  ['another root', (xml) => xml.replaceAll('QvdTableHeader', 'html'), 'QVD_NOT_A_QVD'],
  ['another encoding', (xml) => xml.replace('UTF-8', 'UTF-16'), 'QVD_HEADER_INVALID'],
  ['an element twice', (xml) => xml.replace('<Bias>', '<Bias>0</Bias><Bias>'), 'QVD_HEADER_INVALID'],
  ['a missing element', (xml) => xml.replace(/<BitWidth>.*<\/BitWidth>/, ''), 'QVD_HEADER_INVALID'],
  ['a missing number of rows', (xml) => xml.replace(/<NoOfRecords>.*<\/NoOfRecords>/, ''), 'QVD_HEADER_INVALID'],
  ['a number that is none', set('NoOfRecords', '0x10'), 'QVD_HEADER_INVALID'],
  ['a fraction', set('NoOfRecords', '1.5'), 'QVD_HEADER_INVALID'],
  ['a number beyond 2^53', set('NoOfRecords', '9007199254740993'), 'QVD_HEADER_INVALID'],
  ['a field without a name', (xml) => xml.replace(/<FieldName>.*<\/FieldName>/, ''), 'QVD_HEADER_INVALID'],
  ['two fields of one name', set('FieldName', 'a', 1), 'QVD_LAYOUT'],
  ['compression', set('Compression', 'zstd'), 'QVD_UNSUPPORTED'],
  ['encryption', set('EncryptionInfo', 'key'), 'QVD_UNSUPPORTED'],
  ['encryption, nested', set('EncryptionInfo', '<Key>abc</Key>'), 'QVD_UNSUPPORTED'],
  ['more rows than the row table has', set('NoOfRecords', 5), 'QVD_LAYOUT'],
  [
    'rows without end and without bytes',
    (xml) => set('RecordByteSize', 0)(set('NoOfRecords', 2 ** 50)(set('Length', 0, 2)(xml))),
    'QVD_LAYOUT',
  ],
  ['rows without end', (xml) => set('NoOfRecords', 2 ** 50)(set('Length', 2 ** 50, 2)(xml)), 'QVD_TRUNCATED'],
  ['a negative number of rows', (xml) => set('NoOfRecords', -4)(set('RecordByteSize', -1)(xml)), 'QVD_LAYOUT'],
  ['bits outside the row', set('BitOffset', 7), 'QVD_LAYOUT'],
  ['bits of two fields that overlap', set('BitOffset', 1, 1), 'QVD_LAYOUT'],
  ['two fields in the same bits', set('BitOffset', 0, 1), 'QVD_LAYOUT'],
  ['a width beyond the row', set('BitWidth', 1e15), 'QVD_LAYOUT'],
  ['a negative width', set('BitWidth', -1), 'QVD_LAYOUT'],
  ['more symbols than their bytes can hold', set('NoOfSymbols', 1e9), 'QVD_LAYOUT'],
  ['a negative offset', set('Offset', -1), 'QVD_LAYOUT'],
  ['symbols outside the file', set('Offset', 1e9), 'QVD_TRUNCATED'],
  ['symbols longer than the file', (xml) => set('NoOfSymbols', 1e9)(set('Length', 2 ** 40)(xml)), 'QVD_TRUNCATED'],
  ['symbols that overlap', set('Offset', 4, 1), 'QVD_LAYOUT'],
  ['symbols that overlap with the rows', set('Offset', 10, 2), 'QVD_LAYOUT'],
  ['fewer symbols than there are', set('NoOfSymbols', 2), 'QVD_SYMBOLS_DAMAGED'],
  ['one symbol too many', set('NoOfSymbols', 4), 'QVD_SYMBOLS_DAMAGED'],
  ['a Bias that asks for missing symbols', set('Bias', 1), 'QVD_ROW_DAMAGED'],
  ['a huge Bias', set('Bias', 9_007_199_254_740_991), 'QVD_ROW_DAMAGED'],
];

describe('a header that cannot be true is refused before anything is read by its numbers', () => {
  for (const [what, header, code] of headerCases) {
    test(`${what}: ${code}`, { timeout: 5000 }, async () => {
      assert.notDeepEqual(handMade({ ...plain, header }), handMade(plain));
      await assert.rejects(rowsOf(handMade({ ...plain, header })), { name: 'QvdError', code });
    });
  }
});

describe('a header made to be expensive costs no more than its size warrants', () => {
  test('a very long name around very many elements', { timeout: 5000 }, async () => {
    const name = 'n'.repeat(1_000_000);
    const header = (xml: string) => xml.replace('<Fields>', `<${name}>${'<a/>'.repeat(20_000)}</${name}><Fields>`);
    assert.equal((await rowsOf(handMade({ ...plain, header }))).length, 4);
  });
  test('very many fields without bits come in small blocks of rows', async () => {
    const field = { bitOffset: 0, bitWidth: 0, bias: -2, symbols: [], stored: [] };
    const fields = Array.from({ length: 10_000 }, (_, i) => ({ ...field, name: `n${i}` }));
    const reader = await QvdReader.open(handMade({ rows: 600, recordByteSize: 1, fields }));
    const blocks: number[] = [];
    for await (const { rowCount } of reader.batches()) blocks.push(rowCount);
    assert.deepEqual(blocks, [419, 181]);
    for await (const { rowCount } of reader.batches({ fields: ['n1'] })) assert.equal(rowCount, 600);
  });
});

describe('damaged symbols and rows are named', () => {
  const withSymbol = (bytes: Buffer): Buffer =>
    handMade({
      rows: 0,
      recordByteSize: 1,
      fields: [{ name: 'bad', bitOffset: 0, bitWidth: 0, bias: 0, symbols: [symbol.text('ok'), bytes], stored: [] }],
    });
  const cases: [string, Buffer, QvdErrorCode][] = [
    ['type 3', Buffer.of(3, 0, 0), 'QVD_SYMBOLS_DAMAGED'],
    ['type 0', Buffer.of(0, 0), 'QVD_SYMBOLS_DAMAGED'],
    ['a cut int32', Buffer.of(1, 0, 0, 0), 'QVD_SYMBOLS_DAMAGED'],
    ['a cut float64', Buffer.of(2, 0, 0, 0, 0, 0, 0, 0), 'QVD_SYMBOLS_DAMAGED'],
    ['a text without an end', Buffer.from('\u0004abc'), 'QVD_SYMBOLS_DAMAGED'],
    ['a dual without a text', Buffer.of(5, 0, 0, 0, 0), 'QVD_SYMBOLS_DAMAGED'],
    ['a text that is not UTF-8', Buffer.of(4, 0x61, 0xff, 0), 'QVD_TEXT_NOT_UTF8'],
    ['a surrogate as UTF-8', Buffer.of(4, 0xed, 0xa0, 0x80, 0), 'QVD_TEXT_NOT_UTF8'],
  ];
  for (const [what, bytes, code] of cases) {
    test(`${what}: ${code}`, async () => {
      const reader = await QvdReader.open(withSymbol(bytes));
      await assert.rejects(reader.symbols('bad'), (error: Error) => {
        assert.match(error.message, /field "bad": symbol 1: /);
        assert.equal(Object(error).code, code);
        return true;
      });
    });
  }
  test('text that is not UTF-8 can be asked for with U+FFFD', async () => {
    const reader = await QvdReader.open(withSymbol(Buffer.of(4, 0x61, 0xff, 0)), { invalidUtf8: 'replace' });
    assert.deepEqual(await reader.symbols('bad'), ['ok', 'a\uFFFD']);
  });
  test('a row that points past the symbols: QVD_ROW_DAMAGED with field and row', async () => {
    const fields = [{ name: 'a', bitOffset: 0, bitWidth: 8, bias: 0, symbols: [symbol.text('x')], stored: [0, 0, 1] }];
    await assert.rejects(rowsOf(handMade({ rows: 3, recordByteSize: 1, fields })), {
      code: 'QVD_ROW_DAMAGED',
      field: 'a',
      row: 2,
    });
  });
});

describe('files that are not QVD or not whole', () => {
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'qvd-damaged-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const notQvd: [string, Buffer, QvdErrorCode][] = [
    ['nothing', Buffer.alloc(0), 'QVD_NOT_A_QVD'],
    ['a PNG', Buffer.from('89504e470d0a1a0a00', 'hex'), 'QVD_NOT_A_QVD'],
    ['UTF-16', Buffer.from('\uFEFF<QvdTableHeader/>', 'utf16le'), 'QVD_NOT_A_QVD'],
    ['an XML file', Buffer.from('<a></a>'), 'QVD_TRUNCATED'],
    [
      'a header that is not UTF-8',
      Buffer.from('<QvdTableHeader>\xff</QvdTableHeader>\0', 'latin1'),
      'QVD_HEADER_INVALID',
    ],
    ['only 0x00', Buffer.of(0), 'QVD_NOT_A_QVD'],
    ['< and 0x00', Buffer.from('<\0'), 'QVD_HEADER_XML'],
    ['XML without elements', Buffer.from('<!---->\0'), 'QVD_HEADER_XML'],
  ];
  for (const [what, bytes, code] of notQvd) {
    test(`${what}: ${code}`, async () => {
      await assert.rejects(QvdReader.open(bytes), { code });
      const path = join(folder, 'file');
      await writeFile(path, bytes);
      await assert.rejects(QvdReader.open(path), { code });
    });
  }
  test('every file that is cut short is refused, wherever the cut is', async () => {
    const whole = handMade(plain);
    for (let length = 0; length < whole.length; length++) {
      await assert.rejects(rowsOf(whole.subarray(0, length)), { name: 'QvdError' }, `cut at ${length}`);
    }
  });
  test('a header without end is given up at the limit', async () => {
    const endless = Buffer.alloc(3_000_000, 0x20);
    endless.write('<a>');
    await assert.rejects(QvdReader.open(endless, { maxHeaderBytes: 1_000_000 }), { code: 'QVD_HEADER_TOO_LARGE' });
  });
  test('a file that is cut while it is read', async () => {
    const path = join(folder, 'cut.qvd');
    await writeFile(path, handMade(plain));
    const reader = await QvdReader.open(path);
    await truncate(path, handMade(plain).length - 1);
    await assert.rejects(reader.column('a'), { code: 'QVD_TRUNCATED' });
    await reader.close();
    await reader.close();
  });
  test('a folder and a missing file', async () => {
    await assert.rejects(QvdReader.open(folder));
    await assert.rejects(QvdReader.open(join(folder, 'missing')), { code: 'ENOENT' });
  });
});
