import assert from 'node:assert/strict';
import { test } from 'node:test';
import { maskSecrets } from './mask-secrets.ts';

test('secrets are masked in whatever case they come back', () => {
  const text = 'a.test redirects to ab.c+d.evil.test, AB.C+D';
  assert.equal(maskSecrets(text, ['Ab.C+d']), 'a.test redirects to ********.evil.test, ********');
});

test('a secret of fewer than four characters does not mutilate a message', () => {
  const text = 'connect ECONNREFUSED 127.0.0.1:8086';
  assert.equal(maskSecrets(text, ['', 'c', '127', 'conn']), '********ect E********REFUSED 127.0.0.1:8086');
});
