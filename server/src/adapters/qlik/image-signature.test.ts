import assert from 'node:assert/strict';
import { test } from 'node:test';
import { imageFormatOf, isWholeImage, looksLikeHtml } from './image-signature.ts';

const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
const gif = Buffer.from('R0lGODlhAQABAAAAACwAAAAAAQABAAACAkQBADs=', 'base64');
const webp = Buffer.from('UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==', 'base64');
const jpeg = Buffer.concat([
  Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 16]),
  Buffer.from('JFIF'),
  Buffer.from([0xff, 0xd9]),
]);

test('the format is what the first bytes say', () => {
  assert.deepEqual([png, jpeg, webp, gif].map(imageFormatOf), ['png', 'jpeg', 'webp', 'gif']);
  const others = ['', '<svg xmlns="http://www.w3.org/2000/svg"/>', 'BM....', 'RIFF....WAVE', 'GIF88a', '\u0089PNG'];
  for (const other of others) assert.equal(imageFormatOf(Buffer.from(other)), undefined, other);
});

test('a picture without its end is noticed', () => {
  for (const bytes of [png, jpeg, webp, gif]) {
    const format = imageFormatOf(bytes) ?? 'png';
    assert.equal(isWholeImage(bytes, format), true, format);
    assert.equal(isWholeImage(bytes.subarray(0, bytes.length - 9), format), false, format);
  }
});

test('pages are recognised by what they call themselves or by how they start', () => {
  const pages = ['<!DOCTYPE html><p>', '\ufeff \n<html lang="en">', '<!-- x --><HEAD>', '<?xml version="1.0"?><html>'];
  for (const page of pages) assert.equal(looksLikeHtml(Buffer.from(page), 'image/png'), true, page);
  assert.equal(looksLikeHtml(Buffer.from('Log in'), 'text/html; charset=utf-8'), true);
  assert.equal(looksLikeHtml(Buffer.from('<svg/>'), 'image/svg+xml'), false);
  assert.equal(looksLikeHtml(Buffer.from('{"a":1}'), undefined), false);
});
