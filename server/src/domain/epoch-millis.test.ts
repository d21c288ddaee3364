import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { epochMillis, toIsoString, utcDay } from './epoch-millis.ts';

describe('utcDay', () => {
  it('is the date of the ISO text', () => {
    for (const at of [
      0,
      -1,
      951782400000,
      1766814400337,
      Date.UTC(9999, 11, 31, 23, 59),
      Date.UTC(-1, 12),
      Date.UTC(99, 1, 1),
    ]) {
      assert.equal(utcDay(epochMillis(at)), toIsoString(epochMillis(at)).slice(0, 10).replaceAll('-', ''));
    }
  });
});
