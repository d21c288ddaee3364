import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { envelope, load, postEvent } from '../support/audit-client.ts';
import { countsByEventId } from '../support/parquet-rows.ts';
import { createHome, eventually, LAUNCHER, startServer } from '../support/running-server.ts';

test('SIGTERM under load: exit code 0 within 5 s, every 202 is in a file, nothing twice', async (t) => {
  const home = createHome({ writeFrequency: 20_000, maxBatchSize: 10_000 });
  t.after(() => home.remove());
  const server = await startServer(home);
  t.after(() => server.kill());
  const acknowledged = new Set<string>();
  const ended = new AbortController();
  const clients = load(server.url, 32, ended.signal, acknowledged);
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const before = performance.now();
  assert.equal(await server.stop(), 0, server.output());
  assert.ok(performance.now() - before < 5000);
  ended.abort();
  await clients;
  const counts = await countsByEventId(home.parquet);
  assert.ok(acknowledged.size > 200);
  assert.equal([...acknowledged].filter((id) => !counts.has(id)).length, 0);
  assert.equal([...counts.values()].filter((count) => count > 1).length, 0);
});

test('a second signal ends at once, and what was acknowledged is there at the next start', async (t) => {
  const home = createHome({ writeFrequency: 20_000 });
  t.after(() => home.remove());
  const first = await startServer(home);
  t.after(() => first.kill());
  const event = envelope();
  assert.equal((await postEvent(first.url, event)).status, 202);
  first.child.kill('SIGTERM');
  first.child.kill('SIGINT');
  await first.exit();
  const second = await startServer(home);
  t.after(() => second.kill());
  assert.equal(await second.stop(), 0);
  assert.deepEqual([...(await countsByEventId(home.parquet))], [[event.eventId, 1]]);
});

test('a server whose output nobody reads goes on', async (t) => {
  const home = createHome();
  t.after(() => home.remove());
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as { port: number };
  other.close();
  // without a configuration file it has more to say once it listens
  const child = spawn(process.execPath, [LAUNCHER, 'serve', '--root', home.root, '--port', String(port)], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  t.after(() => child.kill('SIGKILL'));
  child.stdout.destroy();
  const status = () =>
    fetch(`http://127.0.0.1:${port}/`).then(
      (answer) => answer.status,
      () => undefined,
    );
  assert.equal(await eventually(status), 404);
  await new Promise((resolve) => setTimeout(resolve, 1000));
  assert.equal(await status(), 404);
  const exited = once(child, 'exit');
  spawnSync(process.execPath, [LAUNCHER, 'stop', '--root', home.root]);
  assert.deepEqual(await exited, [0, null]);
});

test('a viewer thread that never comes up keeps no "stop" from being done', async (t) => {
  const home = createHome();
  t.after(() => home.remove());
  const preload = join(home.root, 'preload.mjs');
  writeFileSync(
    preload,
    `import { threadName } from 'node:worker_threads';
     if (threadName === 'viewer-thread') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);`,
  );
  // without a configuration file it has more to say once the viewer port is open
  const child = spawn(process.execPath, [LAUNCHER, 'serve', '--root', home.root, '--port', '0'], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, NODE_OPTIONS: `--import=${pathToFileURL(preload)}` },
  });
  t.after(() => child.kill('SIGKILL'));
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  await eventually(() => output.includes('audit API is listening') || undefined);
  const exited = once(child, 'exit');
  const stop = spawnSync(process.execPath, [LAUNCHER, 'stop', '--root', home.root, '--timeout', '8']);
  assert.equal(stop.status, 0, `${stop.stderr}${output}`);
  assert.deepEqual(await exited, [0, null]);
  assert.doesNotMatch(output, /Try next/);
});
