import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { whileInUse, whileInUseSync } from './file-in-use.ts';
import { type FileSystem, patientOnWindows, realFileSystem } from './file-system.ts';

const CODES = ['EPERM', 'EBUSY', 'EACCES'];

function refusing<T>(times: number, code: string, result: () => T): () => T {
  let left = times;
  return () => {
    if (left-- > 0) throw Object.assign(new Error(code), { code });
    return result();
  };
}

function pauses() {
  const waited: number[] = [];
  return { waited, pause: (ms: number) => Promise.resolve(waited.push(ms)) };
}

for (const code of CODES) {
  test(`on Windows a file that somebody holds for a moment (${code}) is tried again, with growing pauses`, async () => {
    const { waited, pause } = pauses();
    const action = refusing(3, code, () => 'done');
    assert.equal(await whileInUse(async () => action(), 'win32', pause), 'done');
    assert.equal(
      whileInUseSync(
        refusing(3, code, () => 'done'),
        'win32',
        pause,
      ),
      'done',
    );
    assert.deepEqual(waited, [20, 50, 100, 20, 50, 100]);
  });
}

test('a file that stays in use is given up after 1.6 s; other errors, and other systems, do not wait', async () => {
  const { waited, pause } = pauses();
  const always = refusing(100, 'EBUSY', () => 'done');
  await assert.rejects(
    whileInUse(async () => always(), 'win32', pause),
    { code: 'EBUSY' },
  );
  assert.deepEqual(waited, [20, 50, 100, 200, 400, 800]);
  assert.throws(
    () =>
      whileInUseSync(
        refusing(1, 'ENOSPC', () => 'done'),
        'win32',
        pause,
      ),
    { code: 'ENOSPC' },
  );
  assert.throws(
    () =>
      whileInUseSync(
        refusing(1, 'EPERM', () => 'done'),
        'linux',
        pause,
      ),
    { code: 'EPERM' },
  );
  assert.equal(waited.length, 6);
});

test('the thread waits really', () => {
  const before = performance.now();
  whileInUseSync(
    refusing(2, 'EBUSY', () => 'done'),
    'win32',
  );
  assert.ok(performance.now() - before > 60);
});

test('segments of the log are opened, renamed and deleted in spite of a virus scanner on Windows', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'audit-in-use-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const held = (call: () => Promise<unknown>) => refusing(2, 'EPERM', call);
  const calls = {
    open: held(async () => undefined),
    rename: held(async () => undefined),
    remove: held(async () => undefined),
  };
  const scanned: FileSystem = {
    ...realFileSystem,
    open: async (path, mode) => {
      await calls.open();
      return realFileSystem.open(path, mode);
    },
    rename: async (from, to) => {
      await calls.rename();
      return realFileSystem.rename(from, to);
    },
    remove: async (path) => {
      await calls.remove();
      return realFileSystem.remove(path);
    },
  };
  const { waited, pause } = pauses();
  const disk = patientOnWindows(scanned, 'win32', pause);
  writeFileSync(join(folder, 'a'), 'x');
  await (await disk.open(join(folder, 'a'), 'read')).close();
  await disk.rename(join(folder, 'a'), join(folder, 'b'));
  assert.deepEqual(readdirSync(folder), ['b']);
  await disk.remove(join(folder, 'b'));
  assert.deepEqual(readdirSync(folder), []);
  assert.deepEqual(waited, [20, 50, 20, 50, 20, 50]);
  assert.equal(patientOnWindows(scanned, 'linux', pause), scanned);
});
