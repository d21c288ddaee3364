import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { envelope, postEvent } from '../support/audit-client.ts';
import { countsByEventId } from '../support/parquet-rows.ts';
import { createHome, startServer } from '../support/running-server.ts';

const IDLE = 10_000;
const SLOW = 200;
const SPARE_FILES = 500;

test('10,000 idle connections and 200 that send a byte at a time: others are served, memory stays', async (t) => {
  const home = createHome({ writeFrequency: 200, maxBatchSize: 5000 });
  t.after(() => home.remove());
  const server = await startServer(home);
  t.after(() => server.kill());
  const { hostname, port } = new URL(server.url);
  const sockets: Socket[] = [];
  t.after(() => {
    for (const socket of sockets) socket.destroy();
  });
  const open = () =>
    new Promise<Socket>((resolve, reject) => {
      const socket = connect(Number(port), hostname);
      socket.once('connect', () => resolve(socket));
      socket.on('error', reject);
      sockets.push(socket);
    });
  const idle = Math.min(IDLE, mostOpenFiles() - SLOW - SPARE_FILES);
  const before = residentBytes(server.child.pid);
  while (sockets.length < idle) await Promise.all(Array.from({ length: Math.min(250, idle - sockets.length) }, open));
  const slow = await Promise.all(Array.from({ length: SLOW }, open));
  for (const socket of slow) socket.write('POST /api/v1/audit-event HTTP/1.1\r\nHost: x\r\n');
  const drip = setInterval(() => {
    for (const socket of slow) if (socket.writable) socket.write('X');
  }, 100);
  t.after(() => clearInterval(drip));

  const agent = new Agent({ keepAlive: true, maxSockets: 16 });
  t.after(() => agent.destroy());
  const tookMs: number[] = [];
  const client = async () => {
    for (let i = 0; i < 40; i++) {
      const startedAt = performance.now();
      assert.equal((await postEvent(server.url, envelope(), agent)).status, 202);
      tookMs.push(performance.now() - startedAt);
    }
  };
  await Promise.all(Array.from({ length: 16 }, client));
  tookMs.sort((a, b) => a - b);
  const median = tookMs[tookMs.length / 2] ?? Number.POSITIVE_INFINITY;
  assert.ok(median < 500, `median ${median} ms`);
  const perConnection = (residentBytes(server.child.pid) - before) / sockets.length;
  assert.ok(perConnection < 50_000, `${perConnection} bytes for each connection`);
  assert.equal(await server.stop(), 0, server.output());
  assert.equal((await countsByEventId(home.parquet)).size, tookMs.length);
});

/** Of this process, which the server inherits. Unknown elsewhere than on Linux: what every system grants. */
function mostOpenFiles(): number {
  try {
    const line = /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return line === undefined || line === 'unlimited' ? IDLE * 2 : Number(line);
  } catch {
    return 2048;
  }
}

function residentBytes(pid: number | undefined): number {
  try {
    return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
  } catch {
    return 0;
  }
}
