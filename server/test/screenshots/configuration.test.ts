import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arePicturesFetched } from '../../src/app/config/are-pictures-fetched.ts';
import { loadConfig } from '../../src/app/config/load-config.ts';

function load(screenshots: string) {
  const text = `auditEvents:\n  apiToken: a\n  screenshots: ${screenshots}\n`;
  const { config, warnings } = loadConfig({ text, root: process.cwd(), env: {}, destinations: [] });
  return [arePicturesFetched(config.screenshots), warnings.map(({ message }) => message.split(':')[0])];
}

test('rule 2: pictures are fetched when they are switched on and there is a folder; else a warning says what is missing', () => {
  const missing = 'pictures are not downloaded';
  assert.deepEqual(load('{}'), [false, []]);
  assert.deepEqual(load('{enable: true, storageTargets: [{type: flat, directory: a}]}'), [true, []]);
  assert.deepEqual(load('{enable: false, storageTargets: [{type: flat, directory: a}]}'), [false, []]);
  assert.deepEqual(load('{enable: true}'), [false, [missing]]);
  assert.deepEqual(load('{enable: true, storageTargets: [{enable: false, type: dated, directory: a}]}'), [
    false,
    [missing],
  ]);
});
