import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { launchDirectory, resolveRoot } from './resolve-root.ts';

const cwd = resolve('/work');

test('--root goes over INIT_CWD, which goes over the current directory', () => {
  const called = resolve('/home/me');
  assert.equal(resolveRoot({ env: {}, cwd }), cwd);
  assert.equal(resolveRoot({ env: { INIT_CWD: called }, cwd }), called);
  assert.equal(resolveRoot({ root: 'data', env: { INIT_CWD: called }, cwd }), resolve(called, 'data'));
  assert.equal(resolveRoot({ root: resolve('/srv'), env: { INIT_CWD: called }, cwd }), resolve('/srv'));
  assert.equal(launchDirectory({ env: { INIT_CWD: '' }, cwd }), cwd);
  const script = { INIT_CWD: called, npm_package_json: resolve(cwd, 'package.json') };
  assert.equal(launchDirectory({ env: script, cwd }), called);
  assert.equal(launchDirectory({ env: script, cwd: resolve('/elsewhere') }), resolve('/elsewhere'));
});

test('a drive has one name, whatever the shell calls it: stored paths are compared with the present one', () => {
  assert.equal(resolveRoot({ env: {}, cwd: 'd:\\audit' }), 'D:\\audit');
  assert.equal(resolveRoot({ env: { INIT_CWD: 'c:/audit' }, cwd }), 'C:/audit');
  assert.equal(resolveRoot({ env: {}, cwd: '\\\\server\\share' }), '\\\\server\\share');
  assert.equal(resolveRoot({ env: {}, cwd: '/c:/x' }), '/c:/x');
});

test('the folder of Windows itself is refused, where a service starts', () => {
  const folders = [
    'C:\\Windows\\System32',
    'c:\\windows\\system32\\',
    'C:/Windows/System32/sub',
    'C:\\WINDOWS\\SysWOW64',
    'C:\\Windows',
    'c:\\windows\\',
  ];
  for (const folder of folders) {
    assert.throws(
      () => resolveRoot({ env: {}, cwd: folder }),
      /belongs to Windows\. Give it a directory with --root DIR/,
    );
  }
  assert.throws(() => resolveRoot({ env: { SystemRoot: 'D:\\Win' }, cwd: 'D:\\Win\\System32' }), /--root/);
  assert.throws(() => resolveRoot({ env: { SystemRoot: 'D:\\Win' }, cwd: 'D:\\win' }), /--root/);
  assert.equal(resolveRoot({ env: {}, cwd: 'C:\\Windows\\Temp' }), 'C:\\Windows\\Temp');
  assert.equal(resolveRoot({ env: {}, cwd: 'C:\\Windows\\System32data' }), 'C:\\Windows\\System32data');
});
