import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nameOf, rememberName } from './known-names.ts';

test('a name that one user alone has stands for itself, in whatever notation', () => {
  rememberName('user', 'UserDirectory=LAB; UserId=bert', 'bert');
  rememberName('user', 'LAB\\bert', 'bert');
  assert.equal(nameOf('user', 'LAB\\bert'), 'bert');
});

test('users of one name are told apart by their directory, apps by their id', () => {
  rememberName('user', 'UserDirectory=LAB; UserId=anna', 'anna');
  assert.equal(nameOf('user', 'UserDirectory=LAB; UserId=anna'), 'anna');
  rememberName('user', 'HR\\Anna', 'Anna');
  assert.equal(nameOf('user', 'UserDirectory=LAB; UserId=anna'), 'anna (LAB)');
  assert.equal(nameOf('user', 'HR\\Anna'), 'Anna (HR)');
  rememberName('appId', '7d5f6e2a-1111-4222-8333-444444444444', 'Sales');
  rememberName('appId', '8d5f6e2a-1111-4222-8333-444444444444', 'Sales');
  assert.equal(nameOf('appId', '7d5f6e2a-1111-4222-8333-444444444444'), 'Sales (7d5f6e2a)');
});
