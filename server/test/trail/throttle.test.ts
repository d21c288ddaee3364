import assert from 'node:assert/strict';
import { scryptSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { createViewerAccess } from '../../src/adapters/viewer-access/viewer-access.ts';
import type { ViewerAccess } from '../../src/pipeline/ports/viewer-access.ts';
import { FakeClock } from '../support/fake-clock.ts';

const HOUR_MS = 3_600_000;

describe('wrong passwords', () => {
  let folder: string;
  let clock: FakeClock;
  let access: ViewerAccess;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'audit-throttle-'));
    clock = new FakeClock();
    // cheap ones: there are many tries here
    const salt = 'AAAAAAAAAAAAAAAAAAAAAA';
    const key = scryptSync('right', Buffer.from(salt, 'base64url'), 32, { N: 2, r: 1, p: 1 }).toString('base64url');
    const passwordHash = `scrypt:2:1:1:${salt}:${key}`;
    const users = ['anna', 'bert'].map((name) => {
      return { name, passwordHash, role: 'reader', pictures: true, objectData: true } as const;
    });
    const session = { idleMs: HOUR_MS, absoluteMs: HOUR_MS };
    access = createViewerAccess({
      directory: folder,
      users,
      session,
      proxy: { addresses: [], userHeader: 'x' },
      clock,
    });
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** `in`, `wrong`, or how long to wait. */
  async function attempt(name: string, password: string, address: string): Promise<string | number> {
    const result = await access.signInWithPassword(name, password, address);
    if (!('kind' in result)) return 'in';
    return result.kind === 'throttled' ? result.afterMs : result.kind;
  }
  async function fail(times: number, name: string, address: (i: number) => string): Promise<void> {
    for (let i = 0; i < times; i++) assert.equal(await attempt(name, 'wrong', address(i)), 'wrong', `try ${i}`);
  }

  it('for a name from one address do not keep its owner out elsewhere', async () => {
    await fail(5, 'anna', () => '10.0.0.66');
    assert.equal(await attempt('anna', 'right', '10.0.0.66'), 1000);
    assert.equal(await attempt('ANNA', 'right', '10.0.0.66'), 1000);
    assert.equal(await attempt('anna', 'right', '10.0.0.1'), 'in');
    // nor does it help who tried
    assert.equal(await attempt('anna', 'right', '10.0.0.66'), 1000);
  });

  it('wait twice as long each time, up to 15 minutes', async () => {
    await fail(5, 'anna', () => '10.0.0.66');
    for (let waitMs = 1000; waitMs < 15 * 60_000; waitMs *= 2) {
      assert.equal(await attempt('anna', 'right', '10.0.0.66'), waitMs);
      await clock.advance(waitMs);
      assert.equal(await attempt('anna', 'wrong', '10.0.0.66'), 'wrong');
    }
    assert.equal(await attempt('anna', 'right', '10.0.0.66'), 15 * 60_000);
  });

  it('for many names from one address make that address wait, and it alone', async () => {
    for (const name of ['a', 'b', 'c', 'd']) await fail(5, name, () => '10.0.0.66');
    assert.equal(await attempt('bert', 'right', '10.0.0.66'), 1000);
    assert.equal(await attempt('bert', 'right', '10.0.0.1'), 'in');
  });

  it('for one name from many addresses make the name wait, a minute at most', async () => {
    await fail(100, 'anna', (i) => `10.0.${i}.1`);
    assert.equal(await attempt('anna', 'right', '10.1.0.1'), 1000);
    assert.equal(await attempt('bert', 'right', '10.1.0.1'), 'in');
    for (let i = 0; i < 10; i++) {
      await clock.advance(60_000);
      assert.equal(await attempt('anna', 'wrong', `10.2.${i}.1`), 'wrong');
    }
    assert.equal(await attempt('anna', 'right', '10.1.0.1'), 60_000);
    await clock.advance(60_000);
    assert.equal(await attempt('anna', 'right', '10.1.0.1'), 'in');
  });
});
