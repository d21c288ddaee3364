import assert from 'node:assert/strict';
import { test } from 'node:test';
import { namesakesOf, personOf } from './namesakes.ts';

const user = (directory: string | null, name: string) => ({ id: `${directory}/${name}`, directory, name });

test('all notations of a user are one person; users of two directories are namesakes', () => {
  assert.equal(personOf(user('LAB', 'anna')), personOf(user('lab', 'Anna')));
  assert.notEqual(personOf(user('LAB', 'anna')), personOf(user('HR', 'anna')));
  assert.deepEqual([...namesakesOf([user('LAB', 'anna'), null, user('lab', 'Anna'), user('LAB', 'bert')])], []);
  assert.deepEqual([...namesakesOf([user('LAB', 'anna'), user('LAB', 'bert'), user('HR', 'Anna')])], ['anna']);
  assert.deepEqual([...namesakesOf([user(null, 'anna'), user('HR', 'anna')])], ['anna']);
});
