import assert from 'node:assert/strict';
import * as nodeFiles from 'node:fs/promises';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { makeFolders, makeFoldersSync } from './make-folders.ts';

describe('makeFolders', () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'audit-folders-'));
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  for (const [name, make] of [
    ['in its own time', (path: string) => makeFolders(path, 0o700, nodeFiles)],
    ['at once', async (path: string) => makeFoldersSync(path, 0o700)],
  ] as const) {
    it(`makes what is missing and tells the first: ${name}`, async () => {
      const deep = join(root, 'a', 'b', 'c');
      assert.equal(await make(deep), join(root, 'a'));
      assert.ok((await stat(deep)).isDirectory());
      assert.equal(await make(deep), undefined);
      assert.equal(await make(join(deep, 'd')), join(deep, 'd'));
      assert.equal(await make(root), undefined);
    });

    it(`does not take a file for a folder: ${name}`, async () => {
      await writeFile(join(root, 'file'), '');
      await assert.rejects(make(join(root, 'file')), { code: 'EEXIST' });
      await assert.rejects(make(join(root, 'file', 'below')), { code: 'ENOTDIR' });
    });
  }

  it('ends where the system says that a parent is missing which is there', async () => {
    const mkdir = ((path: string) => {
      const code = path === root ? 'EEXIST' : 'ENOENT';
      return Promise.reject(Object.assign(new Error(code), { code }));
    }) as typeof nodeFiles.mkdir;
    await assert.rejects(makeFolders(join(root, 'a', 'b'), 0o700, { mkdir, stat }), { code: 'ENOENT' });
    const nowhere = ((_path: string) =>
      Promise.reject(Object.assign(new Error('ENOENT'), { code: 'ENOENT' }))) as typeof nodeFiles.mkdir;
    await assert.rejects(makeFolders(join(root, 'a'), 0o700, { mkdir: nowhere, stat }), { code: 'ENOENT' });
  });
});
