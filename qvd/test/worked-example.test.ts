import assert from 'node:assert/strict';
import { test } from 'node:test';
import { QvdReader } from '../src/index.ts';
import { bodyOf, elements } from './support/hand-made.ts';
import { dual, qvdOf, rowsOf } from './support/tables.ts';

const first = Date.UTC(2026, 2, 8, 16, 46, 26, 181);
const second = Date.UTC(2026, 2, 8, 16, 46, 27);

const BODY = [
  '04 76 69 65 77 00',
  '04 73 65 6c 65 63 74 00',
  '01 dc 05 00 00',
  '06 6d 2b 81 5d 36 81 e6 40 32 30 32 36 2d 30 33 2d 30 38 20 31 36 3a 34 36 3a 32 36 2e 31 38 31 00',
  '06 84 0c 95 5d 36 81 e6 40 32 30 32 36 2d 30 33 2d 30 38 20 31 36 3a 34 36 3a 32 37 2e 30 30 30 00',
  '04 61 75 64 69 74 00',
  '04 01 0c',
].join(' ');

const file = qvdOf(
  [
    { name: 'eventType', type: 'text' },
    { name: 'durationMs', type: 'integer' },
    { name: 'timestamp', type: 'timestamp' },
    { name: 'source', type: 'text' },
  ],
  [
    ['view', 1500, first, 'audit'],
    ['select', null, first, 'audit'],
    ['view', 1500, second, 'audit'],
  ],
);

test('the worked example of the format, byte by byte', () => {
  assert.equal(bodyOf(file).toString('hex'), BODY.replaceAll(' ', ''));
});

test('the worked example: what its header says of fields and rows', () => {
  assert.deepEqual(elements(file, 'FieldName'), ['eventType', 'durationMs', 'timestamp', 'source']);
  assert.deepEqual(elements(file, 'BitOffset'), ['0', '1', '3', '4']);
  assert.deepEqual(elements(file, 'BitWidth'), ['1', '2', '1', '0']);
  assert.deepEqual(elements(file, 'Bias'), ['0', '-2', '0', '0']);
  assert.deepEqual(elements(file, 'NoOfSymbols'), ['2', '1', '2', '1']);
  assert.deepEqual(elements(file, 'Offset'), ['0', '14', '19', '85', '92']);
  assert.deepEqual(elements(file, 'Length'), ['14', '5', '66', '7', '3']);
  assert.deepEqual(elements(file, 'Type'), ['UNKNOWN', 'INTEGER', 'TIMESTAMP', 'UNKNOWN']);
  assert.deepEqual(elements(file, 'RecordByteSize'), ['1']);
  assert.deepEqual(elements(file, 'NoOfRecords'), ['3']);
});

test('the header is laid out as Qlik does: declaration, order of elements, CRLF, then 0x00', () => {
  const xml = file.toString('utf8', 0, file.indexOf(0));
  assert.ok(xml.startsWith('<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\r\n<QvdTableHeader>\r\n'));
  assert.ok(xml.endsWith('</QvdTableHeader>\r\n'));
  assert.doesNotMatch(xml, /[^\r]\n/);
  assert.deepEqual(
    [...xml.matchAll(/^ {2}<(\w+)>/gm)].map((match) => match[1]),
    'QvBuildNo CreatorDoc CreateUtcTime SourceCreateUtcTime SourceFileUtcTime SourceFileSize StaleUtcTime TableName Fields Compression RecordByteSize NoOfRecords Offset Length Lineage Comment EncryptionInfo TableTags ProfilingData'.split(
      ' ',
    ),
  );
  const field = xml.slice(xml.indexOf('<QvdFieldHeader>'), xml.indexOf('</QvdFieldHeader>'));
  assert.deepEqual(
    [...field.matchAll(/^ {6}<(\w+)>/gm)].map((match) => match[1]),
    'FieldName BitOffset BitWidth Bias NumberFormat NoOfSymbols Offset Length Comment Tags'.split(' '),
  );
  assert.deepEqual(elements(file, 'CreateUtcTime'), ['2026-03-08 00:00:00']);
  assert.deepEqual(elements(file, 'SourceFileSize'), ['-1']);
  assert.deepEqual(elements(file, 'Compression'), ['']);
});

test('the worked example is read back', async () => {
  const firstSerial = dual(46089.69891413194, '2026-03-08 16:46:26.181');
  const secondSerial = dual(46089.69892361111, '2026-03-08 16:46:27.000');
  assert.deepEqual(await rowsOf(file), [
    ['view', 1500, firstSerial, 'audit'],
    ['select', null, firstSerial, 'audit'],
    ['view', 1500, secondSerial, 'audit'],
  ]);
  const reader = await QvdReader.open(file);
  assert.equal(reader.header.tableName, 'table');
  assert.deepEqual(await reader.column('durationMs'), [1500, null, 1500]);
});
