import assert from 'node:assert/strict';
import { test } from 'node:test';
import { comparableEventId, isUuid } from './event-id.ts';

test('a UUID of any version and case', () => {
  assert.ok(isUuid('a0000000-0000-4000-8000-000000000001'));
  assert.ok(isUuid('A0000000-0000-0000-0000-00000000000F'));
  assert.equal(comparableEventId('A0000000-0000-4000-8000-00000000000F'), 'a0000000-0000-4000-8000-00000000000f');
});

test('anything else is none', () => {
  const others = [
    '',
    'a0000000000040008000000000000001',
    '{a0000000-0000-4000-8000-000000000001}',
    'urn:uuid:a0000000-0000-4000-8000-000000000001',
    'a0000000-0000-4000-8000-000000000001\n',
    'g0000000-0000-4000-8000-000000000001',
    36,
    null,
  ];
  for (const other of others) assert.equal(isUuid(other), false, String(other));
});
