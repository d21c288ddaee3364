import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { installMissing } from './install.ts';
import type { Recipe } from './recipes.ts';

/** A recipe that puts a program into a folder that this test has on its PATH. */
function fakeRecipe(t: TestContext, overrides: Partial<Recipe> = {}): { recipe: Recipe; installations: () => number } {
  const folder = mkdtempSync(join(tmpdir(), 'test-services-'));
  const before = process.env.PATH;
  process.env.PATH = `${folder}${process.platform === 'win32' ? ';' : ':'}${before}`;
  t.after(() => {
    process.env.PATH = before;
    rmSync(folder, { recursive: true });
  });
  const name = process.platform === 'win32' ? 'fake-service.cmd' : 'fake-service';
  let installations = 0;
  const recipe: Recipe = {
    tool: { name: 'fake-service', purpose: '', variable: 'TEST_FAKE', commands: ['fake-service'], cached: 'bin/fake' },
    source: 'this test',
    impossibleBecause: () => undefined,
    async install() {
      installations += 1;
      writeFileSync(join(folder, name), '');
      chmodSync(join(folder, name), 0o755);
    },
    ...overrides,
  };
  return { recipe, installations: () => installations };
}

function cacheFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'test-services-cache-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

const SILENT = { write: () => true };

test('installs what is missing, once', async (t) => {
  const { recipe, installations } = fakeRecipe(t);
  const cache = cacheFolder(t);
  assert.deepEqual([...(await installMissing([recipe], SILENT, cache))], []);
  await installMissing([recipe], SILENT, cache);
  assert.equal(installations(), 1);
});

test('gives the reason for what it could not install, and goes on with the next', async (t) => {
  const cache = cacheFolder(t);
  const impossible = fakeRecipe(t, { impossibleBecause: () => 'no Debian' });
  const failing = fakeRecipe(t, { install: () => Promise.reject(new Error('no network')) });
  const useless = fakeRecipe(t, { install: async () => undefined });
  const missing = await installMissing([impossible.recipe, failing.recipe, useless.recipe], SILENT, cache);
  assert.deepEqual([...missing.values()], ['no Debian', 'no network', 'it was installed and still cannot be used']);
});

test('the command lists what is there, and knows no other names', () => {
  const script = fileURLToPath(new URL('../test-services.ts', import.meta.url));
  const run = (...args: string[]) => spawnSync(process.execPath, [script, ...args], { encoding: 'utf8' });
  const listed = run('--list');
  assert.equal(listed.status, 0, listed.stderr);
  assert.match(listed.stdout, /strace .*TEST_STRACE/);
  assert.match(listed.stdout, /python-readers .*TEST_PYTHON/);
  const unknown = run('no-such-service');
  assert.equal(unknown.status, 2);
  assert.match(unknown.stderr, /Names: strace/);
});
