import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bottomGridLine } from './grid-line.ts';

const PAPER = 255;

/** A table on paper: text in the cells, rows of the given brightness across. */
function table(lines: Readonly<Record<number, number>>, { width = 240, height = 120, channels = 3 as 3 | 4 } = {}) {
  const data = Buffer.alloc(width * height * channels, PAPER);
  for (let y = 0; y < height; y++) {
    const line = lines[y];
    for (let x = 0; x < width; x++) {
      const isText = y % 20 > 6 && y % 20 < 14 && x % 9 < 3 && y < height - 30;
      const value = line ?? (isText ? 40 : PAPER);
      data.fill(value, (y * width + x) * channels, (y * width + x) * channels + 3);
      if (x === 0 || x === width - 1) data.fill(120, (y * width + x) * channels, (y * width + x) * channels + 3);
    }
  }
  return { data, width, height, channels };
}

test('the lowest line across the picture counts', async () => {
  assert.equal(await bottomGridLine(table({ 60: 217, 80: 217, 100: 217 })), 100);
  assert.equal(await bottomGridLine(table({ 100: 217 }, { channels: 4 })), 100);
});

test('of a thick line the first row, up to four', async () => {
  assert.equal(await bottomGridLine(table({ 98: 200, 99: 200, 100: 200 })), 98);
  assert.equal(await bottomGridLine(table({ 80: 200, 98: 200, 99: 200, 100: 200, 101: 200, 102: 200 })), 80);
});

test('a line under text counts as one under paper does', async () => {
  const picture = table({ 72: 204 });
  assert.equal(await bottomGridLine(picture), 72);
});

test('borders, text, paper, the frame at the bottom and the upper half are no grid line', async () => {
  assert.equal(await bottomGridLine(table({})), undefined);
  assert.equal(await bottomGridLine(table({ 100: 90 })), undefined);
  assert.equal(await bottomGridLine(table({ 100: 250 })), undefined);
  assert.equal(await bottomGridLine(table({ 117: 217, 119: 217 })), undefined);
  assert.equal(await bottomGridLine(table({ 40: 217 })), undefined);
});

/** Eight rows of 30 pixels between lines; `below` rows under the last line. */
function rows(below: number, more: Readonly<Record<number, number>> = {}, isWritten = true) {
  const [width, height] = [300, 31 + 8 * 30 + below];
  const data = Buffer.alloc(width * height * 3, PAPER);
  for (let y = 0; y < height; y++) {
    const line = more[y] ?? (y >= 30 && (y - 30) % 30 === 0 && y <= 270 ? 217 : undefined);
    if (line !== undefined) data.fill(line, y * width * 3, (y + 1) * width * 3);
    const isText = y % 30 > 10 && y % 30 < 20 && y < (isWritten ? 270 : 240);
    for (let x = 0; isText && x < width; x += 7) data.fill(40, (y * width + x) * 3, (y * width + x + 3) * 3);
  }
  return { data, width, height, channels: 3 as const };
}

test('a line at the very bottom counts where it ends a row of the table', async () => {
  for (const below of [0, 1, 2, 3, 4, 20]) assert.equal(await bottomGridLine(rows(below)), 270, `${below} below`);
});

test('a line at the very bottom is the frame where a margin is above it', async () => {
  assert.equal(await bottomGridLine(rows(20, { 289: 217 })), 270);
  assert.equal(await bottomGridLine(rows(31, { 300: 217 })), 270);
  assert.equal(await bottomGridLine(rows(1, {}, false)), 240);
});

test('a grey picture and pictures of a row or a column have none', async () => {
  const grey = (width: number, height: number) => ({
    data: Buffer.alloc(width * height * 3, 210),
    width,
    height,
    channels: 3 as const,
  });
  for (const picture of [grey(300, 300), grey(1, 300), grey(300, 1), grey(1, 1)]) {
    assert.equal(await bottomGridLine(picture), undefined);
  }
});

test('what shines through is paper', async () => {
  const picture = table({ 90: 217, 100: 0 }, { channels: 4 });
  for (let x = 0; x < 240; x++) picture.data[(100 * 240 + x) * 4 + 3] = 0;
  assert.equal(await bottomGridLine(picture), 90);
});
