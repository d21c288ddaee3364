import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { envelope } from '../support/audit-client.ts';
import { CHROMIUM, findTool, skipWithout } from '../support/external-tools.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { IngestServer, TOKEN } from './ingest-server.ts';

const EVENT = '/api/v1/audit-event';
const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--virtual-time-budget=20000'];

/** A page that sends what the extension sends, to another origin, and shows what its script may see of the answers. */
function pageFor(api: string): string {
  const event = JSON.stringify(JSON.stringify(envelope()));
  return `<body><script>
    const headers = {Authorization: 'Bearer ${TOKEN}', 'Content-Type': 'application/json', 'X-Audit-QS-Version': '0.3.1'};
    const look = (path, options) => fetch('${api}' + path, {headers, ...options}).then(
      async (answer) => [answer.status, answer.headers.get('retry-after'), (await answer.json()).status],
      () => 'no answer',
    );
    const post = (body, more) => look('${EVENT}', {method: 'POST', body, ...more});
    (async () => {
      const seen = [
        await look('/api/v1/test-connection'),
        await post(${event}),
        await post(${event}, {keepalive: true}),
        await post(${event}, {headers: {...headers, Authorization: 'Bearer wrong'}}),
        await post(${event}, {headers: {...headers, 'X-Audit-QS-Version': '9.0.0'}}),
        await post(' '.repeat(100000)),
        await post(${event}),
      ];
      document.body.textContent = JSON.stringify(seen);
    })();
  </script></body>`;
}

/** What the page saw, loaded from `localhost` while only that origin is allowed, or from `127.0.0.1`. */
async function seenFrom(host: string, chromium: string): Promise<unknown> {
  const profile = mkdtempSync(join(tmpdir(), 'audit-browser-'));
  const pages = createServer((_, response) => response.setHeader('Content-Type', 'text/html').end(pageFor(api.url)));
  pages.listen(0, '127.0.0.1');
  await once(pages, 'listening');
  const { port } = pages.address() as AddressInfo;
  const cors = { allowedOrigins: [`http://localhost:${port}`] };
  const http = { cors, rateLimit: { enable: true, maxPerMinute: 4 } };
  const api = await new IngestServer({ clock: new FakeClock(), http }).start();
  try {
    const args = [...FLAGS, `--user-data-dir=${profile}`, '--dump-dom', `http://${host}:${port}/`];
    const { stdout } = await promisify(execFile)(chromium, args, { timeout: 50_000 });
    return JSON.parse(/\[.*\]/.exec(stdout)?.[0] ?? 'null');
  } finally {
    await api.stop();
    pages.closeAllConnections();
    pages.close();
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

test('a real browser lets the page of an allowed origin send, and read every answer', {
  skip: skipWithout(CHROMIUM),
}, async () => {
  assert.deepEqual(await seenFrom('localhost', findTool(CHROMIUM) ?? ''), [
    [200, null, 'ok'],
    [202, null, 'accepted'],
    [202, null, 'accepted'],
    [401, null, 'error'],
    [422, null, 'error'],
    [413, null, 'error'],
    [429, '60', 'error'],
  ]);
});

test('a real browser gives the page of another origin nothing', { skip: skipWithout(CHROMIUM) }, async () => {
  assert.deepEqual(await seenFrom('127.0.0.1', findTool(CHROMIUM) ?? ''), Array(7).fill('no answer'));
});
