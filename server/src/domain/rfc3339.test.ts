import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseRfc3339 } from './rfc3339.ts';

const utc = (text: string) => Date.parse(text);

test('times as browsers and other clients write them', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['2025-12-27T05:46:06.919Z', '2025-12-27T05:46:06.919Z'],
    ['2025-12-27T05:46:06Z', '2025-12-27T05:46:06.000Z'],
    ['2025-12-27t05:46:06.9z', '2025-12-27T05:46:06.900Z'],
    ['2025-12-27 05:46:06.91Z', '2025-12-27T05:46:06.910Z'],
    ['2025-12-27T05:46:06.919999999999999999Z', '2025-12-27T05:46:06.919Z'],
    ['2025-12-27T05:46:06+05:30', '2025-12-27T00:16:06.000Z'],
    ['2025-12-27T05:46:06-00:00', '2025-12-27T05:46:06.000Z'],
    ['2025-12-31T23:30:00-01:00', '2026-01-01T00:30:00.000Z'],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00.000Z'],
    ['0000-01-01T00:00:00Z', '0000-01-01T00:00:00.000Z'],
    ['0099-12-31T23:59:59Z', '0099-12-31T23:59:59.000Z'],
    ['9999-12-31T23:59:59.999Z', '9999-12-31T23:59:59.999Z'],
  ];
  for (const [text, same] of cases) assert.equal(parseRfc3339(text), utc(same), text);
});

test('a leap second counts as the start of the next minute', () => {
  assert.equal(parseRfc3339('2016-12-31T23:59:60Z'), utc('2017-01-01T00:00:00Z'));
  assert.equal(parseRfc3339('2016-12-31T23:59:60.999Z'), utc('2017-01-01T00:00:00Z'));
  assert.equal(parseRfc3339('2017-01-01T05:29:60+05:30'), utc('2017-01-01T00:00:00Z'));
  assert.equal(parseRfc3339('1960-06-30T23:59:60Z'), utc('1960-07-01T00:00:00Z'));
  assert.equal(parseRfc3339('2016-12-31T12:00:60Z'), undefined);
});

test('what is no RFC 3339 date-time is refused', () => {
  const wrong = [
    '',
    'now',
    '2025-12-27',
    '2025-12-27T05:46:06',
    '2025-12-27T05:46Z',
    '2025-12-27T05:46:06.Z',
    '2025-12-27T05:46:06,5Z',
    '2025-12-27T24:00:00Z',
    '2025-12-27T05:60:00Z',
    '2025-12-27T05:46:61Z',
    '2025-13-01T00:00:00Z',
    '2025-00-01T00:00:00Z',
    '2025-02-29T00:00:00Z',
    '1900-02-29T00:00:00Z',
    '2025-04-31T00:00:00Z',
    '2025-12-00T00:00:00Z',
    '2025-12-27T05:46:06+0530',
    '2025-12-27T05:46:06+05:3',
    '2025-12-27T05:46:06+24:00',
    '2025-12-27T05:46:06Z ',
    ' 2025-12-27T05:46:06Z',
    '2025-12-27T05:46:06ZZ',
    '+002025-12-27T05:46:06Z',
    '２０２５-12-27T05:46:06Z',
  ];
  for (const text of wrong) assert.equal(parseRfc3339(text), undefined, text);
});

test('every instant of the years 0 … 9999 comes back as it was written', () => {
  const instants = fc.date({ min: new Date('0000-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59.999Z') });
  fc.assert(
    fc.property(instants, (instant) => {
      fc.pre(!Number.isNaN(instant.getTime()));
      assert.equal(parseRfc3339(instant.toISOString()), instant.getTime());
    }),
  );
});

test('arbitrary text never throws', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void parseRfc3339(text)));
});
