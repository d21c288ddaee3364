import assert from 'node:assert/strict';
import { test } from 'node:test';
import { envelope } from '../support/audit-client.ts';
import { send } from './http-client.ts';
import { IngestServer, ORIGIN } from './ingest-server.ts';

const EVENT = '/api/v1/audit-event';

async function withOrigins(allowedOrigins: readonly string[], use: (url: string) => Promise<void>): Promise<void> {
  const server = await new IngestServer({ http: { cors: { allowedOrigins } } }).start();
  try {
    await use(server.url);
  } finally {
    await server.stop();
  }
}

/** A preflight as browsers send it: without a token. */
function preflight(url: string, origin: string | undefined, path = EVENT, more: Readonly<Record<string, string>> = {}) {
  const headers = {
    origin,
    authorization: undefined,
    'content-type': undefined,
    'x-audit-qs-version': undefined,
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'authorization,content-type,x-audit-qs-version',
    ...more,
  };
  return send(url, { method: 'OPTIONS', path, headers });
}

test('a preflight is answered without a token, on every path', async () => {
  await withOrigins([ORIGIN], async (url) => {
    for (const path of [EVENT, '/api/v1/audit-events', '/api/v1/test-connection', '/nowhere']) {
      const { status, headers, body } = await preflight(url, ORIGIN, path);
      assert.deepEqual([status, body], [204, '']);
      assert.equal(headers['access-control-allow-origin'], ORIGIN);
      assert.equal(headers['access-control-allow-methods'], 'GET, POST, OPTIONS');
      assert.equal(headers['access-control-allow-headers'], 'Authorization, Content-Type, X-Audit-QS-Version');
      assert.equal(headers['access-control-max-age'], '7200');
      assert.equal(headers['access-control-allow-credentials'], undefined);
      assert.equal(headers['access-control-allow-private-network'], undefined);
      assert.equal(headers.vary, 'Origin');
    }
  });
});

test('a preflight for a private network is answered for allowed origins', async () => {
  const wish = { 'access-control-request-private-network': 'true' };
  await withOrigins([ORIGIN], async (url) => {
    const allowed = await preflight(url, ORIGIN, EVENT, wish);
    assert.equal(allowed.headers['access-control-allow-private-network'], 'true');
    const other = await preflight(url, 'https://evil.example', EVENT, wish);
    assert.equal(other.headers['access-control-allow-private-network'], undefined);
  });
});

test('another origin, or none, gets no CORS headers, but Vary', async () => {
  await withOrigins([ORIGIN, 'https://other.example'], async (url) => {
    for (const origin of ['https://evil.example', `${ORIGIN}.evil.example`, 'null', undefined]) {
      const reply = await send(url, { path: EVENT, body: JSON.stringify(envelope()), headers: { origin } });
      assert.equal(reply.status, 202, 'CORS is for browsers; it is not who may post');
      for (const answer of [reply, await preflight(url, origin)]) {
        assert.equal(answer.headers['access-control-allow-origin'], undefined);
        assert.equal(answer.headers.vary, 'Origin');
      }
    }
    assert.equal(
      (await preflight(url, 'https://other.example')).headers['access-control-allow-origin'],
      'https://other.example',
    );
  });
});

test('an origin of the configuration may end in a slash and have capitals', async () => {
  await withOrigins(['https://Qlik.Example/'], async (url) => {
    assert.equal((await preflight(url, ORIGIN)).headers['access-control-allow-origin'], ORIGIN);
  });
});

test('* is static: the origin is not reflected', async () => {
  await withOrigins(['*'], async (url) => {
    for (const origin of [ORIGIN, undefined]) {
      const { headers } = await preflight(url, origin);
      assert.equal(headers['access-control-allow-origin'], '*');
      assert.equal(headers.vary, undefined);
    }
  });
});

test('an empty list: no CORS', async () => {
  await withOrigins([], async (url) => {
    const { headers } = await preflight(url, ORIGIN);
    assert.deepEqual(
      Object.keys(headers).filter((name) => name.startsWith('access-control')),
      [],
    );
  });
});
