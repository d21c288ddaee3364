import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { LAUNCHER } from './support/running-server.ts';

test('on an older Node the launcher says what is needed and exits 78, without a stack trace', () => {
  const pretendOld = 'data:text/javascript,Object.defineProperty(process.versions,"node",{value:"20.20.2"})';
  const { status, stderr, stdout } = spawnSync(process.execPath, ['--import', pretendOld, LAUNCHER, 'version'], {
    encoding: 'utf8',
  });
  assert.equal(status, 78);
  assert.equal(stdout, '');
  assert.match(stderr, /needs Node\.js 24 or newer/);
  assert.doesNotMatch(stderr, /\n\s+at /);
});

test('the launcher itself is plain JavaScript that an old Node can parse', () => {
  assert.match(LAUNCHER, /\.js$/);
});
