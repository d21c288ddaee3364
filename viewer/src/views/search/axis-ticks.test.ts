process.env.TZ = 'Europe/Stockholm';

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFormats } from '../../text/formats.ts';
import { axisTicks } from './axis-ticks.ts';

const formats = createFormats(['en-GB'], 'Europe/Stockholm');
const labels = (from: string, to: string) =>
  axisTicks(Date.parse(from), Date.parse(to), formats).map(({ label }) => label);

test('hours are round in the day of the reader', () => {
  assert.deepEqual(labels('2026-03-12T06:30:00Z', '2026-03-12T10:30:00Z'), ['08:00', '09:00', '10:00', '11:00']);
});

test('hours stay round on the days on which summer time begins and ends', () => {
  assert.deepEqual(labels('2026-10-25T00:00:00Z', '2026-10-26T00:00:00Z'), ['06:00', '12:00', '18:00', '26 Oct']);
  assert.deepEqual(labels('2026-03-28T23:30:00Z', '2026-03-29T22:00:00Z'), ['06:00', '12:00', '18:00']);
  const night = ['01:00', '03:00', '04:00', '05:00', '06:00', '07:00'];
  assert.deepEqual(labels('2026-03-28T23:30:00Z', '2026-03-29T05:30:00Z'), night);
});

test('days, months and years are few enough to be read, whatever the span', () => {
  const spans: readonly (readonly [string, string])[] = [
    ['2026-03-12T06:30:00Z', '2026-03-12T06:30:20Z'],
    ['2026-03-12T06:30:00Z', '2026-03-12T06:40:00Z'],
    ['2026-03-10T06:30:00Z', '2026-03-12T06:40:00Z'],
    ['2026-02-01T00:00:00Z', '2026-03-12T00:00:00Z'],
    ['2025-06-01T00:00:00Z', '2026-03-12T00:00:00Z'],
    ['2016-06-01T00:00:00Z', '2026-03-12T00:00:00Z'],
    // the clock of one browser was wrong
    ['1970-01-01T00:00:00Z', '2248-12-31T00:00:00Z'],
  ];
  for (const [from, to] of spans) {
    const ticks = axisTicks(Date.parse(from), Date.parse(to), formats);
    assert.ok(ticks.length >= 3 && ticks.length <= 8, `${from} to ${to}: ${ticks.length}`);
    assert.ok(
      ticks.every(({ label }, at) => label !== ticks[at - 1]?.label),
      `${from} to ${to}`,
    );
    assert.ok(ticks.every(({ position }) => position >= 0 && position <= 1));
    assert.ok((ticks.at(-1)?.position ?? 0) > 0.6, `${from} to ${to}: none at the end`);
  }
});

test('no span, no ticks', () => {
  assert.deepEqual(labels('2026-03-12T06:30:00Z', '2026-03-12T06:30:00Z'), []);
});
