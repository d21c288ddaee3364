import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Filter,
  filterFromQuery,
  filterToApi,
  filterToQuery,
  isEmpty,
  NO_FILTER,
  withoutValue,
  withValue,
} from './filter.ts';

const read = (text: string) => filterFromQuery(new URLSearchParams(text));

test('an address and its filter say the same, both ways', () => {
  const filter: Filter = {
    q: 'Nordics & <b>',
    range: { kind: 'between', from: '2026-03-12T00:00:00.000Z', to: null },
    lists: { user: ['UserDirectory=LAB; UserId=åsa', 'LAB\\bo'], appId: ['a'], hour: ['9'] },
  };
  assert.deepEqual(filterFromQuery(filterToQuery(filter)), filter);
  assert.deepEqual(read('range=7d'), { ...NO_FILTER, range: { kind: 'last', preset: '7d' } });
});

test('what an address says wrongly is left out', () => {
  assert.deepEqual(read('range=soon&from=never&user=&nonsense=1&__proto__=x'), NO_FILTER);
  assert.deepEqual(read('user=a&user=a&user=b').lists, { user: ['a', 'b'] });
  assert.ok(isEmpty(read('nonsense=1')));
});

test('the API is asked for times, not for presets', () => {
  const now = Date.UTC(2026, 2, 12, 10);
  assert.equal(
    filterToApi(read('range=24h&q=anna&eventType=x&eventType=y'), now).toString(),
    'from=2026-03-11T10%3A00%3A00.000Z&q=anna&eventType=x&eventType=y',
  );
  assert.equal(filterToApi(NO_FILTER, now).toString(), '');
});

test('values come and go once', () => {
  const one = withValue(NO_FILTER, 'user', 'anna');
  assert.equal(withValue(one, 'user', 'anna'), one);
  assert.deepEqual(withValue(one, 'user', 'bo').lists.user, ['anna', 'bo']);
  assert.deepEqual(withoutValue(one, 'user', 'anna'), NO_FILTER);
  assert.deepEqual(withoutValue(one, 'appId', 'anna'), one);
});
