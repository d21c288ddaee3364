import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clipped, createFormats } from './formats.ts';

const english = createFormats(['en-GB'], 'Europe/Stockholm');
const at = Date.parse('2026-03-12T13:32:10.123Z');

test('times are in the zone of the reader and in the manner of the locale, UTC the same for everybody', () => {
  assert.equal(english.clock(at), '14:32:10');
  assert.match(english.day(at), /^Thursday,? 12 March 2026$/);
  assert.match(createFormats(['en-US'], 'America/New_York').clock(at), /09:32:10\sAM/);
  assert.equal(createFormats(['sv-SE'], 'Europe/Stockholm').dayShort(at), '12 mars');
  for (const locale of ['en-GB', 'ar-EG', 'ja-JP']) {
    assert.equal(createFormats([locale], 'Asia/Tokyo').utc(at), '2026-03-12 13:32:10.123 UTC');
  }
});

test('a time of the hour that clocks showed twice says which one it is', () => {
  const twice = [Date.parse('2026-10-25T00:30:00Z'), Date.parse('2026-10-25T01:30:00Z')];
  for (const ms of twice) assert.equal(english.clockShort(ms), `02:30 ${english.zoneName(ms)}`);
  assert.equal(new Set(twice.map(english.clock)).size, 2);
  assert.equal(english.clockShort(Date.parse('2026-10-25T02:30:00Z')), '03:30');
  assert.equal(english.clockShort(Date.parse('2026-10-24T23:30:00Z')), '01:30');
});

test('an exact time has milliseconds and the offset', () => {
  assert.match(english.exact(at), /^12 Mar 2026, 14:32:10\.123 (GMT\+1|CET)$/);
});

test('a time that is none is a dash', () => {
  assert.equal(english.clock(Number.NaN), '–');
  assert.equal(english.utc(Number.NaN), '–');
});

test('durations read as people say them', () => {
  const cases: readonly (readonly [number, string])[] = [
    [0, '0 ms'],
    [340, '340 ms'],
    [1000, '1 s'],
    [12_340, '12.3 s'],
    [59_949, '59.9 s'],
    [59_999, '1 min'],
    [192_000, '3 min 12 s'],
    [3_599_600, '60 min'],
    [7_500_000, '2 h 5 min'],
    [86_400_000, '1 d'],
    [273_600_000, '3 d 4 h'],
  ];
  for (const [ms, text] of cases) assert.equal(english.duration(ms), text);
  assert.equal(createFormats(['de-DE'], 'UTC').duration(12_340), '12,3 s');
});

test('bytes have binary units', () => {
  assert.equal(english.bytes(0), '0 B');
  assert.equal(english.bytes(1536), '1.5 KiB');
  assert.equal(english.bytes(3 * 2 ** 40), '3 TiB');
});

test('weekdays begin with Monday', () => {
  assert.deepEqual([1, 7].map(english.weekday), ['Mon', 'Sun']);
});

test('a clipped text is short, and no character of it is cut in two', () => {
  assert.equal(clipped('short', 10), 'short');
  assert.equal(clipped('abcdef', 3), 'abc…');
  assert.equal(clipped('ab😀cd', 3), 'ab…');
  assert.equal(clipped('x'.repeat(10_000), 100).length, 101);
});
