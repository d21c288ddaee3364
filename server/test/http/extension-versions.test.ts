import assert from 'node:assert/strict';
import { test } from 'node:test';
import { envelope, post } from '../support/audit-client.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { send } from './http-client.ts';
import { IngestServer } from './ingest-server.ts';

const EVENT = '/api/v1/audit-event';
const valid = () => JSON.stringify(envelope());

test('missing versions: a debug line each, one warning per address with the count', async () => {
  const clock = new FakeClock();
  const own = await new IngestServer({ clock, http: { trustProxy: true } }).start();
  const sendFrom = (address: string) =>
    send(own.url, {
      path: EVENT,
      body: JSON.stringify(envelope({ source: undefined })),
      headers: { 'x-audit-qs-version': undefined, 'x-forwarded-for': address },
    });
  try {
    for (const address of ['10.0.0.1', '10.0.0.1', '10.0.0.2']) assert.equal((await sendFrom(address)).status, 202);
    await clock.advance(61_000);
    await sendFrom('10.0.0.1');
    assert.equal(own.logger.at('debug').length, 4);
    assert.deepEqual(
      own.logger.at('warn').map(({ fields }) => [fields.ip, fields.missingVersionCount]),
      [
        ['10.0.0.1', 1],
        ['10.0.0.2', 1],
        ['10.0.0.1', 2],
      ],
    );
  } finally {
    await own.stop();
  }
});

test('a burst behind which nothing comes is counted in the log all the same, a minute later', async () => {
  const clock = new FakeClock();
  const own = await new IngestServer({ clock }).start();
  const post = (headers: Record<string, string | undefined>) =>
    send(own.url, { path: EVENT, body: JSON.stringify(envelope({ source: undefined })), headers });
  try {
    for (let i = 0; i < 3; i++) assert.equal((await post({ 'x-audit-qs-version': undefined })).status, 202);
    for (let i = 0; i < 4; i++) assert.equal((await post({ authorization: 'Bearer wrong' })).status, 401);
    await clock.advance(60_000);
    own.ingest.sayDueWarnings();
    own.api.sayDueWarnings();
    assert.deepEqual(
      own.logger.at('warn').map(({ fields }) => fields.missingVersionCount ?? fields.count),
      [1, 1, 2, 3],
    );
  } finally {
    await own.stop();
  }
});

test('missing versions: what is refused afterwards is not counted', async () => {
  const clock = new FakeClock();
  const own = await new IngestServer({ clock, queue: { maxMessagesPerMinute: 2 } }).start();
  const event = () => envelope({ source: undefined });
  const headers = { 'x-audit-qs-version': undefined };
  try {
    const batch = JSON.stringify([event(), event(), event()]);
    const { body } = await send(own.url, { path: `${EVENT}s`, body: batch, headers });
    assert.deepEqual(
      JSON.parse(body).results.map(({ statusCode }: { statusCode: number }) => statusCode),
      [202, 202, 429],
    );
    assert.equal((await send(own.url, { path: EVENT, body: JSON.stringify(event()), headers })).status, 429);
    own.ingest.close();
    const counts = own.logger.at('warn').map(({ fields }) => fields.missingVersionCount ?? 0);
    assert.equal(
      counts.reduce<number>((sum, count) => sum + Number(count), 0),
      2,
    );
    assert.equal(own.logger.at('debug').length, 2);
  } finally {
    await own.stop();
  }
});

test('incompatible versions that are accepted: one warning per version and minute with the count', async () => {
  const clock = new FakeClock();
  const own = await new IngestServer({ clock, compatibility: { onIncompatible: 'accept' } }).start();
  const sendAs = (version: string) => post(own.url, EVENT, valid(), undefined, { 'x-audit-qs-version': version });
  try {
    for (const version of ['0.2.0', '0.2.0', '0.3.1', '0.2.1', '0.2.0']) await sendAs(version);
    await clock.advance(61_000);
    await sendAs('0.2.0');
    assert.deepEqual(
      own.logger.at('warn').map(({ fields }) => [fields.auditQsVersion, fields.count]),
      [
        ['0.2.0', 1],
        ['0.2.1', 1],
        ['0.2.0', 3],
      ],
    );
  } finally {
    await own.stop();
  }
});

test('dropped because of the version: the warning says so, with both versions', async () => {
  const own = await new IngestServer({ clock: new FakeClock() }).start();
  try {
    const reply = await post(own.url, EVENT, valid(), undefined, { 'x-audit-qs-version': '0.2.0' });
    assert.equal(reply.status, 422);
    const [warning] = own.logger.at('warn');
    assert.match(warning?.message ?? '', /incompatible Audit\.qs version/);
    assert.deepEqual(warning?.fields.details, {
      butlerSosVersion: '15.0.0',
      auditQsVersion: '0.2.0',
      compatible: false,
    });
  } finally {
    await own.stop();
  }
});

test('an operator may accept incompatible versions, or widen the range', async () => {
  for (const compatibility of [{ onIncompatible: 'accept' }, { auditQsVersionRange: '>=0.2.0' }] as const) {
    const own = await new IngestServer({ compatibility }).start();
    try {
      assert.equal((await post(own.url, EVENT, valid(), undefined, { 'x-audit-qs-version': '0.2.0' })).status, 202);
    } finally {
      await own.stop();
    }
  }
});
