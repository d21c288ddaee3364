import assert from 'node:assert/strict';
import { test } from 'node:test';
import { searchWords } from './search-words.ts';

test('words without case and accents, punctuation between them', () => {
  assert.deepEqual(searchWords('Försäljning – 2024/Q4'), ['forsaljning', '2024', 'q4']);
  assert.deepEqual(searchWords('anna.öberg@ACME.example'), ['anna', 'oberg', 'acme', 'example']);
  assert.deepEqual(searchWords('ŁUKASZ Straße SØREN İşıl'), ['lukasz', 'strasse', 'soren', 'isil']);
});

test('a character of a script without blanks is a word', () => {
  assert.deepEqual(searchWords('田中.太郎'), ['田', '中', '太', '郎']);
});

test('each once, at most so many, long ones cut between characters', () => {
  assert.deepEqual(searchWords('a b a c', 2), ['a', 'b']);
  assert.deepEqual(searchWords('x'.repeat(10_000)), ['x'.repeat(40)]);
  assert.ok(searchWords('𝒳'.repeat(50))[0]?.isWellFormed());
  assert.deepEqual(searchWords('🐼 -- '), []);
});
