import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createPrivateFolder, icaclsArguments, isReadableByEverybody, restrictToOwner } from './private-folder.ts';

test('a new folder is its owner’s alone; one that was there is left as it is', () => {
  const base = mkdtempSync(join(tmpdir(), 'private-'));
  const folder = join(base, 'a', 'log');
  assert.equal(createPrivateFolder(folder), 'private');
  if (process.platform !== 'win32') assert.equal(statSync(folder).mode & 0o777, 0o700);
  assert.equal(isReadableByEverybody(folder), false);
  if (process.platform !== 'win32') {
    chmodSync(folder, 0o755);
    assert.equal(createPrivateFolder(folder), 'present');
    assert.equal(statSync(folder).mode & 0o777, 0o755);
    assert.equal(isReadableByEverybody(folder), true);
  }
  rmSync(base, { recursive: true });
});

test('what stands beside a private folder, such as exported files, can be read by others', {
  skip: process.platform === 'win32',
}, (t) => {
  const base = mkdtempSync(join(tmpdir(), 'private-'));
  t.after(() => rmSync(base, { recursive: true }));
  createPrivateFolder(join(base, 'audit-events', 'log'));
  assert.equal(statSync(join(base, 'audit-events')).mode & 0o777, 0o777 & ~process.umask());
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

/** Programs of Windows, by what they print; those without an answer fail. */
function programs(answers: Readonly<Record<string, string>>) {
  const calls: (readonly string[])[] = [];
  const run = (program: string, args: readonly string[]) => {
    calls.push([program, ...args]);
    const answer = answers[program];
    if (answer === undefined) throw new Error(`${program} ended with 1`);
    return answer;
  };
  return { calls, run };
}

test('on Windows the account is named by its number: a name may be that of another account', () => {
  const windows = programs({ whoami: '"corp\\qlik","S-1-5-21-7-8-9-1104"\r\n', icacls: '' });
  assert.equal(restrictToOwner('D:\\audit', 'folder', 'win32', windows.run), true);
  assert.deepEqual(windows.calls.at(-1), ['icacls', ...icaclsArguments('D:\\audit', 'folder', '*S-1-5-21-7-8-9-1104')]);
});

test('on Windows, where whoami is another program, the name of the account has to do', () => {
  const windows = programs({ icacls: '' });
  assert.equal(restrictToOwner('D:\\audit', 'file', 'win32', windows.run), true);
  assert.deepEqual(windows.calls.at(-1), ['icacls', ...icaclsArguments('D:\\audit', 'file', userInfo().username)]);
});

test('on Windows a disk without access lists (exFAT) is used all the same, and that is told', () => {
  const base = mkdtempSync(join(tmpdir(), 'private-'));
  const { run } = programs({ whoami: '"pc\\anna","S-1-5-21-1-2-3-1001"' });
  assert.equal(createPrivateFolder(join(base, 'log'), 'win32', run), 'open');
  assert.equal(createPrivateFolder(join(base, 'log'), 'win32', run), 'present');
  rmSync(base, { recursive: true });
});
