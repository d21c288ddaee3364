import assert from 'node:assert/strict';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { AuditClient, parseRetryAfter } from './audit-client.ts';

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A server on a free port that keeps what it was asked and answers with `status`. */
async function listen(t: TestContext, status: number, headers: Record<string, string> = {}) {
  const seen: Seen[] = [];
  const sockets = new Set<object>();
  const server = createServer(async (request, response) => {
    sockets.add(request.socket);
    let body = '';
    request.setEncoding('utf8');
    for await (const chunk of request) body += chunk;
    seen.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body });
    response.writeHead(status, headers).end('{"status":"x"}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return { seen, sockets, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

const NEVER = new AbortController().signal;

test('posts as Audit.qs does, over one connection that stays open', async (t) => {
  const server = await listen(t, 202);
  const client = new AuditClient({ url: server.url, token: 'secret' });
  t.after(() => client.close());
  for (const body of ['{"name":"Łódź 商品"}', '{}']) {
    assert.deepEqual(await client.postEvent(body, NEVER), { status: 202, body: '{"status":"x"}' });
  }
  await client.postEvents(['{"a":1}', '{"a":2}'], NEVER);
  assert.equal(server.sockets.size, 1);
  const [first, , batch] = server.seen;
  assert.equal(`${first?.method} ${first?.url}`, 'POST /api/v1/audit-event');
  assert.equal(first?.body, '{"name":"Łódź 商品"}');
  assert.equal(first?.headers.authorization, 'Bearer secret');
  assert.equal(first?.headers['content-type'], 'application/json');
  assert.match(String(first?.headers['x-audit-qs-version']), /^0\.3\.\d+$/);
  assert.equal(batch?.url, '/api/v1/audit-events');
  assert.deepEqual(JSON.parse(batch?.body ?? ''), [{ a: 1 }, { a: 2 }]);
});

test('keeps the path of a URL behind a proxy', async (t) => {
  const server = await listen(t, 200);
  const client = new AuditClient({ url: `${server.url}/audit/` });
  t.after(() => client.close());
  await client.testConnection(NEVER);
  assert.equal(server.seen[0]?.url, '/audit/api/v1/test-connection');
  assert.equal(server.seen[0]?.headers.authorization, undefined);
});

test('gives Retry-After in milliseconds, and rejects when nobody listens', async (t) => {
  const server = await listen(t, 503, { 'retry-after': '2' });
  const client = new AuditClient({ url: server.url });
  t.after(() => client.close());
  assert.deepEqual(await client.postEvent('{}', NEVER), { status: 503, body: '{"status":"x"}', retryAfterMs: 2000 });
  const gone = new AuditClient({ url: 'http://127.0.0.1:1' });
  await assert.rejects(gone.postEvent('{}', NEVER), /ECONNREFUSED/);
  assert.throws(() => new AuditClient({ url: 'ftp://x' }), TypeError);
});

test('Retry-After as seconds, as a date, and as nonsense', () => {
  const now = Date.UTC(2026, 10, 23, 7);
  assert.equal(parseRetryAfter('120', now), 120_000);
  assert.equal(parseRetryAfter('Mon, 23 Nov 2026 07:00:05 GMT', now), 5000);
  assert.equal(parseRetryAfter('Mon, 23 Nov 2026 06:00:00 GMT', now), 0);
  assert.equal(parseRetryAfter('soon', now), undefined);
  assert.equal(parseRetryAfter(undefined, now), undefined);
});
