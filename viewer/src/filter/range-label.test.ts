process.env.TZ = 'Europe/Stockholm';

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rangeLabel } from './range-label.ts';

const FORMATS = { locales: ['en-GB'], zone: 'Europe/Stockholm' };
/** Local times. */
const label = (from: string | null, to: string | null) =>
  rangeLabel(
    {
      kind: 'between',
      from: from === null ? null : new Date(from).toISOString(),
      to: to === null ? null : new Date(to).toISOString(),
    },
    FORMATS,
  ).replaceAll(/[\s\u2009\u202f]*–[\s\u2009\u202f]*/g, ' – '); // releases of ICU differ in blanks

test('whole days are days, and their exclusive end is not named', () => {
  assert.equal(label('2026-03-12T00:00', '2026-03-13T00:00'), '12 Mar 2026');
  assert.equal(label('2026-03-01T00:00', '2026-03-06T00:00'), '1 – 5 Mar 2026');
  assert.equal(label('2026-03-01T00:00', null), 'Since 1 Mar 2026');
  assert.equal(label(null, '2026-03-06T00:00'), 'Until 5 Mar 2026');
});

test('parts of days name their hours', () => {
  assert.equal(label('2026-03-12T14:00', '2026-03-12T15:30'), '12 Mar 2026, 14:00 – 15:30');
});

test('presets and all time have words', () => {
  assert.equal(rangeLabel({ kind: 'all' }, FORMATS), 'All time');
  assert.equal(rangeLabel({ kind: 'last', preset: '24h' }, FORMATS), 'Last 24 hours');
});
