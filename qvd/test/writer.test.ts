import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, open, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import { type QvdErrorCode, type QvdFieldType, type QvdInput, QvdReader, QvdWriter } from '../src/index.ts';
import { bodyOf, elements, symbol } from './support/hand-made.ts';
import { qvdOf, rowsOf } from './support/tables.ts';

/** The symbols' bytes of a file with one field. */
function symbolsOf(type: QvdFieldType, values: readonly QvdInput[], options = {}, ofWriter = {}): string {
  const file = qvdOf(
    [{ name: 'f', type, ...options }],
    values.map((value) => [value]),
    ofWriter,
  );
  const length = Number(elements(file, 'Length')[0]);
  return bodyOf(file).toString('hex', 0, length);
}
const hex = (...symbols: Buffer[]): string => Buffer.concat(symbols).toString('hex');
const DAY = Date.UTC(2026, 2, 8);

describe('what the symbols of each type look like', () => {
  test('integer: int32, and float64 beyond it', () => {
    const { integer, double } = symbol;
    const edges = [0, -1, 2 ** 31 - 1, -(2 ** 31)];
    assert.equal(symbolsOf('integer', edges), hex(...edges.map(integer)));
    assert.equal(
      symbolsOf('integer', [2 ** 31, -(2 ** 31) - 1, 2n ** 53n - 1n]),
      hex(double(2 ** 31), double(-(2 ** 31) - 1), double(2 ** 53 - 1)),
    );
    assert.equal(symbolsOf('integer', [0, -0, 0n, 5, 5n]), hex(integer(0), integer(5)));
  });
  test('integer: digits as text beyond 2^53, where they may be', () => {
    const large = [7, 2n ** 53n + 1n, -(2n ** 63n), 1e22];
    assert.equal(
      symbolsOf('integer', large, {}, { largeInteger: 'text' }),
      hex(
        symbol.integer(7),
        ...['9007199254740993', '-9223372036854775808', '10000000000000000000000'].map(symbol.text),
      ),
    );
  });
  test('double: float64 always, distinct by its bits', () => {
    assert.equal(symbolsOf('double', [1, 1, 0, -0, 0]), hex(symbol.double(1), symbol.double(0), symbol.double(-0)));
  });
  test('boolean: -1 and 0', () => {
    assert.equal(symbolsOf('boolean', [true, false, true]), hex(symbol.integer(-1), symbol.integer(0)));
  });
  test('text: the empty one is a value', () => {
    assert.equal(symbolsOf('text', ['', 'å', '😀']), hex(symbol.text(''), symbol.text('å'), symbol.text('😀')));
  });
  test('dual: the number as int32 where it can be', () => {
    const values = [1, 1.5, -0, 2 ** 40].map((number) => ({ number, text: 'x' }));
    const { dualInteger, dualDouble } = symbol;
    assert.equal(
      symbolsOf('dual', values),
      hex(dualInteger(1, 'x'), dualDouble(1.5, 'x'), dualDouble(-0, 'x'), dualDouble(2 ** 40, 'x')),
    );
  });
  test('date: the whole serial day and its text, or the bare number; any instant of a day is that day', () => {
    assert.equal(
      symbolsOf('date', [DAY, DAY + 86_399_999, new Date(DAY)]),
      hex(symbol.dualInteger(46_089, '2026-03-08')),
    );
    assert.equal(symbolsOf('date', [DAY], { displayText: false }), hex(symbol.integer(46_089)));
    assert.equal(symbolsOf('date', [-1]), hex(symbol.dualInteger(25_568, '1969-12-31')));
  });
  test('timestamp: the serial day and its text, or the bare number', () => {
    assert.equal(
      symbolsOf('timestamp', [new Date(DAY)]),
      hex(symbol.dualInteger(46_089, '2026-03-08 00:00:00.000')).replace(
        /^05.{8}/,
        hex(symbol.double(46_089)).replace(/^02/, '06'),
      ),
    );
    assert.equal(symbolsOf('timestamp', [DAY], { displayText: false }), hex(symbol.double(46_089)));
  });
  test('any: each value as what it is', () => {
    const values = [1, 'x', 1.5, true, { number: 1, text: '1' }, '1', 1];
    const { integer, double, text, dualInteger } = symbol;
    assert.equal(
      symbolsOf('any', values),
      hex(integer(1), text('x'), double(1.5), integer(-1), dualInteger(1, '1'), text('1')),
    );
  });
});

describe('NULL, widths and Bias', () => {
  const shape = (values: readonly QvdInput[]) => {
    const file = qvdOf(
      [{ name: 'f', type: 'text' }],
      values.map((value) => [value]),
    );
    return ['NoOfSymbols', 'Bias', 'BitWidth', 'RecordByteSize', 'NoOfRecords'].map((name) =>
      Number(elements(file, name)[0]),
    );
  };
  const distinct = (count: number) => Array.from({ length: count }, (_, index) => `v${index}`);
  test('without NULL: Bias 0 and the fewest bits for the symbols', () => {
    assert.deepEqual(shape(['a', 'a']), [1, 0, 0, 1, 2]);
    assert.deepEqual(shape(distinct(2)), [2, 0, 1, 1, 2]);
    assert.deepEqual(shape(distinct(3)), [3, 0, 2, 1, 3]);
    assert.deepEqual(shape(distinct(256)), [256, 0, 8, 1, 256]);
    assert.deepEqual(shape(distinct(257)), [257, 0, 9, 2, 257]);
  });
  test('with NULL: Bias -2 and room for two more', () => {
    assert.deepEqual(shape([null, undefined]), [0, -2, 1, 1, 2]);
    assert.deepEqual(shape([null, 'a']), [1, -2, 2, 1, 2]);
    assert.deepEqual(shape([...distinct(254), null]), [254, -2, 8, 1, 255]);
    assert.deepEqual(shape([...distinct(255), null]), [255, -2, 9, 2, 256]);
  });
  test('an empty table: no bits, one byte a row, nothing in the body', () => {
    assert.deepEqual(shape([]), [0, 0, 0, 1, 0]);
    const file = qvdOf(
      [
        { name: 'a', type: 'text' },
        { name: 'b', type: 'date' },
      ],
      [],
    );
    assert.deepEqual(elements(file, 'Offset'), ['0', '0', '0']);
    assert.deepEqual(elements(file, 'Length'), ['0', '0', '0']);
    assert.equal(bodyOf(file).length, 0);
  });
  test('the spare bits of a row are 0, and no BitOffset lies outside it', () => {
    const fields = Array.from({ length: 9 }, (_, index) => ({ name: `f${index}`, type: 'integer' as const }));
    const rows = [0, 1].map((value) => [...Array.from({ length: 8 }, () => value), 7]);
    const file = qvdOf(fields, rows);
    assert.deepEqual(elements(file, 'BitOffset'), ['0', '1', '2', '3', '4', '5', '6', '7', '0']);
    assert.deepEqual([...bodyOf(file).subarray(-2)], [0x00, 0xff]);
  });
});

describe('what the format cannot hold is refused with field and row', () => {
  const cases: [QvdFieldType, QvdInput, QvdErrorCode][] = [
    ['text', 'a\0b', 'QVD_TEXT_HAS_NUL'],
    ['text', 5, 'QVD_VALUE_TYPE'],
    ['text', true, 'QVD_VALUE_TYPE'],
    ['dual', { number: 1, text: '\0' }, 'QVD_TEXT_HAS_NUL'],
    ['dual', { number: Number.NaN, text: '' }, 'QVD_VALUE_NOT_FINITE'],
    ['dual', 'x', 'QVD_VALUE_TYPE'],
    ['integer', 2 ** 53, 'QVD_INTEGER_TOO_LARGE'],
    ['integer', 2n ** 53n, 'QVD_INTEGER_TOO_LARGE'],
    ['integer', -(10n ** 400n), 'QVD_INTEGER_TOO_LARGE'],
    ['integer', 0.5, 'QVD_NOT_AN_INTEGER'],
    ['integer', Number.NaN, 'QVD_VALUE_NOT_FINITE'],
    ['integer', '5', 'QVD_VALUE_TYPE'],
    ['double', Number.NEGATIVE_INFINITY, 'QVD_VALUE_NOT_FINITE'],
    ['double', 5n, 'QVD_VALUE_TYPE'],
    ['boolean', 1, 'QVD_VALUE_TYPE'],
    ['any', Number.POSITIVE_INFINITY, 'QVD_VALUE_NOT_FINITE'],
    ['any', 5n, 'QVD_VALUE_TYPE'],
    ['any', new Date(0), 'QVD_VALUE_TYPE'],
    ['timestamp', new Date(Number.NaN), 'QVD_VALUE_NOT_FINITE'],
    ['timestamp', 0.5, 'QVD_NOT_AN_INTEGER'],
    ['timestamp', 253_402_300_800_000, 'QVD_DATE_OUT_OF_RANGE'],
    ['timestamp', '2026-03-08', 'QVD_VALUE_TYPE'],
    ['date', -62_167_219_200_001, 'QVD_DATE_OUT_OF_RANGE'],
  ];
  for (const [type, value, code] of cases) {
    test(`${type}: ${typeof value === 'object' ? JSON.stringify(value) : JSON.stringify(String(value))} is ${code}`, () => {
      const writer = new QvdWriter({ tableName: 't', fields: [{ name: 'f', type }] });
      writer.addRow([null]);
      assert.throws(() => writer.addRow([value]), { name: 'QvdError', code, field: 'f', row: 1 });
    });
  }
  test('a row of another length', () => {
    const writer = new QvdWriter({ tableName: 't', fields: [{ name: 'f', type: 'text' }] });
    assert.throws(() => writer.addRow([]), { code: 'QVD_ROW_LENGTH', row: 0 });
    assert.throws(() => writer.addRow(['a', 'b']), { code: 'QVD_ROW_LENGTH', row: 0 });
  });
  test('half a surrogate pair, when that is asked for', () => {
    const options = { loneSurrogate: 'error' as const };
    assert.throws(() => qvdOf([{ name: 'f', type: 'text' }], [['\ud800']], options), {
      code: 'QVD_TEXT_LONE_SURROGATE',
    });
  });
  for (const [what, options] of Object.entries({
    'an empty name': { fields: [{ name: '', type: 'text' as const }] },
    'a name used twice': {
      fields: [
        { name: 'a', type: 'text' as const },
        { name: 'a', type: 'date' as const },
      ],
    },
    'a control character in a name': { fields: [{ name: 'a\u0001', type: 'text' as const }] },
    'half a surrogate pair in a comment': { fields: [], comment: '\udc00' },
    'U+FFFE in lineage': { fields: [], lineage: [{ discriminator: '\ufffe', statement: '' }] },
  })) {
    test(`${what} in the schema`, () => {
      assert.throws(() => new QvdWriter({ tableName: 't', ...options }), { code: 'QVD_SCHEMA_INVALID' });
    });
  }
});

test('policies: NULL for what is not finite, U+FFFD for U+0000 and half surrogate pairs', async () => {
  const types: QvdFieldType[] = ['text', 'integer', 'double', 'timestamp', 'dual'];
  const fields = types.map((type) => ({ name: type, type }));
  const rows = [
    ['a\0\ud800b', Number.NaN, Number.POSITIVE_INFINITY, new Date(Number.NaN), { number: Number.NaN, text: 'x' }],
    ['a\uFFFD\uFFFDb', 1, 1, null, null],
    ['a\udfff\0b', 1, 1, null, null],
  ];
  const file = qvdOf(fields, rows, { nonFinite: 'null', nulCharacter: 'replace' });
  assert.deepEqual(await rowsOf(file), [
    ['a\uFFFD\uFFFDb', null, null, null, null],
    ['a\uFFFD\uFFFDb', 1, 1, null, null],
    ['a\uFFFD\uFFFDb', 1, 1, null, null],
  ]);
  assert.equal(elements(file, 'NoOfSymbols')[0], '1');
});

test('a refused row leaves nothing behind: the file is the same as without it', () => {
  const fields = (['text', 'text', 'any', 'integer', 'boolean'] as const).map((type, index) => ({
    name: `f${index}`,
    type,
  }));
  const good = (row: number): QvdInput[] => [`id${row}`, 'same', row % 9, row, row % 2 === 0];
  const plain = new QvdWriter({ tableName: 't', fields, now: () => 0 });
  const tried = new QvdWriter({ tableName: 't', fields, now: () => 0 });
  for (let row = 0; row < 10_000; row++) {
    plain.addRow(good(row));
    if (row % 3 === 0) assert.throws(() => tried.addRow([`new${row}`, null, `new${row}`, row + 1_000_000, 'bad']));
    if (row % 7 === 0) assert.throws(() => tried.addRow([`id${row}`, 'ÅÄÖ', -row - 1, 0.5, true]));
    tried.addRow(good(row));
  }
  assert.equal(tried.rowCount, 10_000);
  assert.ok(tried.toBuffer().equals(plain.toBuffer()));
});

test('rows added many at a time give the same file, also around a refused one, which is named', () => {
  const fields = (['text', 'any', 'integer', 'timestamp'] as const).map((type, index) => ({ name: `f${index}`, type }));
  const good = (row: number): QvdInput[] => [`id${row % 3000}`, row % 7 === 0 ? null : `${row % 11}`, row, row * 1000];
  const rows = Array.from({ length: 20_000 }, (_, row) => good(row));
  const plain = new QvdWriter({ tableName: 't', fields, now: () => 0 });
  for (const row of rows) plain.addRow(row);
  const tried = new QvdWriter({ tableName: 't', fields, now: () => 0 });
  for (const [refused, bad] of [
    [0, ['new', null, 0.5, 0]],
    [777, ['new', 'new', 1, 'x'.repeat(3000)]],
    [12_345, ['new']],
  ] as const) {
    const from = tried.rowCount;
    const many = [...rows.slice(from, refused), bad, ...rows.slice(refused, refused + 2000)];
    assert.throws(() => tried.addRows(many), { name: 'QvdError', row: refused });
    assert.equal(tried.rowCount, refused);
  }
  tried.addRows(rows.slice(12_345, 12_400));
  tried.addRows(new Set(rows.slice(12_400)));
  assert.ok(tried.toBuffer().equals(plain.toBuffer()));
});

describe('the header', () => {
  const options = {
    comment: 'a & b <c> \r\n "d"',
    creator: 'test > suite',
    lineage: [{ discriminator: 'log & co', statement: 'LOAD * FROM <x>;' }],
    tableTags: ['audit', 'a<b'],
    buildNumber: 1,
  };
  const fields = [
    {
      name: 'a<&>é',
      type: 'text' as const,
      comment: 'one',
      tags: ['$hidden', '$text'],
      numberFormat: { type: 'ASCII' },
    },
    { name: 'at', type: 'timestamp' as const },
    { name: 'day', type: 'date' as const, numberFormat: { format: 'DD/MM/YYYY' } },
  ];
  test('everything that describes the table comes back', async () => {
    const { header } = await QvdReader.open(qvdOf(fields, [['x', 0, 0]], options));
    assert.equal(header.comment, options.comment);
    assert.equal(header.creator, options.creator);
    assert.deepEqual(header.lineage, options.lineage);
    assert.deepEqual(header.tableTags, options.tableTags);
    assert.equal(header.buildNumber, '1');
    assert.equal(header.fields[0]?.name, 'a<&>é');
    assert.equal(header.fields[0]?.comment, 'one');
    assert.deepEqual(header.fields[0]?.tags, ['$ascii', '$text', '$hidden']);
    assert.equal(header.fields[0]?.numberFormat.type, 'ASCII');
    assert.deepEqual(header.fields[1]?.tags, ['$numeric', '$timestamp']);
    assert.equal(header.fields[1]?.numberFormat.format, 'YYYY-MM-DD hh:mm:ss[.fff]');
    assert.equal(header.fields[2]?.numberFormat.type, 'DATE');
    assert.equal(header.fields[2]?.numberFormat.format, 'DD/MM/YYYY');
  });
  test('tags say only what is true of the values', async () => {
    const tagsOf = async (type: QvdFieldType, ...values: QvdInput[]) => {
      const file = qvdOf(
        [{ name: 'f', type }],
        values.map((value) => [value]),
        { largeInteger: 'text' },
      );
      return (await QvdReader.open(file)).header.fields[0]?.tags;
    };
    assert.deepEqual(await tagsOf('text', 'a', null), ['$ascii', '$text']);
    assert.deepEqual(await tagsOf('text', 'a', 'é'), ['$text']);
    assert.deepEqual(await tagsOf('any', 1, 2 ** 40, { number: 2, text: 'é' }), ['$numeric', '$integer']);
    assert.deepEqual(await tagsOf('any', 1, 1.5), ['$numeric']);
    assert.deepEqual(await tagsOf('any', 1, 'x'), []);
    assert.deepEqual(await tagsOf('any', 'x'), ['$ascii', '$text']);
    assert.deepEqual(await tagsOf('dual'), []);
    assert.deepEqual(await tagsOf('integer', 1, 2n ** 60n), []);
    assert.deepEqual(await tagsOf('boolean', true), ['$numeric', '$integer']);
  });
});

describe('where the bytes go', () => {
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'qvd-writer-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const fields = [
    { name: 'id', type: 'text' as const },
    { name: 'n', type: 'integer' as const },
    { name: 'at', type: 'timestamp' as const },
  ];
  const filled = (rows: number, options: Partial<ConstructorParameters<typeof QvdWriter>[0]> = {}): QvdWriter => {
    const writer = new QvdWriter({ tableName: 't', fields, now: () => 0, ...options });
    for (let row = 0; row < rows; row++) writer.addRow([`row ${row}`, row % 10 === 0 ? null : row % 300, row * 1000]);
    return writer;
  };

  test('the same rows, options and clock give the same bytes, today and in every later version', () => {
    const sha256 = createHash('sha256').update(filled(20_000).toBuffer()).digest('hex');
    assert.equal(sha256, 'f0f101dbc28162319e310896ef46f24472560c43b1aae15fdd67b0f6f602d8de');
    assert.ok(filled(20_000).toBuffer().equals(filled(20_000).toBuffer()));
    assert.ok(
      !filled(1, { now: () => 1000 })
        .toBuffer()
        .equals(filled(1).toBuffer()),
    );
  });
  test('a file handle, a stream, and a sink that takes a little at a time get the same bytes', async () => {
    const expected = filled(20_000).toBuffer();
    const path = join(folder, 'a.qvd');
    const file = await open(path, 'w');
    assert.deepEqual(await filled(20_000).writeTo(file), { rows: 20_000, bytes: expected.length });
    await file.close();
    assert.ok((await readFile(path)).equals(expected));

    const pieces: Buffer[] = [];
    const stream = new PassThrough({ highWaterMark: 100 });
    stream.on('data', (piece: Buffer) => pieces.push(piece));
    assert.equal((await filled(20_000).writeTo(stream)).bytes, expected.length);
    assert.ok(!stream.writableEnded, 'the stream stays open');
    assert.ok(Buffer.concat(pieces).equals(expected));

    const slow: Buffer[] = [];
    const write = async (bytes: Uint8Array) => {
      slow.push(Buffer.from(bytes.subarray(0, 1000)));
      return { bytesWritten: Math.min(1000, bytes.length) };
    };
    await filled(20_000).writeTo({ write });
    assert.ok(Buffer.concat(slow).equals(expected));
  });
  test('what a sink throws comes through, and a sink that takes nothing is no endless loop', async () => {
    const full = Object.assign(new Error('disk full'), { code: 'ENOSPC' });
    const failing = { write: async () => Promise.reject(full) };
    await assert.rejects(filled(10).writeTo(failing), full);
    const stream = new Writable({ write: (_chunk, _encoding, done) => done(full) });
    await assert.rejects(filled(10).writeTo(stream), full);
    await assert.rejects(filled(10).writeTo({ write: async () => ({ bytesWritten: 0 }) }), /took 0 of/);
  });
  test('rows beyond the memory limit go to a temporary file, which is gone afterwards', async () => {
    const rows = 100_000;
    const spooled = filled(rows, { spoolMemoryBytes: 100_000, spoolDirectory: folder });
    assert.equal((await readdir(folder)).filter((name) => name.startsWith('qvd-spool-')).length, 1);
    assert.ok(spooled.toBuffer().equals(filled(rows).toBuffer()));
    assert.equal((await readdir(folder)).filter((name) => name.startsWith('qvd-spool-')).length, 0);

    const abandoned = filled(rows, { spoolMemoryBytes: 0, spoolDirectory: folder });
    abandoned.close();
    abandoned.close();
    assert.equal((await readdir(folder)).filter((name) => name.startsWith('qvd-spool-')).length, 0);
  });
  test('it says what it takes in memory: distinct values, and the rows that are not in a file', () => {
    const fields = [
      { name: 'id', type: 'text' },
      { name: 'kind', type: 'text' },
    ] as const;
    const filled = (spoolMemoryBytes: number) => {
      const writer = new QvdWriter({ tableName: 't', fields, spoolMemoryBytes });
      for (let row = 0; row < 100_000; row++) writer.addRow([`event number ${row}`, 'always the same']);
      return writer;
    };
    const [inMemory, onDisk] = [filled(Number.POSITIVE_INFINITY), filled(0)];
    const symbols = 100_000 * ('event number 12345'.length + 2);
    assert.ok(inMemory.memoryBytes > symbols + 100_000 * (2 + 1), `${inMemory.memoryBytes}`);
    assert.ok(inMemory.memoryBytes < 3 * symbols + 100_000 * 60, `${inMemory.memoryBytes}`);
    assert.ok(onDisk.memoryBytes < inMemory.memoryBytes - 100_000, `${onDisk.memoryBytes}`);
    inMemory.close();
    onDisk.close();
  });

  test('a folder for the temporary file that is not there is an error', () => {
    const spoolDirectory = join(folder, 'missing');
    assert.throws(() => filled(30_000, { spoolMemoryBytes: 0, spoolDirectory }), { code: 'QVD_SPOOL_FAILED' });
  });
  test('one writer writes one file', async () => {
    const writer = filled(1);
    writer.toBuffer();
    assert.throws(() => writer.addRow(['a', 1, 1]), { code: 'QVD_WRITER_CLOSED' });
    assert.throws(() => writer.toBuffer(), { code: 'QVD_WRITER_CLOSED' });
    await assert.rejects(writer.writeTo(new PassThrough()), { code: 'QVD_WRITER_CLOSED' });
  });
});
