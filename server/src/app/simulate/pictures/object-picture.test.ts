import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp from 'sharp';
import type { SelectedField } from '../qlik-data.ts';
import { drawObjectPicture, PICTURE_HEIGHT, PICTURE_WIDTH } from './object-picture.ts';
import { picturedObjectIds, pictureSubject } from './picture-subject.ts';

const REGION: readonly SelectedField[] = [{ qField: 'Region', qSelectedCount: 1, qSelected: 'Åland' }];

function subjectOf(id: string, selections: readonly SelectedField[] = []) {
  return pictureSubject(id, selections) ?? assert.fail(`no object ${id}`);
}

/** Share of the pixels of a rectangle that are not white. */
async function inkIn(picture: Buffer, [left, top, width, height]: readonly [number, number, number, number]) {
  const part = sharp(picture).extract({ left, top, width, height }).greyscale().raw();
  const { data } = await part.toBuffer({ resolveWithObject: true });
  return data.filter((level) => level < 250).length / data.length;
}

test('each type of object is a picture of its size with title, chart and selections, not larger than 50 KB', async () => {
  const ids = new Map(picturedObjectIds().map((id) => [subjectOf(id).object.type, id]));
  const types = ['barchart', 'filterpane', 'kpi', 'linechart', 'piechart', 'pivot-table', 'scatterplot', 'table'];
  assert.deepEqual([...ids.keys()].sort(), types);
  for (const [type, id] of ids) {
    const picture = await drawObjectPicture(subjectOf(id, REGION));
    const { format, width, height } = await sharp(picture).metadata();
    assert.deepEqual([format, width, height], ['png', PICTURE_WIDTH, PICTURE_HEIGHT], type);
    assert.ok(picture.length < 50_000, `${type}: ${picture.length} bytes`);
    assert.ok((await inkIn(picture, [16, 64, 620, 30])) > 0.01, `${type}: title`);
    assert.ok((await inkIn(picture, [16, 106, 620, 262])) > 0.01, `${type}: chart`);
    assert.ok((await inkIn(picture, [28, 376, 600, 26])) > 0.9, `${type}: selections`);
    assert.equal(await inkIn(picture, [16, 404, 620, 8]), 0, `${type}: nothing below`);
  }
});

test('the same object and selection give the same bytes, another selection and another object others', async () => {
  const [first = '', second = ''] = picturedObjectIds();
  const draw = (id: string, selections?: readonly SelectedField[]) => drawObjectPicture(subjectOf(id, selections));
  const picture = await draw(first, REGION);
  assert.ok(picture.equals(await draw(first, REGION)));
  assert.ok(!picture.equals(await draw(first)));
  assert.ok(!picture.equals(await draw(second, REGION)));
});

test('numbers that are missing, below zero, or all there are, and no rows at all, are drawn', async () => {
  const values = [['-', '-'], ['-50.00', '-1.50'], ['0.00', '0.00'], ['20000.00', '-'], []];
  for (const id of new Map(picturedObjectIds().map((one) => [subjectOf(one).object.type, one])).values()) {
    const { data, ...subject } = subjectOf(id, REGION);
    for (const some of values) {
      const dimensions = data.dimensions.map((dimension) => ({ ...dimension, values: some.map((_, i) => `row ${i}`) }));
      const measures = data.measures.map((measure) => ({ ...measure, values: some }));
      const picture = await drawObjectPicture({ ...subject, data: { ...data, dimensions, measures } });
      assert.equal((await sharp(picture).stats()).isOpaque, true);
    }
  }
});
