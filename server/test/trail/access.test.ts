import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { afterEach, describe, it } from 'node:test';
import { AccessFile } from '../../src/adapters/viewer-access/access-file.ts';
import type { Account } from '../../src/adapters/viewer-access/accounts.ts';
import { hashPassword } from '../../src/adapters/viewer-access/password-hash.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { DOCUMENT } from './answer-schema.ts';
import { eventLine } from './sample-events.ts';
import { TrailWorld, type WorldOptions } from './trail-world.ts';

const PASSWORD = 'a long enough password';
const HOUR_MS = 3_600_000;
/** What needs no log-in, with what it answers to nothing; no identity provider is set up. */
const OPEN: Readonly<Record<string, number>> = {
  'post /session': 400,
  'post /session/provider': 404,
  'get /log-in-options': 200,
  'get /openapi.json': 200,
};

describe('who may look', () => {
  const worlds: TrailWorld[] = [];
  afterEach(async () => {
    for (const world of worlds.splice(0)) await world.stop();
  });
  async function start(options: WorldOptions = {}): Promise<TrailWorld> {
    const world = await TrailWorld.start(options);
    worlds.push(world);
    return world;
  }
  async function anna(more: Partial<Account> = {}): Promise<Account> {
    const passwordHash = await hashPassword(PASSWORD);
    return { name: 'anna', passwordHash, role: 'reader', pictures: true, objectData: true, ...more };
  }

  it('without a log-in there is nothing but the description of the API', async () => {
    const world = await start();
    const visitor = world.visitor();
    for (const path of [
      ...['session', 'events', 'events/x', 'transactions/x', 'users/x/timeline', 'users', 'apps', 'summary?by=app'],
      ...['histogram', 'suggest?q=a', 'screenshots/x', 'live', 'export?format=csv', 'system', 'dead-letters'],
    ]) {
      const { status, body } = await visitor.get(path);
      assert.deepEqual([status, body.error.code], [401, 'NOT_LOGGED_IN'], path);
    }
    assert.equal((await visitor.post('dead-letters/retry', {})).status, 401);
    assert.equal((await visitor.get('openapi.json')).status, 200);
    assert.match((await visitor.get('session')).headers.get('link') ?? '', /openapi\.json>; rel="service-desc"/);
  });

  it('every route of the document is there, and asks for a log-in', async () => {
    const world = await start();
    const visitor = world.visitor();
    for (const [path, operations] of Object.entries(DOCUMENT.paths)) {
      for (const [method, { security }] of Object.entries(operations)) {
        const { status } = await visitor.send(
          method.toUpperCase(),
          path.slice(1).replace(/\{\w+\}/g, 'x'),
          method === 'post' ? {} : undefined,
          {},
        );
        assert.equal(status, security === undefined ? 401 : OPEN[`${method} ${path}`], `${method} ${path}`);
      }
    }
    assert.deepEqual(await visitor.read('openapi.json'), {
      ...DOCUMENT,
      info: { ...(DOCUMENT as never as { info: object }).info, version: '15.0.0' },
    });
  });

  it('a link opens a session once; its token is kept nowhere, its file is the owner’s', async () => {
    const clock = new FakeClock();
    const world = await start({ clock });
    const link = world.links.create('olga', 1000);
    const folder = join(world.folder, 'viewer-links');
    const [file = ''] = readdirSync(folder);
    assert.ok(!file.includes(link));
    if (process.platform !== 'win32') {
      assert.equal(statSync(folder).mode & 0o777, 0o700);
      assert.equal(statSync(join(folder, file)).mode & 0o777, 0o600);
    }
    const visitor = world.visitor();
    const answer = await visitor.post('session', { link });
    assert.deepEqual([answer.status, answer.body.name, answer.body.role], [200, 'olga', 'admin']);
    assert.match(
      answer.headers.get('set-cookie') ?? '',
      /^audit-trail-\d+=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=43200$/,
    );
    assert.deepEqual((await visitor.read('session')).name, 'olga');
    assert.deepEqual(readdirSync(folder), []);
    assert.equal((await world.visitor().post('session', { link })).body.error.code, 'LINK_SPENT');
    const expired = world.links.create('olga', 1000);
    await clock.advance(1000);
    assert.equal((await world.visitor().post('session', { link: expired })).status, 401);
    assert.equal((await world.visitor().post('session', { link: '../../etc/passwd' })).status, 401);
  });

  it('behind a proxy with TLS the cookie goes over TLS only', async () => {
    const world = await start({});
    const cookieFor = async (headers: Record<string, string>) => {
      const body = JSON.stringify({ link: world.links.create('olga', 60_000) });
      const { port } = new URL(world.url);
      return new Promise<string>((resolve, reject) => {
        const options = { port, method: 'POST', path: '/api/v1/trail/session' };
        const sent = request({ ...options, headers: { 'content-type': 'application/json', ...headers } }, (answer) => {
          answer.resume();
          resolve(String(answer.headers['set-cookie']));
        });
        sent.on('error', reject).end(body);
      });
    };
    const proxied = await cookieFor({ host: 'audit.example', origin: 'https://audit.example' });
    assert.match(proxied, /HttpOnly; SameSite=Strict; Max-Age=43200; Secure$/);
    assert.ok(!(await cookieFor({ host: '127.0.0.1', origin: 'http://127.0.0.1' })).includes('Secure'));
  });

  it('name and password open a session; logging out ends it', async () => {
    const world = await start({ users: [await anna({ apps: ['x'], pictures: false })] });
    const visitor = await world.loggedIn('anna', PASSWORD);
    const { csrfToken: _, ...session } = await visitor.read('session');
    assert.deepEqual(session, {
      name: 'anna',
      role: 'reader',
      apps: ['x'],
      maySeePictures: false,
      maySeeObjectData: true,
    });
    const { cookie = '' } = visitor;
    assert.equal((await visitor.send('DELETE', 'session', undefined, {})).status, 204);
    assert.equal(visitor.cookie, undefined);
    visitor.cookie = cookie;
    assert.equal((await visitor.get('events')).status, 401);
  });

  it('wrong passwords and unknown names say the same, and soon have to wait', async () => {
    const clock = new FakeClock();
    const world = await start({ clock, users: [await anna()] });
    const visitor = world.visitor();
    const wrong = await visitor.post('session', { user: 'anna', password: 'wrong' });
    const unknown = await visitor.post('session', { user: 'nobody', password: 'wrong' });
    assert.deepEqual([wrong.status, wrong.body], [unknown.status, unknown.body]);
    for (let i = 0; i < 4; i++) await visitor.post('session', { user: 'anna', password: 'wrong' });
    const waiting = await visitor.post('session', { user: 'anna', password: PASSWORD });
    assert.deepEqual([waiting.status, waiting.headers.get('retry-after')], [429, '1']);
    await clock.advance(1000);
    assert.equal((await visitor.post('session', { user: 'anna', password: 'wrong' })).status, 401);
    assert.equal((await visitor.post('session', { user: 'anna', password: PASSWORD })).headers.get('retry-after'), '2');
    await clock.advance(2000);
    assert.equal((await visitor.post('session', { user: 'anna', password: PASSWORD })).status, 200);
    // a right one wipes the slate
    assert.equal((await visitor.post('session', { user: 'anna', password: 'wrong' })).status, 401);
  });

  it('a session ends when nobody uses it, and after some hours in any case', async () => {
    const clock = new FakeClock();
    const world = await start({ clock, users: [await anna()] });
    const idle = await world.loggedIn('anna', PASSWORD);
    const busy = await world.loggedIn('anna', PASSWORD);
    for (let hours = 0.5; hours < 12; hours += 0.5) {
      await clock.advance(HOUR_MS / 2);
      assert.equal((await busy.get('session')).status, 200, `${hours}`);
    }
    assert.equal((await idle.get('session')).status, 401);
    await clock.advance(HOUR_MS / 2);
    assert.equal((await busy.get('session')).status, 401);
  });

  it('what a page asks by itself does not keep a session alive', async () => {
    const clock = new FakeClock();
    const world = await start({ clock, users: [await anna({ role: 'admin' })] });
    const visitor = await world.loggedIn('anna', PASSWORD);
    const polled = () => visitor.get('system', { 'x-background': '1' });
    for (let minutes = 10; minutes < 60; minutes += 10) {
      await clock.advance(10 * 60_000);
      assert.equal((await polled()).status, 200);
    }
    await visitor.get('system');
    await clock.advance(50 * 60_000);
    assert.equal((await polled()).status, 200);
    await clock.advance(10 * 60_000);
    assert.equal((await polled()).status, 401);
    assert.equal((await visitor.get('system')).status, 401);
  });

  it('an account that is changed or taken away takes its sessions along', async () => {
    const world = await start();
    const file = new AccessFile(world.folder);
    const account = await anna();
    file.change(() => ({ users: [account], tokens: [] }));
    const visitor = await world.loggedIn('anna', PASSWORD);
    file.change(() => ({ users: [{ ...account, apps: [] }], tokens: [] }));
    assert.deepEqual((await visitor.read('session')).apps, []);
    file.change(() => ({ users: [], tokens: [] }));
    assert.equal((await visitor.get('session')).status, 401);
  });

  it('what changes something needs the token of the session and no other site', async () => {
    const world = await start();
    const visitor = await world.operator();
    const retry = { destination: 'nowhere' };
    const host = new URL(world.url).host;
    assert.equal(
      (await visitor.post('dead-letters/retry', retry, { 'x-csrf-token': '' })).body.error.code,
      'CSRF_TOKEN',
    );
    assert.equal((await visitor.post('dead-letters/retry', retry, { 'x-csrf-token': 'x'.repeat(43) })).status, 403);
    assert.equal((await visitor.send('DELETE', 'session', undefined, { 'x-csrf-token': '' })).status, 403);
    assert.equal(
      (await visitor.post('dead-letters/retry', retry, { origin: 'https://evil.example' })).body.error.code,
      'OTHER_SITE',
    );
    assert.equal((await visitor.post('session', { link: 'x' }, { origin: 'null' })).status, 403);
    assert.equal((await visitor.post('session', { link: 'x' }, { 'sec-fetch-site': 'cross-site' })).status, 403);
    assert.equal((await visitor.post('dead-letters/retry', retry, { origin: `http://${host}` })).status, 404);
    assert.equal((await visitor.post('dead-letters/retry', retry)).status, 404);
    assert.equal((await visitor.post('dead-letters/retry', { destination: 7 })).status, 400);
  });

  it('API tokens: by the header alone, with their limits, until they are taken away', async () => {
    const world = await start();
    await world.add(eventLine({ id: 1 }), eventLine({ id: 2, app: null }));
    const file = new AccessFile(world.folder);
    const token = { name: 'report', role: 'reader', pictures: false, objectData: false, createdAt: '' } as const;
    const sha256 = hash('sha256', 'the-token', 'hex');
    file.change(() => ({ users: [], tokens: [{ ...token, sha256, apps: ['7d5f6e2a-1111-4222-8333-444444444444'] }] }));
    const script = world.visitor();
    script.headers = { authorization: 'Bearer the-token' };
    assert.equal((await script.read('histogram')).total, 1);
    assert.equal((await script.post('dead-letters/retry', { destination: 'x' })).body.error.code, 'ADMIN_ONLY');
    file.change(() => ({ users: [], tokens: [] }));
    assert.equal((await script.get('events')).status, 401);
    script.headers = { authorization: `Bearer ${sha256}` };
    assert.equal((await script.get('events')).status, 401);
  });

  it('a proxy’s header is believed from its address only, and for known users only', async () => {
    const users = [await anna()];
    const near = await start({ users, proxy: { addresses: ['127.0.0.1'], userHeader: 'X-Remote-User' } });
    const visitor = near.visitor();
    visitor.headers = { 'x-remote-user': 'anna' };
    const { csrfToken } = await visitor.read('session');
    assert.match(csrfToken, /^[\w-]{43}$/);
    assert.equal((await visitor.send('DELETE', 'session', undefined, { 'x-csrf-token': csrfToken })).status, 204);
    visitor.headers = { 'x-remote-user': 'bert' };
    assert.equal((await visitor.get('session')).status, 401);
    const far = await start({ users, proxy: { addresses: ['10.0.0.5'], userHeader: 'X-Remote-User' } });
    const other = far.visitor();
    other.headers = { 'x-remote-user': 'anna', 'x-forwarded-for': '10.0.0.5' };
    assert.equal((await other.get('session')).status, 401);
  });

  it('open to other machines without TLS, nobody comes in but through the proxy', async () => {
    const users = [await anna()];
    const world = await start({
      users,
      isOpenToOthers: true,
      proxy: { addresses: ['127.0.0.1'], userHeader: 'X-User' },
    });
    const visitor = world.visitor();
    assert.equal((await visitor.post('session', { user: 'anna', password: PASSWORD })).body.error.code, 'TLS_NEEDED');
    assert.equal(
      (await visitor.post('session', { link: world.links.create('olga', 1000) })).body.error.code,
      'TLS_NEEDED',
    );
    assert.equal((await visitor.get('events')).status, 403);
    visitor.headers = { 'x-user': 'anna' };
    assert.equal((await visitor.get('events')).status, 200);
  });

  it('a foreign name in Host is refused before anything else', async () => {
    const world = await start();
    const { port } = new URL(world.url);
    const answerFor = (host: string) =>
      new Promise((resolve, reject) => {
        request({ port, host: '127.0.0.1', path: '/api/v1/trail/session', headers: { host } }, async (response) => {
          const { error } = (await json(response)) as { error: { code: string } };
          resolve([response.statusCode, error.code]);
        })
          .on('error', reject)
          .end();
      });
    assert.deepEqual(await answerFor('attacker.example'), [421, 'UNKNOWN_HOST']);
    assert.deepEqual(await answerFor(`audit.example:${port}`), [401, 'NOT_LOGGED_IN']);
  });

  it('bodies that are no JSON, or too long, are the client’s mistake', async () => {
    const world = await start();
    const send = async (body: string, type: string) =>
      (await fetch(`${world.url}/api/v1/trail/session`, { method: 'POST', body, headers: { 'content-type': type } }))
        .status;
    assert.equal(await send('{', 'application/json'), 400);
    assert.equal(await send('{"link":"x"}', 'text/plain'), 400);
    assert.equal(await send('link=x', 'application/x-www-form-urlencoded'), 415);
    assert.equal(await send(JSON.stringify({ link: 'x'.repeat(100_000) }), 'application/json'), 413);
    assert.deepEqual(world.failures, []);
  });

  it('the page: hashed files for ever, everything strict, its own addresses answered with it', async () => {
    const world = await start();
    assert.match(await (await fetch(world.url)).text(), /^The page was not built/);
    const page = join(world.folder, 'page');
    mkdirSync(join(page, 'assets'), { recursive: true });
    writeFileSync(join(page, 'index.html'), '<!doctype html><title>trail</title>');
    writeFileSync(join(page, 'assets', 'app-1a2b.js'), `export const x = 1; // ${'x'.repeat(2000)}`);
    const shown = await start({ pageFolder: page });
    const get = (path: string, headers = {}) => fetch(`${shown.url}${path}`, { headers });
    for (const path of ['/', '/login', '/events/a0000000-0000-4000-8000-000000000001', '/story?user=anna']) {
      const answer = await get(path);
      assert.equal(answer.status, 200, path);
      assert.match(await answer.text(), /<title>trail/);
      assert.equal(answer.headers.get('cache-control'), 'no-cache');
      const policy = answer.headers.get('content-security-policy') ?? '';
      assert.match(policy, /default-src 'none'; script-src 'self'; style-src 'self'/);
      assert.ok(!/unsafe|https?:|\*/.test(policy));
    }
    const script = await get('/assets/app-1a2b.js', { 'accept-encoding': 'br' });
    assert.equal(script.headers.get('cache-control'), 'public, max-age=31536000, immutable');
    assert.equal(script.headers.get('content-encoding'), 'br');
    assert.match(await script.text(), /export const x/);
    for (const path of ['/assets/old-0000.js', '/api/v1/nothing', '/api/v1/trail/nothing', '/%2e%2e/durable.sqlite']) {
      const answer = await get(path);
      const text = await answer.text();
      assert.ok(answer.status === 404 || /<title>trail/.test(text), path);
      assert.ok(path.startsWith('/%') || answer.status === 404, path);
    }
    assert.equal((await fetch(`${shown.url}/events`, { method: 'POST' })).status, 404);
    assert.equal((await get('/health/live')).status, 200);
  });
});
