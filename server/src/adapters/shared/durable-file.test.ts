import assert from 'node:assert/strict';
import * as nodeFiles from 'node:fs/promises';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { CodedError } from '../../domain/errors.ts';
import { DurableFolder, type FileOperations } from './durable-file.ts';

const BYTES = Buffer.from('contents');

function failing(code: string): () => Promise<never> {
  return () => Promise.reject(Object.assign(new Error(code), { code }));
}

describe('DurableFolder', () => {
  let root: string;
  const clock = new FakeClock();
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'audit-durable-'));
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  const folder = (files: Partial<FileOperations> = {}, platform: NodeJS.Platform = 'linux'): DurableFolder =>
    new DurableFolder({
      directory: root,
      owner: 'log/parquet',
      clock,
      disk: { files: { ...nodeFiles, ...files }, platform },
    });
  const publish = async (target: DurableFolder, name: string): Promise<string> => {
    const temporary = await target.writeTemporary(BYTES);
    const done = await target.linkNew(temporary.path, join(root, name));
    await target.removeTemporary(temporary.path);
    return done;
  };

  it('names temporary files so that no wildcard for finished files meets them', async () => {
    await folder().writeTemporary(BYTES);
    for (const name of await readdir(root)) assert.doesNotMatch(name, /\.parquet$|\.qvd$|\.json$|_part/);
  });

  it('rule 19: replaces nothing', async () => {
    await writeFile(join(root, 'a'), 'foreign');
    assert.equal(await publish(folder(), 'a'), 'occupied');
    assert.equal(await readFile(join(root, 'a'), 'utf8'), 'foreign');
  });

  for (const code of ['EPERM', 'ENOTSUP', 'EISDIR', 'ENOSYS']) {
    it(`rule 19: publishes where links are not supported (${code}), still replacing nothing`, async () => {
      const target = folder({ link: failing(code) });
      assert.equal(await publish(target, 'a'), 'linked');
      assert.equal(await readFile(join(root, 'a'), 'utf8'), 'contents');
      await writeFile(join(root, 'b'), 'foreign');
      assert.equal(await publish(target, 'b'), 'occupied');
      assert.deepEqual((await readdir(root)).sort(), ['a', 'b']);
    });
  }

  it('rule 19: without links, a file that appears just before the rename is not replaced', async () => {
    const rename: FileOperations['rename'] = async (from, to) => {
      // somebody who replaces nothing either, and comes at the worst moment
      await assert.rejects(writeFile(to, 'foreign', { flag: 'wx' }), { code: 'EEXIST' });
      await nodeFiles.rename(from, to);
    };
    assert.equal(await publish(folder({ link: failing('EPERM'), rename }), 'a'), 'linked');
    const late = (async (path: string, flags: string, mode: number) => {
      if (path === join(root, 'b')) await writeFile(path, 'foreign');
      return nodeFiles.open(path, flags, mode);
    }) as FileOperations['open'];
    assert.equal(await publish(folder({ link: failing('EPERM'), open: late }), 'b'), 'occupied');
    assert.equal(await readFile(join(root, 'b'), 'utf8'), 'foreign');
  });

  it('rule 19: without links, a crash between claim and rename is taken up again, by the same owner only', async () => {
    const links = { link: failing('EPERM') };
    const crashing = folder({ ...links, rename: failing('EIO'), unlink: failing('EIO') });
    const temporary = await crashing.writeTemporary(BYTES);
    await assert.rejects(crashing.linkNew(temporary.path, join(root, 'a')), { code: 'EXPORT_WRITE_FAILED' });
    const files = { ...nodeFiles, ...links };
    const other = new DurableFolder({ directory: root, owner: 'other', clock, disk: { files, platform: 'linux' } });
    assert.equal(await publish(other, 'a'), 'occupied');
    assert.equal(await folder(links).linkNew(temporary.path, join(root, 'a')), 'linked');
    assert.equal(await readFile(join(root, 'a'), 'utf8'), 'contents');
  });

  it('rule 19: without links, a rename that fails leaves no claim', async () => {
    const target = folder({ link: failing('EPERM'), rename: failing('EACCES') });
    const temporary = await target.writeTemporary(BYTES);
    await assert.rejects(target.linkNew(temporary.path, join(root, 'a')), { code: 'EXPORT_WRITE_FAILED' });
    await target.removeTemporary(temporary.path);
    assert.deepEqual(await readdir(root), []);
  });

  it('rule 19: waits for a reader or virus scanner that holds a file on Windows', async () => {
    for (const code of ['EPERM', 'EBUSY', 'EACCES']) {
      let refusals = 3;
      const unlink: FileOperations['unlink'] = (path) => (refusals-- > 0 ? failing(code)() : nodeFiles.unlink(path));
      const target = folder({ unlink }, 'win32');
      const temporary = await target.writeTemporary(BYTES);
      const removed = target.removeTemporary(temporary.path);
      await clock.advance(1000);
      await removed;
      assert.deepEqual(await readdir(root), []);
    }
  });

  it('does not wait elsewhere', async () => {
    const target = folder({ unlink: failing('EACCES') });
    await assert.rejects(target.removeTemporary(join(root, 'x')), CodedError);
  });

  it('goes without folder sync where the system has none', async () => {
    const open = ((path: string, flags: string) =>
      flags === 'r' ? failing('EPERM')() : nodeFiles.open(path, flags)) as FileOperations['open'];
    await folder({ open }, 'win32').sync();
    await assert.rejects(folder({ open }, 'linux').sync(), { code: 'EXPORT_WRITE_FAILED' });
  });

  it('leaves nothing behind when the disk is full', async () => {
    const open = (async (path: string, flags: string) => {
      const handle = await nodeFiles.open(path, flags);
      return Object.assign(handle, { sync: failing('ENOSPC') });
    }) as FileOperations['open'];
    await assert.rejects(folder({ open }).writeTemporary(BYTES), (error) => {
      assert.ok(error instanceof CodedError);
      assert.equal(error.code, 'EXPORT_WRITE_FAILED');
      assert.match(error.message, /free space there/);
      assert.equal(error.context.systemCode, 'ENOSPC');
      return true;
    });
    assert.deepEqual(await readdir(root), []);
  });

  it('removes strays of its own only, and not the file that waits to be published', async () => {
    const [stray, kept] = [await folder().writeTemporary(BYTES), await folder().writeTemporary(BYTES)];
    const other = new DurableFolder({ directory: root, owner: 'other/parquet', clock });
    const foreign = await other.writeTemporary(BYTES);
    await folder().removeStrays(kept.path);
    const left = (await readdir(root)).map((name) => join(root, name)).sort();
    assert.deepEqual(left, [kept.path, foreign.path].sort());
    assert.ok(!left.includes(stray.path));
  });

  it('rule 19: the file that waits to be published stays, also when the path of its folder is written in another way', async () => {
    const kept = await folder().writeTemporary(BYTES);
    // `C:` or `c:`, a drive or its share, a link: whatever the folder was called before the restart
    await folder().removeStrays(join('elsewhere', basename(kept.path)));
    assert.deepEqual(await readdir(root), [basename(kept.path)]);
  });

  it('creates a folder with its parents', async () => {
    const deep = new DurableFolder({ directory: join(root, 'a', 'b', 'c'), owner: 'x', clock });
    await deep.probe();
    assert.deepEqual(await readdir(join(root, 'a', 'b', 'c')), []);
  });
});
