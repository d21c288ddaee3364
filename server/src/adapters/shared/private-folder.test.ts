import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createPrivateFolder, icaclsArguments, isReadableByEverybody } from './private-folder.ts';

test('a new folder is its owner’s alone; one that was there is left as it is', () => {
  const base = mkdtempSync(join(tmpdir(), 'private-'));
  const folder = join(base, 'a', 'log');
  assert.equal(createPrivateFolder(folder), true);
  if (process.platform !== 'win32') assert.equal(statSync(folder).mode & 0o777, 0o700);
  assert.equal(isReadableByEverybody(folder), false);
  if (process.platform !== 'win32') {
    chmodSync(folder, 0o755);
    assert.equal(createPrivateFolder(folder), false);
    assert.equal(statSync(folder).mode & 0o777, 0o755);
    assert.equal(isReadableByEverybody(folder), true);
  }
  rmSync(base, { recursive: true });
});

test('on Windows: inheritance off, the account, Administrators and SYSTEM by their well-known ids', () => {
  assert.deepEqual(icaclsArguments('D:\\audit', 'folder', 'svc'), [
    'D:\\audit',
    '/inheritance:r',
    '/grant:r',
    'svc:(OI)(CI)F',
    '/grant:r',
    '*S-1-5-32-544:(OI)(CI)F',
    '/grant:r',
    '*S-1-5-18:(OI)(CI)F',
  ]);
});
