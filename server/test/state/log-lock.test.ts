import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { acquireLogLock, lockOwner } from '../../src/adapters/state-sqlite/log-lock.ts';

const OWNER = { pid: 4711, host: 'qlik-01', startedAt: '2026-11-23T07:00:00.000Z', version: '15.0.0' };
const MODULE = new URL('../../src/adapters/state-sqlite/log-lock.ts', import.meta.url).href;

describe('one server per log', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'audit-lock-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('a second server is told who the first is', () => {
    const lock = acquireLogLock(folder, OWNER);
    assert.throws(
      () => acquireLogLock(folder, { ...OWNER, pid: 1 }),
      (error: Error) => {
        assert.equal('code' in error && error.code, 'EVENT_LOG_IN_USE');
        assert.match(error.message, /pid 4711 on qlik-01/);
        return true;
      },
    );
    assert.deepEqual(JSON.parse(readFileSync(join(folder, 'owner.json'), 'utf8')), OWNER);
    lock.release();
  });

  it('is free after release, which may be called twice', () => {
    const lock = acquireLogLock(folder, OWNER);
    lock.release();
    lock.release();
    assert.equal(existsSync(join(folder, 'owner.json')), false);
    acquireLogLock(folder, OWNER).release();
  });

  it('looking tells who runs, takes nothing and leaves nothing', () => {
    assert.equal(lockOwner(folder), undefined);
    const lock = acquireLogLock(folder, OWNER);
    assert.deepEqual(lockOwner(folder), OWNER);
    assert.throws(() => acquireLogLock(folder, OWNER), { code: 'EVENT_LOG_IN_USE' });
    lock.release();
    assert.equal(lockOwner(folder), undefined);
  });

  it('nobody else can read it, also one that an earlier version made', { skip: process.platform === 'win32' }, () => {
    const path = join(folder, 'lock.sqlite');
    for (const mode of [undefined, 0o644]) {
      if (mode !== undefined) chmodSync(path, mode);
      acquireLogLock(folder, OWNER).release();
      assert.equal(statSync(path).mode & 0o777, 0o600);
    }
  });

  it('a file that is no database is no lock: nobody runs, and the next one locks', () => {
    writeFileSync(join(folder, 'lock.sqlite'), 'garbage'.repeat(1000));
    assert.equal(lockOwner(folder), undefined);
    const lock = acquireLogLock(folder, OWNER);
    assert.throws(() => acquireLogLock(folder, OWNER), { code: 'EVENT_LOG_IN_USE' });
    lock.release();
  });

  it('is freed by kill -9, whatever owner.json still says', async () => {
    const script = `
      const { acquireLogLock } = await import(${JSON.stringify(MODULE)});
      globalThis.lock = acquireLogLock(process.argv[1], { ...${JSON.stringify(OWNER)}, pid: process.pid });
      process.stdout.write('locked');
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script, folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      await once(child.stdout, 'data');
      assert.equal(lockOwner(folder)?.pid, child.pid);
      assert.throws(() => acquireLogLock(folder, OWNER), new RegExp(`pid ${child.pid} on`));
    } finally {
      child.kill('SIGKILL');
    }
    await once(child, 'exit');
    assert.equal(existsSync(join(folder, 'owner.json')), true);
    assert.equal(lockOwner(folder), undefined);
    acquireLogLock(folder, OWNER).release();
  });
});
