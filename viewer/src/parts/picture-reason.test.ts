import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pictureReason } from './picture-reason.ts';

test('why there is no picture is said in words, with the word of the record', () => {
  assert.equal(
    pictureReason('expired: not-found'),
    'Qlik Sense did not have the picture, until the time for trying was over (expired: not-found)',
  );
  assert.equal(pictureReason('http-503'), 'Qlik Sense answered with status 503 (http-503)');
  assert.match(pictureReason('user-denied'), /never logs in .*\(user-denied\)$/);
  assert.equal(pictureReason('expired: of a later version'), 'expired: of a later version');
  assert.equal(pictureReason('constructor'), 'constructor');
  assert.equal(pictureReason(null), 'the reason is not known');
});

test('every reason that the documents name has its words', () => {
  const text = readFileSync(join(import.meta.dirname, '..', '..', '..', 'docs', 'screenshots.md'), 'utf8');
  const [, list = ''] = /Reasons that end it at once: (.*?)Which events are without/s.exec(text) ?? [];
  const words = [...list.matchAll(/`([A-Za-z_]+(?:-[a-z]+)*)`/g)].map(([, word = '']) => word);
  assert.ok(words.length >= 15, words.join(' '));
  for (const word of words) assert.ok(pictureReason(word).endsWith(` (${word})`), word);
});
