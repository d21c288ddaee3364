import assert from 'node:assert/strict';
import { request } from 'node:http';
import { test } from 'node:test';
import { createViewerApi, isKnownHost, type ViewerSources } from './viewer-api.ts';

const sources: ViewerSources = {
  notReadyBecause: async () => undefined,
  status: async () => ({ head: 5 }),
  metrics: async () => ({ contentType: 'text/plain', text: 'x 1\n' }),
  failed: (_route, error) => assert.fail(String(error)),
};

async function get(url: string, path: string, host?: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const headers = host === undefined ? {} : { host };
    request(`${url}${path}`, { headers }, (response) => {
      let body = '';
      response.on('data', (chunk) => (body += chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    })
      .on('error', reject)
      .end();
  });
}

test('health, status and metrics', async (t) => {
  const api = createViewerApi(
    { host: '127.0.0.1', port: 0, allowedHosts: [], isOpenToOthers: false, version: '1' },
    sources,
  );
  t.after(() => api.close());
  const { url } = await api.listen();
  assert.deepEqual(await get(url, '/health/live'), { status: 200, body: '{"status":"ok"}' });
  assert.deepEqual(await get(url, '/health/ready'), { status: 200, body: '{"status":"ok"}' });
  assert.deepEqual(await get(url, '/api/v1/status'), { status: 200, body: '{"head":5}' });
  assert.deepEqual(await get(url, '/metrics'), { status: 200, body: 'x 1\n' });
  assert.equal((await get(url, '/nothing')).status, 404);
});

test('not ready says why', async (t) => {
  const api = createViewerApi(
    { host: '127.0.0.1', port: 0, allowedHosts: [], isOpenToOthers: false, version: '1' },
    { ...sources, notReadyBecause: async () => 'disk full' },
  );
  t.after(() => api.close());
  const { url } = await api.listen();
  assert.deepEqual(await get(url, '/health/ready'), {
    status: 503,
    body: '{"status":"unavailable","reason":"disk full"}',
  });
});

test('a foreign name in Host is refused on every route', async (t) => {
  const api = createViewerApi(
    { host: '127.0.0.1', port: 0, allowedHosts: ['audit.example'], isOpenToOthers: false, version: '1' },
    sources,
  );
  t.after(() => api.close());
  const { url } = await api.listen();
  for (const path of ['/health/live', '/metrics', '/api/v1/status', '/nothing']) {
    assert.equal((await get(url, path, 'attacker.example')).status, 421);
  }
  assert.equal((await get(url, '/metrics', 'audit.example:8182')).status, 200);
  assert.ok(isKnownHost('[::1]:8182', new Set()));
  assert.ok(!isKnownHost('127.0.0.1.attacker.example', new Set()));
});
