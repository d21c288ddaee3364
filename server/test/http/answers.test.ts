import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { renderMetrics } from '../../src/adapters/metrics/prometheus-metrics.ts';
import { CodedError } from '../../src/domain/errors.ts';
import { envelope, post, type Reply } from '../support/audit-client.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { send } from './http-client.ts';
import { IngestServer, ORIGIN, TOKEN } from './ingest-server.ts';

const EVENT = '/api/v1/audit-event';
const AT = '2026-11-23T07:00:00.000Z';
let server: IngestServer;

before(async () => {
  server = await new IngestServer({ clock: new FakeClock() }).start();
});
after(() => server.stop());

test('refusals are counted from 0 on, so that an alert on an increase sees the first of them', async (t) => {
  const quiet = await new IngestServer({ clock: new FakeClock() }).start();
  t.after(() => quiet.stop());
  const shown = await renderMetrics([await quiet.metrics.snapshot()]);
  for (const status of [400, 401, 413, 415, 422, 429, 500, 503]) {
    assert.match(shown, new RegExp(`^butler_sos_audit_http_responses_total\\{status="${status}"\\} 0$`, 'm'));
  }
});

const SECURITY = {
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'",
  'referrer-policy': 'no-referrer',
  vary: 'Origin',
};
const CORS = {
  'access-control-allow-origin': ORIGIN,
  'access-control-expose-headers': 'Retry-After, x-ratelimit-limit, x-ratelimit-remaining, x-ratelimit-reset',
};

/** Every header except those of the connection itself. */
function headersOf({ headers }: Reply): Record<string, unknown> {
  const { date: _, connection: __, 'keep-alive': ___, 'content-length': ____, ...rest } = headers;
  return rest;
}

interface Case {
  readonly name: string;
  readonly method?: string;
  readonly path?: string;
  readonly body?: string | Buffer;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly status: number;
  readonly answer: object;
  readonly extraHeaders?: object;
}

function error(reason: string, details?: object, outcome = 'dropped'): object {
  return { status: 'error', receivedAt: AT, outcome, reason, ...(details === undefined ? {} : { details }) };
}

function schemaError(instancePath: string, message: string, params: object = {}): object {
  return error('Schema validation failed', { errors: [{ instancePath, message, params }] });
}

const valid = () => JSON.stringify(envelope());
const DEEP = `{"payload":${'['.repeat(100_000 / 4)}${']'.repeat(100_000 / 4)}}`;

const CASES: readonly Case[] = [
  { name: 'accepted', status: 202, answer: { status: 'accepted', receivedAt: AT, outcome: 'processed' } },
  {
    name: 'accepted: a media type with parameters, of any case',
    headers: { 'content-type': 'Application/JSON; charset=utf-8' },
    status: 202,
    answer: { status: 'accepted', receivedAt: AT, outcome: 'processed' },
  },
  {
    name: 'accepted: a query is no other route',
    path: `${EVENT}?x=1`,
    status: 202,
    answer: { status: 'accepted', receivedAt: AT, outcome: 'processed' },
  },
  {
    name: 'envelope: no coercion',
    body: JSON.stringify(envelope({ schemaVersion: '1' })),
    status: 400,
    answer: schemaError('/schemaVersion', 'must be integer', { type: 'integer' }),
  },
  { name: 'no JSON', body: '{"a":', status: 400, answer: schemaError('', 'body is not valid JSON') },
  {
    name: 'a byte order mark',
    body: `\uFEFF${JSON.stringify(envelope())}`,
    status: 400,
    answer: schemaError('', 'body is not valid JSON: it begins with a byte order mark'),
  },
  { name: 'empty body', body: '', status: 400, answer: schemaError('', 'body is empty') },
  { name: 'no object', body: '[]', status: 400, answer: schemaError('', 'must be object', { type: 'object' }) },
  {
    name: 'no UTF-8',
    body: Buffer.from([0x7b, 0xff, 0x7d]),
    status: 400,
    answer: schemaError('', 'body is not valid UTF-8'),
  },
  {
    name: 'nested too deeply',
    body: DEEP,
    status: 400,
    answer: schemaError('', 'body is nested more than 1000 levels deep'),
  },
  {
    name: 'no token',
    headers: { authorization: undefined },
    status: 401,
    answer: error('Unauthorized'),
    extraHeaders: { 'www-authenticate': 'Bearer' },
  },
  {
    name: 'a wrong token of the same length',
    headers: { authorization: `Bearer ${TOKEN.slice(1)}x` },
    status: 401,
    answer: error('Unauthorized'),
    extraHeaders: { 'www-authenticate': 'Bearer' },
  },
  { name: 'unknown route', path: '/api/v1/audit', status: 404, answer: error('Not found', undefined, 'error') },
  { name: 'root', method: 'GET', path: '/', status: 404, answer: error('Not found', undefined, 'error') },
  {
    name: 'wrong method',
    method: 'PUT',
    status: 405,
    answer: error('Method not allowed', undefined, 'error'),
    extraHeaders: { allow: 'POST, OPTIONS' },
  },
  {
    name: 'wrong method of the connection test',
    path: '/api/v1/test-connection',
    status: 405,
    answer: error('Method not allowed', undefined, 'error'),
    extraHeaders: { allow: 'GET, HEAD, OPTIONS' },
  },
  {
    name: 'too large',
    body: JSON.stringify(envelope({ extra: 'x'.repeat(64 * 1024) })),
    status: 413,
    answer: error('Body is too large: the limit is 65536 bytes', { limitBytes: 65536 }),
  },
  {
    name: 'another media type',
    headers: { 'content-type': 'text/plain' },
    status: 415,
    answer: error('Unsupported media type: send application/json, not compressed'),
  },
  {
    name: 'no media type',
    headers: { 'content-type': undefined },
    status: 415,
    answer: error('Unsupported media type: send application/json, not compressed'),
  },
  ...['iso-8859-1', '"ISO-8859-1"', 'utf-16', 'us-ascii', '', 'utf-8; charset=latin1'].map((charset) => ({
    name: `another charset: ${charset}`,
    headers: { 'content-type': `application/json; charset=${charset}` },
    status: 415,
    answer: error('Unsupported charset: send UTF-8'),
  })),
  ...['application/json;charset="UTF-8"', 'application/json ; Charset=Utf-8 ; x="; charset=latin1"'].map((type) => ({
    name: `accepted: ${type}`,
    headers: { 'content-type': type },
    status: 202,
    answer: { status: 'accepted', receivedAt: AT, outcome: 'processed' },
  })),
  {
    name: 'compressed',
    headers: { 'content-encoding': 'gzip' },
    status: 415,
    answer: error('Unsupported media type: send application/json, not compressed'),
  },
  {
    name: 'another expectation',
    headers: { expect: 'something' },
    status: 417,
    answer: error('Expectation failed: only 100-continue', undefined, 'error'),
  },
  {
    name: 'accepted: not compressed, of any case',
    headers: { 'content-encoding': 'IDENTITY' },
    status: 202,
    answer: { status: 'accepted', receivedAt: AT, outcome: 'processed' },
  },
  {
    name: 'constraint violations',
    body: JSON.stringify(envelope({ eventId: 'x', correlationId: 'c'.repeat(65) })),
    status: 422,
    answer: error('One or more constraint violations', {
      errors: [
        { instancePath: '/eventId', message: 'must match format "uuid"', params: { format: 'uuid' } },
        { instancePath: '/correlationId', message: 'must NOT have more than 64 characters', params: { limit: 64 } },
      ],
    }),
  },
  {
    name: 'payload',
    body: JSON.stringify(envelope({ payload: { event: { selectionTxnId: 'x' } } })),
    status: 422,
    answer: error('Payload validation failed', {
      errors: [
        {
          instancePath: '/payload/event/selectionTxnId',
          message: 'must match format "uuid"',
          params: { format: 'uuid' },
        },
        {
          instancePath: '/payload/event',
          message: "must have required property 'details'",
          params: { missingProperty: 'details' },
        },
      ],
    }),
  },
  {
    name: 'rule 3: server.*',
    body: JSON.stringify(envelope({ type: 'server.synced' })),
    status: 422,
    answer: error('One or more constraint violations', {
      errors: [
        { instancePath: '/type', message: 'must NOT begin with "server.": those are the server\'s own', params: {} },
      ],
    }),
  },
  {
    name: 'incompatible version: the header counts, its first value',
    headers: { 'x-audit-qs-version': '0.2.0, 0.3.0' },
    status: 422,
    answer: error('Incompatible Audit.qs version', {
      butlerSosVersion: '15.0.0',
      auditQsVersion: '0.2.0',
      compatible: false,
    }),
  },
  {
    name: 'incompatible version of the envelope',
    headers: { 'x-audit-qs-version': undefined },
    body: JSON.stringify(envelope({ source: { version: '0.4.0' } })),
    status: 422,
    answer: error('Incompatible Audit.qs version', {
      butlerSosVersion: '15.0.0',
      auditQsVersion: '0.4.0',
      compatible: false,
    }),
  },
];

for (const { name, method = 'POST', path = EVENT, body, headers, status, answer, extraHeaders } of CASES) {
  test(`${status} ${name}`, async () => {
    const reply = await send(server.url, {
      method,
      path,
      body: body ?? valid(),
      headers: { origin: ORIGIN, ...headers },
    });
    assert.equal(reply.status, status, reply.body);
    assert.deepEqual(JSON.parse(reply.body), answer);
    const type = { 'content-type': 'application/json; charset=utf-8' };
    assert.deepEqual(headersOf(reply), { ...SECURITY, ...CORS, ...type, ...extraHeaders });
    assert.equal(reply.headers['content-length'], String(Buffer.byteLength(reply.body)));
  });
}

test('HEAD is answered as its status says, without a body', async () => {
  const reply = await send(server.url, { method: 'HEAD', path: EVENT, body: '' });
  assert.deepEqual([reply.status, reply.body], [405, '']);
});

test('HEAD of the connection test, as monitors ask, is answered as GET is, without the body', async () => {
  const path = '/api/v1/test-connection';
  const got = await send(server.url, { method: 'GET', path, body: '' });
  const head = await send(server.url, { method: 'HEAD', path, body: '' });
  assert.deepEqual([head.status, head.body], [200, '']);
  assert.deepEqual(headersOf(head), headersOf(got));
  const refused = await send(server.url, { method: 'HEAD', path, body: '', headers: { authorization: undefined } });
  assert.equal(refused.status, 401);
});

test('200 the connection test', async () => {
  const check = async (version: string | undefined) => {
    const reply = await send(server.url, {
      method: 'GET',
      path: '/api/v1/test-connection',
      headers: { origin: ORIGIN, 'x-audit-qs-version': version },
    });
    assert.equal(reply.status, 200);
    assert.equal(reply.headers['access-control-allow-origin'], ORIGIN);
    return JSON.parse(reply.body) as unknown;
  };
  const common = {
    status: 'ok',
    message: 'Butler SOS Audit API is reachable',
    timestamp: AT,
    butlerSosVersion: '15.0.0',
  };
  assert.deepEqual(await check('0.3.1'), { ...common, auditQsVersion: '0.3.1', compatible: true });
  assert.deepEqual(await check('0.2.0'), { ...common, auditQsVersion: '0.2.0', compatible: false });
  assert.deepEqual(await check(undefined), { ...common, auditQsVersion: null, compatible: false });
  const refused = await send(server.url, {
    method: 'GET',
    path: '/api/v1/test-connection',
    headers: { authorization: '' },
  });
  assert.equal(refused.status, 401);
});

for (const [code, reason] of [
  ['EVENT_LOG_FULL', 'Event log disk is full'],
  ['EVENT_LOG_WRITE_FAILED', 'Event log cannot be written'],
  ['EVENT_LOG_CLOSED', 'Server is stopping'],
] as const) {
  test(`503 ${code}, with Retry-After; a repeat afterwards is 202`, async () => {
    const body = valid();
    server.log.failWith = new CodedError(code, 'the disk at /secret/path');
    const refused = await post(server.url, EVENT, body);
    server.log.failWith = undefined;
    assert.equal(refused.status, 503);
    assert.deepEqual(JSON.parse(refused.body), error(reason));
    assert.match(String(refused.headers['retry-after']), /^[1-9]\d*$/);
    assert.equal((await post(server.url, EVENT, body)).status, 202);
    assert.equal((await post(server.url, EVENT, body)).status, 202);
  });
}

test('500 says nothing of the inside; the log does', async () => {
  server.log.failWith = new TypeError('/secret/path is undefined');
  const reply = await post(server.url, EVENT, valid());
  server.log.failWith = undefined;
  assert.equal(reply.status, 500);
  assert.deepEqual(JSON.parse(reply.body), error('Internal error while processing event', undefined, 'error'));
  assert.match(String(server.logger.at('error').at(-1)?.fields.cause), /secret/);
});

test('rule 1: what is stored is what came, on one line; the id in lower case, the envelope as sent', async () => {
  const sent = envelope({ eventId: 'A0000000-0000-4000-8000-00000000000F' });
  const text = ` \n${JSON.stringify(sent, null, 2)}\r\n`.replace(
    '"schemaVersion"',
    '"__proto__": {"a": 1}, "type": "x",\n"schemaVersion"',
  );
  assert.equal((await post(server.url, EVENT, text, undefined, { 'x-audit-qs-version': '0.3.9' })).status, 202);
  const stored = server.log.stored.at(-1);
  assert.deepEqual(stored && { ...stored, envelope: stored.envelope.toString() }, {
    origin: 'client',
    id: 'a0000000-0000-4000-8000-00000000000f',
    type: 'selection.state.changed',
    at: Date.parse(AT),
    envelope: text.trim().replace(/[\r\n]+/g, ''),
    ip: '127.0.0.1',
    auditQsVersion: '0.3.9',
  });
  assert.equal(({} as Record<string, unknown>).a, undefined);
});

test('what was refused because of its contents is kept, and warned of once', async () => {
  const own = await new IngestServer({ clock: new FakeClock() }).start();
  try {
    for (let i = 0; i < 3; i++) await post(own.url, EVENT, '{"a":1}');
    await post(own.url, EVENT, '{}', undefined, { authorization: 'Bearer wrong' });
    assert.deepEqual(
      own.refused.events.map(({ status, reason, ip, body }) => [status, reason, ip, String(body)]),
      Array(3).fill([400, 'Schema validation failed', '127.0.0.1', '{"a":1}']),
    );
    assert.equal(own.logger.at('warn').filter(({ fields }) => fields.status === 400).length, 1);
  } finally {
    await own.stop();
  }
});

test('rule 2: with screenshots switched on, their events await the outcome', async () => {
  const own = await new IngestServer({ ingest: { screenshotsEnabled: true } }).start();
  try {
    const shot = { screenshotUrl: 'https://q/x.png', selectionTxnId: 'c0000000-0000-4000-8000-000000000001' };
    await post(own.url, EVENT, JSON.stringify(envelope({ type: 'screenshot.url.received', payload: { event: shot } })));
    await post(own.url, EVENT, valid());
    assert.deepEqual(
      own.log.stored.map(({ awaits }) => awaits),
      ['screenshot', undefined],
    );
  } finally {
    await own.stop();
  }
});

test('without a token everybody may post; with several, each of them lets in', async () => {
  const open = await new IngestServer({ http: { apiTokens: [] } }).start();
  const rotating = await new IngestServer({ http: { apiTokens: ['old', 'nëw', 'là'] } }).start();
  const status = async (own: IngestServer, authorization: string | undefined) =>
    (await send(own.url, { path: EVENT, body: valid(), headers: { authorization } })).status;
  try {
    assert.equal(await status(open, undefined), 202);
    assert.equal(await status(open, 'Bearer whatever'), 202);
    assert.equal(await status(rotating, 'Bearer old'), 202);
    assert.equal(await status(rotating, `bearer  ${Buffer.from('nëw').toString('latin1')} `), 202);
    assert.equal(await status(rotating, `Bearer ${Buffer.from('là').toString('latin1')}`), 202);
    assert.equal(await status(rotating, 'Bearer nëw'), 202, 'Latin-1, as browsers send it');
    assert.equal(await status(rotating, 'Bearer là'), 202, 'Latin-1, as browsers send it');
    assert.equal(await status(rotating, 'Bearer n\u00c3w'), 401);
    for (const wrong of ['Bearer ol', 'Bearer olde', 'Bearer', 'Basic old', 'old']) {
      assert.equal(await status(rotating, wrong), 401, wrong);
    }
  } finally {
    await open.stop();
    await rotating.stop();
  }
});

test('the order of the checks', async () => {
  const own = await new IngestServer({
    clock: new FakeClock(),
    http: { rateLimit: { enable: true, maxPerMinute: 7 } },
    queue: { maxMessagesPerMinute: 1 },
  }).start();
  const large = 'x'.repeat(65 * 1024);
  const status = async (body: string, headers: Readonly<Record<string, string | undefined>> = {}) =>
    (await send(own.url, { path: EVENT, body, headers })).status;
  try {
    assert.equal(await status(valid()), 202);
    assert.equal(await status(large, { authorization: 'Bearer wrong' }), 401, 'token before size');
    assert.equal(await status(large, { 'content-type': 'text/plain' }), 413, 'size before type and JSON');
    assert.equal(await status('{', { 'x-audit-qs-version': '0.1.0' }), 400, 'JSON before version');
    assert.equal(await status('{}', { 'x-audit-qs-version': '0.1.0' }), 400, 'envelope before version');
    const badContent = JSON.stringify(envelope({ eventId: 'x' }));
    const reply = await send(own.url, { path: EVENT, body: badContent, headers: { 'x-audit-qs-version': '0.1.0' } });
    assert.match(reply.body, /Incompatible/, 'version before content');
    assert.equal(await status(badContent), 422, 'content before the limit of the queue');
    assert.equal(await status(valid()), 429, 'content before the limit of the queue');
    assert.equal(await status(large), 429, 'rate limit before all');
  } finally {
    await own.stop();
  }
});
