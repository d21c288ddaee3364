import assert from 'node:assert/strict';
import { test } from 'node:test';
import { overflowStrip, scrolledStrip, seenRectangle } from './crop-plan.ts';

const size = { width: 100, height: 80 };
const whole = { top: 0, left: 0, width: 100, height: 80 };

test('crop: fractions are cut off', () => {
  const { value } = seenRectangle({ top: 2.7, left: 3.2, width: 30.9, height: 25.4 }, size);
  assert.deepEqual(value, { left: 3, top: 2, width: 30, height: 25 });
});

test('crop: clamped to the picture', () => {
  const { value } = seenRectangle({ top: 70, left: 90, width: 32767, height: 32767 }, size);
  assert.deepEqual(value, { left: 90, top: 70, width: 10, height: 10 });
  assert.deepEqual(seenRectangle({ top: -5, left: -0.5, width: 50, height: 80 }, size).value, {
    left: 0,
    top: 0,
    width: 50,
    height: 80,
  });
});

test('crop: the whole picture, or more than it, is no crop and no note', () => {
  assert.deepEqual(seenRectangle(whole, size), { value: undefined });
  assert.deepEqual(seenRectangle({ ...whole, width: 100.9, height: 9000 }, size), { value: undefined });
});

test('crop: outside the picture, or of no area, is no crop and a note', () => {
  const senseless = [
    { left: 100 },
    { top: 80.5 },
    { width: 0.9 },
    { height: 0 },
    { width: -5 },
    { height: Number.NaN },
    { left: Number.POSITIVE_INFINITY },
  ];
  for (const asked of senseless) {
    const { value, note } = seenRectangle({ ...whole, ...asked }, size);
    assert.equal(value, undefined, JSON.stringify(asked));
    assert.match(note ?? '', /^Not cropped: .* outside the picture of 100 × 80\.$/, JSON.stringify(asked));
  }
});

test('scroll: so many rows, from where the title ends', () => {
  const strip = (scrollTop?: number, scrollAreaOffsetY?: number) =>
    scrolledStrip(
      {
        ...whole,
        ...(scrollTop === undefined ? {} : { scrollTop }),
        ...(scrollAreaOffsetY === undefined ? {} : { scrollAreaOffsetY }),
      },
      size,
    );
  assert.deepEqual(strip(20, 10), { value: { top: 10, rows: 20 } });
  assert.deepEqual(strip(20.9, 10.9), { value: { top: 10, rows: 20 } });
  assert.deepEqual(strip(20), { value: { top: 0, rows: 20 } });
  for (const nothing of [strip(), strip(0, 10), strip(undefined, 10), strip(-3, 10), strip(0.5, 10)]) {
    assert.deepEqual(nothing, { value: undefined });
  }
  assert.deepEqual(strip(69, 10).value, { top: 10, rows: 69 });
  assert.equal(strip(70, 10).value, undefined);
  assert.match(strip(70, 10).note ?? '', /70 rows from row 10 on would leave nothing of 80/);
});

test('overflow: the rows right above the grid line, or a note why not', () => {
  const crop = { ...whole, renderingOverflow: 5.5 };
  assert.deepEqual(overflowStrip(crop, 60), { value: { top: 55, rows: 5 } });
  assert.match(overflowStrip(crop, undefined).note ?? '', /^The 5 rows too many are still there: no bottom grid line/);
  assert.match(overflowStrip(crop, 5).note ?? '', /the bottom grid line is at row 5/);
  assert.deepEqual(overflowStrip(whole, 60), { value: undefined });
});
