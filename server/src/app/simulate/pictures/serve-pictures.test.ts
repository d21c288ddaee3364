import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { FakeClock } from '../../../../test/support/fake-clock.ts';
import type { SimulatedEnvelope } from '../envelope.ts';
import { eventStream } from '../event-stream.ts';
import { PictureHost } from './picture-host.ts';
import { type PicturesAtServer, servePictures, waitUntilFetched } from './serve-pictures.ts';

const never = new AbortController().signal;

async function listen(t: TestContext): Promise<PictureHost> {
  const host = await PictureHost.listen({ host: '127.0.0.1', port: 0 });
  t.after(() => host.close());
  return host;
}

/** Some events of a run whose pictures are at the host; the host knows of them. */
function announce(host: PictureHost, count = 300): readonly string[] {
  const stream = eventStream({ users: 3, seed: 7, startAt: 0, screenshotOrigin: host.origin });
  const envelopes = Array.from({ length: count }, (): SimulatedEnvelope => stream.next().value.envelope);
  for (const envelope of envelopes) host.announced.note(envelope);
  return envelopes.flatMap(({ payload }) => (payload.event.screenshotUrl as string | undefined) ?? []);
}

function surroundings() {
  let text = '';
  const stdout = { write: (part: string) => (text += part) };
  return { stdout, clock: new FakeClock(), text: () => text };
}

const options = (atServer: () => Promise<PicturesAtServer | undefined> = async () => undefined) => ({
  ...{ host: '127.0.0.1', port: 0 },
  atServer,
});

test('serves what was announced, with the URL as it stands in the event; the rest is gone', async (t) => {
  const host = await listen(t);
  const [first = '', ...others] = announce(host);
  assert.match(first, /^http:\/\/127\.0\.0\.1:\d+\/tempcontent\/[\w-]{36}\/\w{6}\.png\?serverNodeId=[\w-]{36}$/);
  assert.equal(host.announced.unfetched, 1 + others.length);
  for (let i = 0; i < 2; i++) {
    const answer = await fetch(first);
    assert.deepEqual([answer.status, answer.headers.get('content-type')], [200, 'image/png']);
    assert.equal(Buffer.from(await answer.arrayBuffer()).toString('latin1', 1, 4), 'PNG');
  }
  assert.equal(host.announced.unfetched, others.length);
  assert.equal((await fetch(first, { method: 'POST' })).status, 410);
  for (const path of ['/', '/tempcontent/x/WpLRKj.png', '/../etc/passwd']) {
    assert.equal((await fetch(new URL(path, host.origin))).status, 410, path);
  }
});

test('a port that is taken is one sentence, and there are no pictures', async (t) => {
  const other = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => other.once('listening', resolve));
  t.after(() => other.close());
  const { port } = other.address() as { port: number };
  const around = surroundings();
  assert.equal(await servePictures({ ...options(), port }, around), undefined);
  assert.equal(
    around.text(),
    `Port ${port} of 127.0.0.1 is in use by another program, so this run goes on without pictures.\n`,
  );
});

test('a server that fetches none is not offered any', async () => {
  const around = surroundings();
  assert.equal(
    await servePictures(
      options(async () => ({ state: 'off' })),
      around,
    ),
    undefined,
  );
  assert.equal(around.text(), '');
});

test('waits until all are fetched', async (t) => {
  const host = await listen(t);
  const urls = announce(host);
  const around = surroundings();
  const waited = waitUntilFetched(host, options(), around, never);
  for (const url of urls) await (await fetch(url)).arrayBuffer();
  await around.clock.advance(250);
  await waited;
  assert.equal(
    around.text(),
    `Waiting until the server has fetched ${urls.length} pictures more (Ctrl-C ends it).\nThe server has all pictures.\n`,
  );
});

test('waits no longer than the server awaits pictures, nor after Ctrl-C, nor when it has long fetched none', async (t) => {
  const host = await listen(t);
  const count = announce(host).length;
  const given = `The server did not fetch ${count} pictures.\n`;
  let atServer: PicturesAtServer = { state: 'running', waiting: 3 };
  const wait = async (msUntilItEnds: number, signal = never) => {
    const around = surroundings();
    const waited = waitUntilFetched(
      host,
      options(async () => atServer),
      around,
      signal,
    );
    if (msUntilItEnds > 0) {
      await around.clock.advance(msUntilItEnds - 1);
      assert.doesNotMatch(around.text(), /did not fetch/);
    }
    await around.clock.advance(500);
    await waited;
    assert.ok(around.text().endsWith(given), around.text());
  };
  await wait(35_000);
  await wait(0, AbortSignal.abort());
  atServer = { state: 'running', waiting: 0 };
  await wait(2000);
});
