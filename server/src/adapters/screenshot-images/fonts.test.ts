import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { test } from 'node:test';
import { Fonts, fontFiles } from './fonts.ts';

const folder = new URL('../../../fonts/', import.meta.url);

test('the fonts that are named are shipped, no others, with their licence', () => {
  const shipped = readdirSync(folder).filter((name) => /\.(ttf|otf)$/.test(name));
  assert.deepEqual(shipped.toSorted(), fontFiles().toSorted());
  assert.match(readFileSync(new URL('OFL.txt', folder), 'utf8'), /SIL OPEN FONT LICENSE Version 1\.1/);
  const { files } = JSON.parse(readFileSync(new URL('../package.json', folder), 'utf8'));
  assert.ok(files.includes('fonts'));
});

test('they take less than 25 MB', () => {
  const bytes = fontFiles().map((file) => statSync(new URL(file, folder)).size);
  assert.ok(bytes.reduce((sum, size) => sum + size, 0) < 25_000_000);
});

test('a cluster gets one font that has all of it, or none', async () => {
  const fonts = new Fonts();
  await fonts.prepare('a1\u20e3\ufe0f商\u{10fffe}');
  assert.ok(fonts.fontOf('a'));
  assert.ok(fonts.fontOf('商'));
  assert.notEqual(fonts.fontOf('商'), fonts.fontOf('a'));
  assert.notEqual(fonts.fontOf('1\ufe0f\u20e3'), fonts.fontOf('1'));
  assert.equal(fonts.fontOf('\u{10fffe}'), undefined);
  assert.equal(fonts.fontOf('a商'), undefined);
});
