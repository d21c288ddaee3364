import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { requireTool, WRK } from '../../server/test/support/external-tools.ts';
import { startReference, TOKEN } from '../child-server.ts';
import { type LoadResult, runGenerator, runWrk } from './load.ts';

const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Keeps what was posted; answers `status`. */
async function listen(t: TestContext, status: number, answer = '{"refused":0}') {
  const events: { eventId: string }[] = [];
  const heads = new Set<string>();
  const server = createServer(async (request, response) => {
    let body = '';
    request.setEncoding('utf8');
    for await (const chunk of request) body += chunk;
    events.push(...[JSON.parse(body)].flat());
    heads.add(`${request.method} ${request.url} ${request.headers.authorization}`);
    response.writeHead(status).end(answer);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return { events, heads, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

type Server = Awaited<ReturnType<typeof listen>>;

function check(server: Server, result: LoadResult, eventsPerRequest: number, path: string): void {
  assert.deepEqual([...server.heads], [`POST ${path} Bearer ${TOKEN}`]);
  assert.equal(result.broken, 0);
  assert.ok(result.requests > 0);
  const most = (result.requests + 8) * eventsPerRequest; // under way when the time was up
  const got = server.events.length;
  assert.ok(got >= result.requests * eventsPerRequest && got <= most, `${got} of ${most}`);
  const ids = new Set(server.events.map((event) => event.eventId));
  assert.equal(ids.size, got, 'every event has an id of its own');
  for (const id of ids) assert.match(id, ID);
  assert.ok(result.p50Ms > 0 && result.p50Ms <= result.p99Ms && result.p99Ms <= result.maxMs);
}

for (const [name, eventsPerRequest, path] of [
  ['single events', 1, '/api/v1/audit-event'],
  ['batches', 50, '/api/v1/audit-events'],
] as const) {
  test(`our generator, closed loop: ${name}`, async (t) => {
    const server = await listen(t, eventsPerRequest === 1 ? 202 : 200);
    const result = await runGenerator({ url: server.url, connections: 8, durationMs: 300, eventsPerRequest });
    check(server, result, eventsPerRequest, path);
    assert.equal(result.failed, 0);
  });

  test(`wrk: ${name}`, async (t) => {
    const wrk = requireTool(t, WRK);
    if (wrk === undefined) return;
    const server = await listen(t, eventsPerRequest === 1 ? 202 : 200);
    const result = await runWrk(wrk, { url: server.url, connections: 8, durationMs: 1000, eventsPerRequest });
    check(server, result, eventsPerRequest, path);
    assert.equal(result.failed, 0);
  });
}

test('our generator, open loop: as many requests as are due', async (t) => {
  const server = await listen(t, 202);
  const result = await runGenerator({ url: server.url, connections: 8, durationMs: 500, rate: 400 });
  assert.ok(result.requests >= 190 && result.requests <= 200, String(result.requests));
  check(server, result, 1, '/api/v1/audit-event');
});

test('refusals are counted, also within a batch', async (t) => {
  const server = await listen(t, 503);
  const result = await runGenerator({ url: server.url, connections: 2, durationMs: 300, rate: 100 });
  assert.equal(result.failed, result.requests);
  const partly = await listen(t, 200, '{"status":"ok","accepted":1,"refused":1,"results":[]}');
  const batches = { url: partly.url, connections: 2, eventsPerRequest: 2 };
  const ours = await runGenerator({ ...batches, durationMs: 300, rate: 100 });
  assert.equal(ours.failed, ours.requests);
  const wrk = requireTool(t, WRK);
  if (wrk === undefined) return;
  const theirs = await runWrk(wrk, { ...batches, durationMs: 1000 });
  assert.ok(theirs.failed >= theirs.requests && theirs.requests > 0, `${theirs.failed} of ${theirs.requests}`);
});

test('the bare server answers', async () => {
  const server = await startReference();
  try {
    const answer = await fetch(`${server.url}/api/v1/audit-event`, { method: 'POST', body: '{}' });
    assert.equal(answer.status, 202);
  } finally {
    assert.equal(await server.stop(), 0);
  }
});
