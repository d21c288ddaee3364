process.env.TZ = 'Europe/Stockholm';

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { understand } from './understand.ts';

/** Thursday 12 March 2026, 16:30 in Stockholm. */
const NOW = Date.parse('2026-03-12T15:30:00Z');

/** `from … to` in local time, `…` where it is open. */
function period(text: string, locales = ['en-GB']): string | null {
  const { range } = understand(text, NOW, locales);
  if (range?.kind !== 'between') return null;
  const local = (iso: string | null) => {
    if (iso === null) return '…';
    const at = new Date(iso);
    const two = (value: number) => String(value).padStart(2, '0');
    const time = at.getHours() + at.getMinutes() === 0 ? '' : ` ${two(at.getHours())}:${two(at.getMinutes())}`;
    return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}${time}`;
  };
  return `${local(range.from)} to ${local(range.to)}`;
}

test('dates are understood as people write them, in the zone of the reader', () => {
  const cases: Readonly<Record<string, string>> = {
    today: '2026-03-12 to 2026-03-13',
    Yesterday: '2026-03-11 to 2026-03-12',
    'this week': '2026-03-09 to 2026-03-16',
    'last week': '2026-03-02 to 2026-03-09',
    'last month': '2026-02-01 to 2026-03-01',
    'this year': '2026-01-01 to 2027-01-01',
    'last 3 days': '2026-03-09 16:30 to …',
    '20 days ago': '2026-02-20 to 2026-02-21',
    'past 2 hours': '2026-03-12 14:30 to …',
    '2026-03-05': '2026-03-05 to 2026-03-06',
    '2026-02': '2026-02-01 to 2026-03-01',
    '2026-03-05 14:05': '2026-03-05 14:05 to 2026-03-05 14:06',
    '5.3.2026': '2026-03-05 to 2026-03-06',
    '5 Jan 2026': '2026-01-05 to 2026-01-06',
    'jan 5, 2026': '2026-01-05 to 2026-01-06',
    'March 5th': '2026-03-05 to 2026-03-06',
    '24 dec': '2025-12-24 to 2025-12-25',
    'January 2026': '2026-01-01 to 2026-02-01',
    monday: '2026-03-09 to 2026-03-10',
    thursday: '2026-03-12 to 2026-03-13',
    'last thursday': '2026-03-05 to 2026-03-06',
    '1 jan 2026 to 3 jan 2026': '2026-01-01 to 2026-01-04',
    '2026-03-01..2026-03-05': '2026-03-01 to 2026-03-06',
    'since monday': '2026-03-09 to …',
    'before 2026-03-05': '… to 2026-03-05',
    'until yesterday': '… to 2026-03-12',
  };
  for (const [text, expected] of Object.entries(cases)) assert.equal(period(text), expected, text);
});

test('the day on which clocks change has its 23 hours', () => {
  assert.deepEqual(understand('2026-03-29', NOW, []).range, {
    kind: 'between',
    from: '2026-03-28T23:00:00.000Z',
    to: '2026-03-29T22:00:00.000Z',
  });
});

test('names of months and days are those of the reader, and the English ones', () => {
  assert.equal(period('5 maj 2025', ['sv-SE']), '2025-05-05 to 2025-05-06');
  assert.equal(period('måndag', ['sv-SE']), '2026-03-09 to 2026-03-10');
  assert.equal(period('monday', ['sv-SE']), '2026-03-09 to 2026-03-10');
});

test('dates with slashes are read as the reader writes them', () => {
  assert.equal(period('12/3/2026', ['en-GB']), '2026-03-12 to 2026-03-13');
  assert.equal(period('3/12/2026', ['en-US']), '2026-03-12 to 2026-03-13');
  assert.equal(period('12/03/2026', ['fr-FR']), '2026-03-12 to 2026-03-13');
  // there is no 25th month
  assert.equal(period('25/12/2025', ['en-US']), '2025-12-25 to 2025-12-26');
  assert.equal(period('12/25/2025', ['en-GB']), '2025-12-25 to 2025-12-26');
  assert.equal(period('1/3/2026 to 3/3/2026', ['en-GB']), '2026-03-01 to 2026-03-04');
  for (const text of ['25/25/2025', '12/3.2026', '1/2/3', '12/3']) assert.equal(period(text), null, text);
});

test('today and yesterday have the names of the reader, too', () => {
  assert.equal(period('gestern', ['de-DE']), '2026-03-11 to 2026-03-12');
  assert.equal(period('idag', ['sv-SE']), '2026-03-12 to 2026-03-13');
  assert.equal(period('yesterday', ['de-DE']), '2026-03-11 to 2026-03-12');
});

test('what is no date stays a word', () => {
  for (const text of [
    'march',
    'may',
    '2026',
    '2026-13-01',
    '32.1.2026',
    'last orders',
    '5',
    'room 12',
    'x to y',
    '12 anna',
  ]) {
    assert.equal(period(text), null, text);
    assert.equal(understand(text, NOW, ['en']).words, text);
  }
});

test('a date among words is taken out of them', () => {
  const { words, range } = understand('  anna  last 3 days  budget ', NOW, ['en']);
  assert.equal(words, 'anna budget');
  assert.equal(range?.kind, 'between');
});

test('a UUID alone is an id, in any case of its letters', () => {
  assert.equal(
    understand(' 3F6C0A52-8d1e-4c77-9b0a-52f8672f6a1b ', NOW, []).id,
    '3f6c0a52-8d1e-4c77-9b0a-52f8672f6a1b',
  );
  assert.equal(understand('3f6c0a52-8d1e-4c77-9b0a', NOW, []).id, null);
});

test('key:value gives filters, and unknown keys stay words', () => {
  const { lists, words } = understand('user:"anna b" type:event.bookmark http://x constructor:y', NOW, ['en']);
  assert.deepEqual(lists, [
    ['user', 'anna b'],
    ['eventType', 'event.bookmark'],
  ]);
  assert.equal(words, 'http://x constructor:y');
});

test('a very long text is understood in no time', () => {
  const began = performance.now();
  understand('last '.repeat(100) + 'a'.repeat(400), NOW, ['en']);
  assert.ok(performance.now() - began < 500);
});
