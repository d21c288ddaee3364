import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { generatedFiles } from '../../../scripts/generate-docs.ts';

for (const { path, text } of generatedFiles()) {
  test(`${path} is what "npm run docs" writes`, () => {
    const present = readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8').replaceAll('\r\n', '\n');
    assert.equal(present, text, 'run "npm run docs" and commit the result');
  });
}
