import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import http, { type IncomingMessage } from 'node:http';
import https, { type RequestOptions } from 'node:https';
import { afterEach, beforeEach, test } from 'node:test';
import { type QlikStandIn, startQlikStandIn } from '../support/qlik-stand-in.ts';

const PICTURE = Buffer.from('a picture');
const KEY = 'abcdefghABCDEFGH';
let qlik: QlikStandIn;
let nowMs = 0;

beforeEach(async () => {
  nowMs = 0;
  qlik = await startQlikStandIn({ nowMs: () => nowMs });
  qlik.setImage('tempcontent/x.png', PICTURE);
  qlik.setImage('analytics/tempcontent/x.png', PICTURE);
});
afterEach(() => qlik.close());

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

function ask(url: string, options: RequestOptions = {}, body = ''): Promise<Answer> {
  const send = url.startsWith('https:') ? https.request : http.request;
  return new Promise((resolve, reject) => {
    const request = send(url, { ca: readFileSync(qlik.caPath), agent: false, ...options }, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += String(chunk);
      });
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body: text }));
    });
    request.on('error', reject);
    request.end(body);
  });
}

function askQps(path: string, options: RequestOptions = {}, body = ''): Promise<Answer> {
  return ask(
    `https://localhost:${qlik.qpsPort}/qps/${path}`,
    {
      cert: readFileSync(qlik.clientCertPath),
      key: readFileSync(qlik.clientKeyPath),
      headers: { 'x-qlik-xrfkey': KEY },
      ...options,
    },
    body,
  );
}

async function ticket(id = 'john', virtualProxy = ''): Promise<string> {
  const body = JSON.stringify({ UserDirectory: 'LAB', UserId: id, Attributes: [] });
  const answer = await askQps(`${virtualProxy}ticket?Xrfkey=${KEY}`, { method: 'POST' }, body);
  assert.equal(answer.status, 201);
  return JSON.parse(answer.body).Ticket;
}

test('the Qlik Proxy Service wants a client certificate, the Xrfkey twice, and a virtual proxy that it knows', async () => {
  const path = `ticket?Xrfkey=${KEY}`;
  const post = { method: 'POST' };
  await assert.rejects(ask(`https://localhost:${qlik.qpsPort}/qps/${path}`, post));
  assert.equal((await askQps('ticket', post)).status, 403);
  assert.equal((await askQps('ticket?Xrfkey=short', { ...post, headers: { 'x-qlik-xrfkey': 'short' } })).status, 403);
  assert.equal((await askQps(path, { ...post, headers: { 'x-qlik-xrfkey': 'ABCDEFGHabcdefgh' } })).status, 403);
  assert.equal((await askQps(`nowhere/${path}`, post)).status, 404);
  assert.equal((await askQps(path, post, '{"UserDirectory":"LAB","UserId":"a\\\\b"}')).status, 400);
});

test('a ticket is good once, for a minute, on its virtual proxy', async () => {
  const withTicket = async (made: string, path = 'tempcontent/x.png') =>
    (await ask(qlik.imageUrl(path, { query: `qlikTicket=${made}` }))).status;
  const first = await ticket();
  assert.equal(await withTicket(first), 200);
  assert.equal(await withTicket(first), 302);
  assert.equal(await withTicket(await ticket('john', 'analytics/')), 302);
  assert.equal(await withTicket(await ticket('john', 'analytics/'), 'analytics/tempcontent/x.png'), 200);
  const old = await ticket();
  nowMs = 60_001;
  assert.equal(await withTicket(old), 302);
});

test('a session is known by its cookie until it is ended, and five are the most', async () => {
  const url = qlik.imageUrl('tempcontent/x.png');
  const { headers } = await ask(`${url}?qlikTicket=${await ticket()}`);
  const cookie = headers['set-cookie']?.[1]?.split(';')[0] ?? '';
  assert.match(cookie, /^X-Qlik-Session=.{36}$/);
  const withCookie = async () => (await ask(url, { headers: { cookie } })).status;
  assert.equal(await withCookie(), 200);
  for (let other = 0; other < 4; other++) qlik.openSession('LAB\\john');
  const sixth = await ask(`${url}?qlikTicket=${await ticket()}`);
  assert.deepEqual([sixth.status, JSON.parse(sixth.body)], [403, { errorText: 'UsageDenied' }]);
  const end = `session/${cookie.split('=')[1]}?Xrfkey=${KEY}`;
  assert.equal((await askQps(`analytics/${end}`, { method: 'DELETE' })).status, 404);
  assert.equal((await askQps(end, { method: 'DELETE' })).status, 200);
  assert.equal(await withCookie(), 302);
  assert.equal(qlik.sessions().length, 4);
  assert.equal(qlik.mostSessionsOf('LAB\\john'), 5);
});

test('answers as told: hanging until released, broken, so many times', async () => {
  const open = await startQlikStandIn({ requireLogin: false });
  open.setImage('x.png', PICTURE);
  const get = () => ask(open.imageUrl('x.png', { http: true }));
  open.setBehaviour('x.png', 'hang');
  const hanging = get();
  await new Promise((resolve) => setTimeout(resolve, 20));
  open.setBehaviour('x.png', undefined);
  assert.equal((await hanging).body, 'a picture');
  open.setBehaviour('x.png', 'truncated', { times: 1 });
  await assert.rejects(get());
  assert.equal((await get()).body, 'a picture');
  open.setBehaviour('x.png', 'status:503', { retryAfter: '7' });
  const { status, headers } = await get();
  assert.deepEqual([status, headers['retry-after']], [503, '7']);
  await open.close();
});
