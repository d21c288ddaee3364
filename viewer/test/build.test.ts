import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { buildPage } from './support/mock-site.ts';

let dist = '';
before(async () => {
  dist = await buildPage();
});
after(() => rmSync(dist, { recursive: true, force: true }));

const assets = () => readdirSync(join(dist, 'assets'));
const html = () => readFileSync(join(dist, 'index.html'), 'utf8');

test('the first load is small: scripts and styles within 60 KB gzipped, with the font within 120 KB', () => {
  const gzipped = (name: string) => gzipSync(readFileSync(join(dist, 'assets', name))).length;
  const code = assets().filter((name) => /\.(js|css)$/.test(name));
  const codeBytes = code.reduce((sum, name) => sum + gzipped(name), gzipSync(html()).length);
  const font = assets().find((name) => name.startsWith('inter-latin-wght-normal')) ?? assert.fail('no font');
  assert.ok(codeBytes < 60_000, `${codeBytes}`);
  assert.ok(codeBytes + readFileSync(join(dist, 'assets', font)).length < 120_000);
});

test('every file that the page loads carries a hash of its contents in its name', () => {
  assert.deepEqual(readdirSync(dist).sort(), ['assets', 'index.html', 'licenses.txt']);
  assert.deepEqual(
    assets().filter((name) => !/-[\w-]{8}\.(js|css|svg|woff2)$/.test(name)),
    [],
  );
});

test('a strict policy has nothing to forbid: no inline script or style, no data: URL, no other host', () => {
  assert.doesNotMatch(html(), /<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon\w+=/i);
  const css = assets()
    .filter((name) => name.endsWith('.css'))
    .map((name) => readFileSync(join(dist, 'assets', name), 'utf8'));
  for (const text of [html(), ...css]) assert.doesNotMatch(text, /data:|https?:\/\/|@import/);
});
