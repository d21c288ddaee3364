import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  epochMsToSerial,
  MAX_EPOCH_MS,
  MIN_EPOCH_MS,
  putDateText,
  putTimestampText,
  serialToDateText,
  serialToEpochMs,
  serialToTimestampText,
  serialToTimeText,
} from './dates.ts';

const instant = fc.integer({ min: MIN_EPOCH_MS, max: MAX_EPOCH_MS });

function written(put: (bytes: Uint8Array, position: number, value: number) => number, value: number): string {
  const bytes = Buffer.alloc(40, '#');
  return bytes.toString('latin1', 1, put(bytes, 1, value));
}

test('every millisecond of the years 0 to 9999 comes back from its serial number', () => {
  fc.assert(
    fc.property(instant, (epochMs) => assert.equal(serialToEpochMs(epochMsToSerial(epochMs)), epochMs)),
    { numRuns: 20_000 },
  );
  assert.equal(epochMsToSerial(0), 25_569);
  assert.equal(epochMsToSerial(Date.UTC(2026, 2, 8, 16, 46, 26, 181)), 46089.69891413194);
});

test('texts are those of the calendar', () => {
  const check = (epochMs: number): void => {
    const iso = new Date(epochMs).toISOString();
    assert.equal(written(putTimestampText, epochMs), iso.slice(0, 23).replace('T', ' '));
    assert.equal(written(putDateText, Math.floor(epochMs / 86_400_000)), iso.slice(0, 10));
    assert.equal(serialToTimestampText(epochMsToSerial(epochMs)), iso.slice(0, 23).replace('T', ' '));
    assert.equal(serialToDateText(Math.floor(epochMs / 86_400_000) + 25_569), iso.slice(0, 10));
  };
  fc.assert(fc.property(instant, check), { numRuns: 20_000 });
  for (let year = 0; year <= 9999; year += 1) {
    for (const [month, day] of [
      [0, 1],
      [1, 28],
      [1, 29],
      [2, 1],
      [11, 31],
    ] as const) {
      const date = new Date(0);
      date.setUTCFullYear(year, month, day);
      check(date.getTime());
    }
  }
  check(MIN_EPOCH_MS);
  check(MAX_EPOCH_MS);
});

test('what has no text of four digits has none', () => {
  for (const serial of [Number.NaN, 1e9, -1e9, Number.POSITIVE_INFINITY, 1e300]) {
    assert.equal(serialToTimestampText(serial), undefined);
    assert.equal(serialToDateText(serial), undefined);
    assert.equal(serialToTimeText(serial), undefined);
  }
  assert.equal(serialToTimeText(0.75), '18:00:00');
  assert.equal(serialToTimeText(1), undefined);
});
