import assert from 'node:assert/strict';
import { test } from 'node:test';
import { envelope, type Reply } from '../support/audit-client.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { send } from './http-client.ts';
import { IngestServer, type IngestServerOptions, ORIGIN } from './ingest-server.ts';

const clock = () => new FakeClock();
const perMinute = (maxPerMinute: number) => ({ rateLimit: { enable: true, maxPerMinute } });

async function withServer(
  options: IngestServerOptions,
  use: (
    sendEvent: (headers?: Readonly<Record<string, string | undefined>>) => Promise<Reply>,
    own: IngestServer,
  ) => Promise<void>,
): Promise<void> {
  const own = await new IngestServer(options).start();
  try {
    await use(
      (headers) =>
        send(own.url, {
          path: '/api/v1/audit-event',
          body: JSON.stringify(envelope()),
          headers: { origin: ORIGIN, ...headers },
        }),
      own,
    );
  } finally {
    await own.stop();
  }
}

test('429 says when to come again and what the limit is, and scripts can read it', async () => {
  const time = clock();
  await withServer({ clock: time, http: perMinute(2) }, async (sendEvent, own) => {
    assert.equal((await sendEvent()).status, 202);
    assert.equal((await sendEvent()).status, 202);
    await time.advance(15_000);
    const { status, headers, body } = await sendEvent();
    assert.equal(status, 429);
    assert.equal(headers['retry-after'], '45');
    assert.equal(headers['x-ratelimit-limit'], '2');
    assert.equal(headers['x-ratelimit-remaining'], '0');
    assert.equal(headers['x-ratelimit-reset'], '45');
    assert.equal(headers['access-control-allow-origin'], ORIGIN);
    const { reason, details } = JSON.parse(body) as { reason: string; details: object };
    assert.equal(reason, 'Rate limit exceeded');
    // as Butler SOS names it
    assert.deepEqual(details, { limitPerMinute: 2, retryAfter: 45 });
    await sendEvent();
    assert.equal(own.logger.at('warn').length, 1);
    await time.advance(45_000);
    assert.equal((await sendEvent()).status, 202);
  });
});

test('the queue has a limit over all clients', async () => {
  await withServer(
    { clock: clock(), http: { trustProxy: true }, queue: { maxMessagesPerMinute: 2 } },
    async (sendEvent, own) => {
      for (const [i, status] of [202, 202, 429].entries()) {
        assert.equal((await sendEvent({ 'x-forwarded-for': `10.0.0.${i}` })).status, status);
      }
      const { headers } = await sendEvent();
      assert.deepEqual([headers['retry-after'], headers['x-ratelimit-limit']], ['60', '2']);
      assert.equal(own.queue.snapshot().messagesDroppedRateLimit, 2);
    },
  );
});

test('clients behind a trusted proxy are told apart by address', async () => {
  await withServer({ clock: clock(), http: { ...perMinute(1), trustProxy: ['loopback'] } }, async (sendEvent, own) => {
    assert.equal((await sendEvent({ 'x-forwarded-for': '10.0.0.1' })).status, 202);
    assert.equal((await sendEvent({ 'x-forwarded-for': '10.0.0.2' })).status, 202);
    assert.equal(
      (await sendEvent({ 'x-forwarded-for': '10.9.9.9, 10.0.0.2' })).status,
      429,
      'the nearest that is not ours',
    );
    assert.deepEqual(
      own.log.stored.map(({ ip }) => ip),
      ['10.0.0.1', '10.0.0.2'],
    );
  });
});

test('without trust the header is not believed', async () => {
  await withServer({ clock: clock(), http: perMinute(1) }, async (sendEvent, own) => {
    assert.equal((await sendEvent({ 'x-forwarded-for': '10.0.0.1' })).status, 202);
    assert.equal((await sendEvent({ 'x-forwarded-for': '10.0.0.2' })).status, 429);
    assert.equal(own.log.stored[0]?.ip, '127.0.0.1');
  });
});

test('who has no right token cannot use up the events of who has', async () => {
  await withServer({ clock: clock(), http: perMinute(2) }, async (sendEvent) => {
    for (const status of [401, 401, 429, 429]) {
      assert.equal((await sendEvent({ authorization: `Bearer ${Math.random()}` })).status, status);
    }
    assert.equal((await sendEvent()).status, 202);
  });
});

test('a connection test is no event', async () => {
  await withServer({ clock: clock(), http: perMinute(1) }, async (sendEvent, own) => {
    const check = () => send(own.url, { method: 'GET', path: '/api/v1/test-connection' });
    for (let i = 0; i < 3; i++) assert.equal((await check()).status, 200);
    assert.equal((await sendEvent()).status, 202);
    assert.equal((await check()).status, 429);
  });
});

test('what the queue rate limit refuses is warned of: at once, then once a minute with a count', async () => {
  const time = clock();
  await withServer({ clock: time, queue: { maxMessagesPerMinute: 1 } }, async (sendEvent, own) => {
    for (const status of [202, 429, 429, 429]) assert.equal((await sendEvent()).status, status);
    await time.advance(60_000);
    for (const status of [202, 429]) assert.equal((await sendEvent()).status, status);
    const warned = own.logger.at('warn').filter(({ message }) => message.includes('maxMessagesPerMinute'));
    assert.deepEqual(
      warned.map(({ fields }) => fields.count),
      [1, 3],
    );
  });
});
