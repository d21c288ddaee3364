import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { type Core, LOAD_CORE, pinThisProcess, SERVER_CORE, startReference } from './child-server.ts';

const coresOf = (pid: number) => /Cpus_allowed_list:\s*(\S+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];

async function coresOfServer(core: Core | undefined): Promise<string | undefined> {
  const server = await startReference(core);
  try {
    return coresOf(server.pid);
  } finally {
    assert.equal(await server.stop(), 0);
  }
}

test('a server has the cores that it was given, whatever the measurement itself is pinned to', async () => {
  if (process.platform !== 'linux') return;
  const own = coresOf(process.pid);
  const unpin = pinThisProcess(LOAD_CORE);
  try {
    assert.equal(await coresOfServer('all'), own);
    const alone = await coresOfServer(undefined);
    assert.ok(alone === String(SERVER_CORE) || alone === own, alone); // own: no taskset here
  } finally {
    unpin();
  }
  assert.equal(coresOf(process.pid), own);
});
