import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CodedError } from '../../src/domain/errors.ts';
import { envelope } from '../support/audit-client.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { send } from './http-client.ts';
import { IngestServer, type IngestServerOptions, ORIGIN } from './ingest-server.ts';

const EVENTS = '/api/v1/audit-events';
const EVENT = '/api/v1/audit-event';
const AT = '2026-11-23T07:00:00.000Z';
let server: IngestServer;

before(async () => {
  server = await new IngestServer({ clock: new FakeClock(), http: { maxBodyBytes: 16 * 1024 * 1024 } }).start();
});
after(() => server.stop());

interface BatchReply {
  readonly status: string;
  readonly accepted: number;
  readonly refused: number;
  readonly results: readonly Readonly<Record<string, unknown>>[];
}

async function batch(own: IngestServer, body: string, type = 'application/json') {
  const reply = await send(own.url, { path: EVENTS, body, headers: { 'content-type': type, origin: ORIGIN } });
  return { ...reply, json: JSON.parse(reply.body) as BatchReply };
}

async function withServer(options: IngestServerOptions, use: (own: IngestServer) => Promise<void>): Promise<void> {
  const own = await new IngestServer(options).start();
  try {
    await use(own);
  } finally {
    await own.stop();
  }
}

test('an event that waits for the log does not keep the far larger body that it came in', async () => {
  const padding = ' '.repeat(8 * 1024 * 1024);
  const event = JSON.stringify(envelope());
  const single = await send(server.url, { path: EVENT, body: `${event}${padding}` });
  const { json } = await batch(server, `[{},${padding}${JSON.stringify(envelope())}]`);
  assert.deepEqual([single.status, json.accepted], [202, 1]);
  for (const { envelope: stored } of server.log.stored.slice(-2)) {
    assert.ok(Buffer.isBuffer(stored));
    assert.ok(stored.buffer.byteLength < 100_000, `${stored.length} bytes keep ${stored.buffer.byteLength}`);
  }
});

test('one durable commit, a verdict per event, in order', async () => {
  const events = Array.from({ length: 500 }, () => envelope());
  const commits = server.log.commits.length;
  const { status, json, headers } = await batch(server, JSON.stringify(events, null, 1));
  assert.equal(status, 200);
  assert.equal(headers['access-control-allow-origin'], ORIGIN);
  assert.deepEqual(
    json.results,
    events.map(({ eventId }) => ({
      eventId,
      statusCode: 202,
      status: 'accepted',
      receivedAt: AT,
      outcome: 'processed',
    })),
  );
  assert.deepEqual([json.accepted, json.refused], [500, 0]);
  assert.deepEqual(server.log.commits.slice(commits), [500]);
  assert.deepEqual(
    server.log.stored.slice(-500).map(({ envelope }) => JSON.parse(envelope.toString()) as unknown),
    events,
  );
  assert.ok(server.log.stored.every(({ envelope }) => !envelope.includes('\n')));
});

test('each verdict is what the event would have got alone', async () => {
  const events = [
    envelope(),
    { ...envelope(), schemaVersion: 0 },
    envelope({ eventId: 'not a UUID' }),
    envelope({ type: 'server.synced' }),
    envelope({ payload: {} }),
    'no object',
    null,
    envelope(),
  ];
  const { json } = await batch(server, JSON.stringify(events));
  for (const [i, event] of events.entries()) {
    const alone = await send(server.url, { path: EVENT, body: JSON.stringify(event) });
    const { eventId, statusCode, ...body } = json.results[i] ?? {};
    assert.equal(statusCode, alone.status);
    assert.deepEqual(body, JSON.parse(alone.body));
    const sent: unknown = typeof event === 'object' ? event?.eventId : undefined;
    assert.equal(eventId, sent ?? null);
  }
  assert.deepEqual([json.accepted, json.refused], [2, 6]);
});

test('lines: an unreadable one stands among the others', async () => {
  const lines = [JSON.stringify(envelope()), '', '{"broken":', '\r', JSON.stringify(envelope())];
  for (const body of [lines.join('\n'), `${lines.join('\r\n')}\n`]) {
    const { status, json } = await batch(server, body, 'application/x-ndjson');
    assert.equal(status, 200);
    assert.deepEqual(
      json.results.map(({ statusCode }) => statusCode),
      [202, 400, 202],
    );
  }
});

test('an array that is no JSON is refused whole, and so is what is no array', async () => {
  const stored = server.log.stored.length;
  const event = JSON.stringify(envelope());
  for (const [body, message] of [
    [`[${event},]`, 'body is not valid JSON'],
    [`[${event},,${event}]`, 'body is not valid JSON'],
    ['[', 'body is not valid JSON'],
    ['', 'body is empty'],
    ['{}', 'must be array'],
    [event, 'must be array'],
    ['['.repeat(5000), 'body is nested more than 1000 levels deep'],
  ] as const) {
    const { status, json } = await batch(server, body);
    assert.equal(status, 400, body.slice(0, 50));
    const { reason, details } = json as unknown as { reason: string; details: { errors: { message: string }[] } };
    assert.equal(reason, 'Schema validation failed');
    assert.deepEqual(
      details.errors.map((error) => error.message),
      [message],
    );
  }
  const invalid = Buffer.concat([Buffer.from('['), Buffer.from([0xc3, 0x28]), Buffer.from(']')]);
  assert.equal((await send(server.url, { path: EVENTS, body: invalid })).status, 400);
  assert.equal(server.log.stored.length, stored);
});

test('another media type: 415 that names both', async () => {
  const { status, body } = await batch(server, '{}', 'application/ndjson');
  assert.equal(status, 415);
  assert.match(body, /send application\/json or application\/x-ndjson, not compressed/);
});

test('no event, no commit', async () => {
  const commits = server.log.commits.length;
  const { status, json } = await batch(server, ' [ ] ');
  assert.deepEqual([status, json], [200, { status: 'ok', accepted: 0, refused: 0, results: [] }]);
  assert.equal(server.log.commits.length, commits);
});

test('too many events: 413 that names the limit', async () => {
  const { status, body } = await batch(server, `[${'1,'.repeat(10_000)}1]`);
  assert.equal(status, 413);
  assert.match(body, /10000/);
});

test('one event refused by the version of the header', async () => {
  const body = JSON.stringify([envelope(), envelope()]);
  const reply = await send(server.url, { path: EVENTS, body, headers: { 'x-audit-qs-version': '0.4.0' } });
  const { results } = JSON.parse(reply.body) as BatchReply;
  assert.deepEqual(
    results.map(({ statusCode, reason }) => [statusCode, reason]),
    Array(2).fill([422, 'Incompatible Audit.qs version']),
  );
});

test('rule 5: a failed write refuses every event that was to be stored, with Retry-After', async () => {
  server.log.failWith = new CodedError('EVENT_LOG_WRITE_FAILED', 'no');
  const { status, headers, json } = await batch(server, JSON.stringify([envelope(), {}, envelope()]));
  server.log.failWith = undefined;
  assert.equal(status, 200);
  assert.deepEqual(
    json.results.map(({ statusCode }) => statusCode),
    [503, 400, 503],
  );
  assert.ok(Number(headers['retry-after']) > 0);
});

test('the limits count events, not requests', async () => {
  const three = () => JSON.stringify([envelope(), envelope(), envelope()]);
  const codes = ({ json }: { readonly json: BatchReply }) => json.results.map(({ statusCode }) => statusCode);
  await withServer({ http: { rateLimit: { enable: true, maxPerMinute: 4 } } }, async (own) => {
    assert.deepEqual(codes(await batch(own, three())), [202, 202, 202]);
    const second = await batch(own, three());
    assert.deepEqual(codes(second), [202, 429, 429]);
    assert.ok(Number(second.headers['retry-after']) > 0);
    const third = await batch(own, three());
    assert.deepEqual(
      [third.status, third.headers['x-ratelimit-limit'], third.headers['x-ratelimit-remaining']],
      [429, '4', '0'],
    );
    assert.equal(own.log.stored.length, 4);
  });
  await withServer({ queue: { maxMessagesPerMinute: 4 } }, async (own) => {
    assert.deepEqual(codes(await batch(own, three())), [202, 202, 202]);
    assert.deepEqual(codes(await batch(own, JSON.stringify([{}, envelope(), envelope()]))), [400, 202, 429]);
  });
});

test('the media type decides how a batch is read', async () => {
  const body = JSON.stringify([envelope()]);
  assert.equal((await send(server.url, { path: EVENTS, body, headers: { 'content-type': 'text/plain' } })).status, 415);
  assert.equal(
    (await send(server.url, { path: EVENT, body, headers: { 'content-type': 'application/x-ndjson' } })).status,
    415,
  );
});
