import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { CodedError } from '../../src/domain/errors.ts';
import { eventually } from '../support/eventually.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { JOHN, MemorySessions, PICTURE, QlikWorld } from './qlik-world.ts';

const JANE = 'LAB\\jane';

describe('sessions at Qlik Sense', () => {
  let world: QlikWorld;
  beforeEach(async () => {
    world = await QlikWorld.start({
      virtualProxies: { '': {}, analytics: {}, sales: { cookieName: 'Sales-Session' } },
    });
  });
  afterEach(() => world.stop());

  const tickets = () => world.requests('qps', 'POST').length;
  const ends = () => world.requests('qps', 'DELETE').length;
  const cached = (more: { readonly ttlSeconds?: number; readonly maxEntries?: number } = {}) => ({
    sessionCache: { enable: true, ttlSeconds: 120, maxEntries: 100, ...more },
  });
  const uncached = { sessionCache: { enable: false, ttlSeconds: 120, maxEntries: 100 } };

  it('a ticket is asked for as the user of the event, and its session used for the next pictures', async () => {
    const source = world.source();
    for (let i = 0; i < 3; i++) assert.equal(await world.download(source), 'downloaded');
    assert.equal(tickets(), 1);
    const [ticket] = world.requests('qps', 'POST');
    assert.match(ticket?.path ?? '', /^\/qps\/ticket\?Xrfkey=[0-9A-Za-z]{16}$/);
    assert.deepEqual(JSON.parse(ticket?.body ?? ''), { UserDirectory: 'LAB', UserId: 'john', Attributes: [] });
    const pictures = world.requests('https');
    assert.match(pictures[0]?.path ?? '', /^\/tempcontent\/x\.png\?qlikTicket=\w+$/);
    assert.deepEqual(
      pictures.map(({ path }) => path.includes('qlikTicket')),
      [true, false, false],
    );
    assert.deepEqual(
      pictures.map(({ headers }) => headers.cookie !== undefined),
      [false, true, true],
    );
    assert.deepEqual(
      world.qlik.sessions().map(({ user }) => user),
      ['LAB\\john'],
    );
  });

  it('qpsTicket: as the configured user, whatever the event says', async () => {
    const source = world.source({ auth: { mode: 'qpsTicket', qps: { userDirectory: 'LAB', userId: 'service' } } });
    assert.equal(await world.download(source, undefined, JANE), 'downloaded');
    assert.equal(await world.download(source, undefined, null), 'downloaded');
    assert.deepEqual(
      world.qlik.sessions().map(({ user }) => user),
      ['LAB\\service'],
    );
  });

  it('fifty pictures of one user at a time: one session, with and without a cache', async () => {
    for (const auth of [cached(), uncached]) {
      const source = world.source({ auth });
      const spellings = [JOHN, 'lab\\JOHN', 'LAB; UserId=John'];
      const all = Array.from({ length: 50 }, (_, i) => world.download(source, undefined, spellings[i % 3] ?? null));
      assert.deepEqual(new Set(await Promise.all(all)), new Set(['downloaded']));
      await source.close(2000);
      assert.deepEqual(world.qlik.sessions(), []);
    }
    assert.deepEqual([tickets(), ends()], [2, 2]);
    assert.equal(world.qlik.mostSessionsOf('LAB\\john') + world.qlik.mostSessionsOf('lab\\JOHN'), 1);
  });

  it('two users whose names only look alike never share a session', async () => {
    const source = world.source();
    const names = ['strauß', 'STRAUSS', 'x²', 'x2', 'ﬁona', 'fiona', 'Strauß'];
    for (const name of names) assert.equal(await world.download(source, undefined, `LAB\\${name}`), 'downloaded');
    assert.deepEqual(
      world.qlik.sessions().map(({ user }) => user),
      names.slice(0, 6).map((name) => `LAB\\${name}`),
    );
  });

  it('without a cache a session ends with its picture', async () => {
    const source = world.source({ auth: uncached });
    assert.equal(await world.download(source), 'downloaded');
    await eventually(() => world.qlik.sessions().length === 0 && world.sessions.open.size === 0);
    assert.equal(await world.download(source), 'downloaded');
    assert.deepEqual([tickets(), world.qlik.mostSessionsOf('LAB\\john')], [2, 1]);
  });

  it('each virtual proxy has its own ticket, cookie and end; a configured one holds for all', async () => {
    world.qlik.setImage('sales/tempcontent/x.png', Buffer.from('x'));
    const source = world.source({ auth: { sessionCookieName: 'Sales-Session' } });
    assert.equal(await world.download(source, world.qlik.imageUrl('sales/tempcontent/x.png')), 'failed: not-an-image');
    assert.match(world.requests('qps')[0]?.path ?? '', /^\/qps\/sales\/ticket\?/);
    await source.close(2000);
    assert.match(world.requests('qps', 'DELETE')[0]?.path ?? '', /^\/qps\/sales\/session\//);

    const usual = world.source();
    assert.equal(await world.download(usual, world.qlik.imageUrl('analytics/tempcontent/x.png')), 'downloaded');
    assert.equal(await world.download(usual, world.qlik.imageUrl('tempcontent/x.png')), 'downloaded');
    const open = () => world.qlik.sessions().map(({ virtualProxy }) => virtualProxy);
    assert.deepEqual(open(), ['']);
    await usual.close(2000);
    assert.deepEqual(open(), []);
    const paths = world.requests('qps', 'DELETE').map(({ path }) => path.replace(/session.*/, ''));
    assert.deepEqual(paths, ['/qps/sales/', '/qps/analytics/', '/qps/']);

    const empty = world.source({ auth: { qps: { virtualProxy: '' } } });
    assert.equal(await world.download(empty, world.qlik.imageUrl('analytics/tempcontent/x.png')), 'downloaded');
    assert.equal(await world.download(empty, world.qlik.imageUrl('tempcontent/x.png')), 'downloaded');
    await empty.close(2000);
    const fixed = world.source({ auth: { qps: { virtualProxy: '/analytics/' } } });
    assert.equal(await world.download(fixed, world.qlik.imageUrl('analytics/tempcontent/x.png')), 'downloaded');
    assert.equal(await world.download(fixed, world.qlik.imageUrl('tempcontent/x.png')), 'retry: login-page');
    assert.deepEqual(open(), []);
  });

  it('one configured name, and virtual proxies with other names: one session at a time, and all of them end', async () => {
    const own = await QlikWorld.start({
      virtualProxies: { '': {}, sales: { cookieName: 'Sales-Session' }, hr: { cookieName: 'HR' } },
    });
    const source = own.source({ auth: { sessionCookieName: 'Sales-Session' } });
    for (const path of ['x.png', 'sales/x.png', 'hr/x.png'].map((name) => name.replace('x.png', 'tempcontent/x.png'))) {
      own.qlik.setImage(path, PICTURE);
      for (let i = 0; i < 3; i++) assert.equal(await own.download(source, own.qlik.imageUrl(path)), 'downloaded');
    }
    assert.deepEqual([own.qlik.sessions().length, own.requests('qps', 'POST').length], [1, 3]);
    await source.close(2000);
    assert.deepEqual(own.qlik.sessions(), []);
    await own.stop();
  });

  it('one session for each user, whichever virtual proxies the pictures are of', async () => {
    for (const name of ['sales', 'analytics', ''])
      world.qlik.setImage(`${name}/tempcontent/x.png`.slice(name === '' ? 1 : 0), PICTURE);
    for (const auth of [cached(), uncached]) {
      const source = world.source({ auth });
      const paths = ['sales/tempcontent/x.png', 'analytics/tempcontent/x.png', 'tempcontent/x.png'];
      const all = Array.from({ length: 30 }, (_, i) => world.download(source, world.qlik.imageUrl(paths[i % 3] ?? '')));
      assert.deepEqual(new Set(await Promise.all(all)), new Set(['downloaded']));
      await source.close(2000);
    }
    assert.equal(world.qlik.mostSessionsOf('LAB\\john'), 1);
    assert.deepEqual(world.qlik.sessions(), []);
  });

  it('what one virtual proxy refuses is no trouble of another one', async () => {
    const source = world.source();
    const paths = ['unknown/tempcontent/x.png', 'tempcontent/x.png'];
    const found = await Promise.all(paths.map((path) => world.download(source, world.qlik.imageUrl(path))));
    assert.deepEqual(found, ['failed: virtual-proxy-unknown', 'downloaded']);
  });

  it('over plain http, where that is allowed, the cookie has another name', async () => {
    const source = world.source({
      auth: { allowedPaths: [] },
      options: { allowHttpCredentials: true, allowedImageDownloadHosts: ['localhost'] },
    });
    const url = world.qlik.imageUrl('tempcontent/x.png', { http: true });
    assert.equal(await world.download(source, url), 'downloaded');
    assert.equal(await world.download(source, url), 'downloaded');
    assert.match(world.requests('http')[1]?.headers.cookie ?? '', /^X-Qlik-Session-HTTP=/);
    assert.equal(tickets(), 1);
  });

  it('a session that Qlik Sense no longer knows is dropped, and one new ticket tried', async () => {
    for (const withoutSession of ['redirect', 'page', 401, 403] as const) {
      const own = await QlikWorld.start({ withoutSession });
      const source = own.source();
      await own.download(source);
      own.qlik.endAllSessions();
      assert.equal(await own.download(source), 'downloaded', String(withoutSession));
      assert.equal(own.requests('qps', 'POST').length, 2);
      assert.equal(own.qlik.mostSessionsOf('LAB\\john'), 1);
      own.qlik.endAllSessions();
      const many = await Promise.all(Array.from({ length: 20 }, () => own.download(source)));
      assert.deepEqual(new Set(many), new Set(['downloaded']));
      assert.equal(own.qlik.mostSessionsOf('LAB\\john'), 1);
      await own.stop();
    }
  });

  it('a session that is over may be led to a log-in on a host of its own', async () => {
    const source = world.source();
    assert.equal(await world.download(source), 'downloaded');
    world.qlik.endAllSessions();
    const idp = 'redirect:https://idp.test/realms/lab/protocol/openid-connect/auth' as const;
    world.qlik.setBehaviour('tempcontent/x.png', idp, { times: 1, beforeLogin: true });
    assert.equal(await world.download(source), 'downloaded');
    assert.equal(tickets(), 2);
    world.qlik.setBehaviour('tempcontent/x.png', undefined);
    assert.equal(await world.download(source), 'downloaded');
    world.qlik.setBehaviour('tempcontent/x.png', idp);
    assert.equal(await world.download(source), 'failed: redirect-not-allowed');
    assert.deepEqual([tickets(), world.qlik.mostSessionsOf('LAB\\john')], [3, 1]);
  });

  it('a fresh ticket that does not help is the last one', async () => {
    const source = world.source();
    await world.download(source);
    world.qlik.setBehaviour('tempcontent/x.png', 'status:403');
    assert.equal(await world.download(source), 'failed: access-denied');
    assert.equal(tickets(), 2);
    world.qlik.setBehaviour('tempcontent/x.png', 'login-redirect');
    assert.equal(await world.download(source), 'retry: login-page');
    assert.equal(tickets(), 3);
    await eventually(() => world.qlik.sessions().length === 0);
    assert.equal(world.qlik.mostSessionsOf('LAB\\john'), 1);
  });

  it('the sixth session of a user is refused by Qlik Sense: try again later', async () => {
    for (let other = 0; other < 5; other++) world.qlik.openSession('LAB\\john');
    const source = world.source();
    assert.equal(await world.download(source), 'retry: too-many-sessions');
    const outcome = world.outcomes.at(-1);
    assert.match(outcome !== undefined && 'message' in outcome ? outcome.message : '', /no more sessions/);
    world.qlik.endAllSessions();
    assert.equal(await world.download(source), 'downloaded');
  });

  it('the refusal of a sixth session is known whichever way Qlik Sense says it', async () => {
    const ways = [
      ...(['redirect:/customerror/?type=UsageDenied', 'says:200:UsageDenied', 'says:403:UsageDenied'] as const),
      'says:403:You have too many sessions active in parallel' as const,
    ];
    for (const way of ways) {
      world.qlik.setBehaviour('tempcontent/x.png', way, { beforeLogin: true });
      assert.equal(await world.download(world.source()), 'retry: too-many-sessions', way);
    }
  });

  it('a picture that is not there does not cost the session', async () => {
    const source = world.source();
    assert.equal(await world.download(source, world.qlik.imageUrl('tempcontent/none.png')), 'retry: not-found');
    assert.equal(await world.download(source), 'downloaded');
    assert.equal(tickets(), 1);
  });

  it('sessions end when their time is over, and when there are too many', async () => {
    const clock = new FakeClock();
    const source = world.source({ clock, auth: cached({ ttlSeconds: 60, maxEntries: 1 }) });
    assert.equal(await world.download(source), 'downloaded');
    await clock.advance(59_000);
    assert.equal(world.qlik.sessions().length, 1);
    await clock.advance(1000);
    await eventually(() => world.qlik.sessions().length === 0 && world.sessions.open.size === 0);
    assert.equal(await world.download(source), 'downloaded');
    assert.equal(await world.download(source, undefined, JANE), 'downloaded');
    await eventually(() => world.qlik.sessions().length === 1 && world.sessions.open.size === 1);
    assert.deepEqual(
      world.qlik.sessions().map(({ user }) => user),
      [JANE],
    );
    assert.equal(world.qlik.mostSessionsOf('LAB\\john'), 1);
  });

  it('closing ends all of them, and lets nobody in', async () => {
    const source = world.source();
    await Promise.all([world.download(source), world.download(source, undefined, JANE)]);
    assert.equal(world.qlik.sessions().length, 2);
    await Promise.all([source.close(2000), source.close(2000)]);
    assert.deepEqual([world.qlik.sessions(), world.sessions.list()], [[], []]);
    assert.equal(await world.download(source), 'retry: stopped');
    assert.equal(tickets(), 2);
  });

  it('closing ends also what could not be ended when its time was over', async () => {
    const source = world.source({ auth: { sessionCache: { enable: false, ttlSeconds: 1, maxEntries: 1 } } });
    world.qlik.setQpsBehaviour('status:503', 'DELETE');
    assert.equal(await world.download(source), 'downloaded');
    await eventually(() => ends() === 1 && world.qlik.sessions().length === 1);
    await eventually(() => world.logger.at('warn').length === 1);
    world.qlik.setQpsBehaviour(undefined, 'DELETE');
    await source.close(2000);
    assert.deepEqual([world.qlik.sessions(), world.sessions.list(), ends()], [[], [], 2]);
  });

  it('closing during a download breaks it off and ends its session', async () => {
    const source = world.source();
    world.qlik.setBehaviour('tempcontent/x.png', 'slow');
    const waiting = world.download(source);
    await eventually(() => world.sessions.open.size === 1);
    await source.close(2000);
    assert.equal(await waiting, 'retry: stopped');
    assert.deepEqual([world.qlik.sessions(), world.sessions.list()], [[], []]);
  });

  it('rule 15: a session is remembered before use, and what a crash left is ended at the next start', async () => {
    const remembered = new MemorySessions();
    const before = world.source({ sessions: remembered });
    world.qlik.setBehaviour('tempcontent/x.png', 'slow');
    void world.download(before);
    await eventually(() => remembered.open.size === 1);
    const [left] = remembered.list();
    assert.deepEqual(left, {
      ...{ host: 'localhost', port: world.qlik.qpsPort, virtualProxy: '', user: 'LAB\\john' },
      sessionId: world.qlik.sessions()[0]?.id,
    });
    // the process is gone; the next one has nothing but the table
    const afterwards = new MemorySessions();
    if (left !== undefined) afterwards.remember(left);
    world.qlik.setBehaviour('tempcontent/x.png', undefined);
    const source = world.source({ sessions: afterwards });
    assert.equal(await world.download(source), 'downloaded');
    assert.equal(world.qlik.mostSessionsOf('LAB\\john'), 1);
    assert.equal(afterwards.open.size, 1);
    assert.notEqual(afterwards.list()[0]?.sessionId, left?.sessionId);
  });

  it('while a left-over session cannot be ended, its user gets no second one', async () => {
    const { id } = world.qlik.openSession('LAB\\john');
    const left = { host: 'localhost', port: world.qlik.qpsPort, virtualProxy: '', user: 'lab\\JOHN', sessionId: id };
    world.sessions.remember(left);
    world.qlik.setQpsBehaviour('status:503', 'DELETE');
    const source = world.source();
    assert.equal(await world.download(source), 'retry: qps-failed');
    assert.equal(await world.download(source, undefined, JANE), 'downloaded');
    assert.deepEqual(world.sessions.list()[0], left);
    world.qlik.setQpsBehaviour(undefined, 'DELETE');
    assert.equal(await world.download(source), 'downloaded');
    assert.equal(world.qlik.mostSessionsOf('LAB\\john'), 1);
  });

  it('what cannot be ended at the start or later is tried again for three quarters of an hour, and told of once', async () => {
    const { id } = world.qlik.openSession('LAB\\john');
    const place = { host: 'localhost', port: world.qlik.qpsPort, virtualProxy: '' };
    world.sessions.remember({ ...place, user: 'LAB\\john', sessionId: id });
    world.qlik.setQpsBehaviour('status:503', 'DELETE');
    const clock = new FakeClock();
    const source = world.source({ clock, auth: cached({ ttlSeconds: 5 }) });
    await eventually(() => world.logger.at('warn').length === 1);
    assert.equal(await world.download(source, undefined, JANE), 'downloaded');
    await clock.advance(5000);
    await eventually(() => world.logger.at('warn').length === 2);
    await clock.advance(10_000);
    await eventually(() => ends() === 4);
    world.qlik.setQpsBehaviour(undefined, 'DELETE');
    // the next round sleeps only when the last one is over
    await eventually(async () => {
      await clock.advance(30_000);
      return world.qlik.sessions().length === 0 && world.sessions.open.size === 0;
    });
    assert.equal(world.logger.at('warn').length, 2);
  });

  it('an end that Qlik Sense refuses: kept where the client certificate is the trouble, else given up, and told of', async () => {
    const warned = () => world.logger.at('warn').filter(({ message }) => message.includes('could not be ended'));
    const source = world.source({ auth: { sessionCache: { enable: false, ttlSeconds: 1, maxEntries: 1 } } });
    world.qlik.setQpsBehaviour('status:403', 'DELETE');
    assert.equal(await world.download(source), 'downloaded');
    await eventually(() => warned().length === 1);
    assert.equal(warned()[0]?.fields.reason, 'qps-client-certificate');
    assert.equal(await world.download(source), 'retry: qps-client-certificate');
    assert.deepEqual([tickets(), world.sessions.open.size], [1, 1]);
    world.qlik.setQpsBehaviour('status:405', 'DELETE');
    assert.equal(await world.download(source), 'downloaded');
    await eventually(() => world.sessions.open.size === 0);
    assert.match(String(warned().at(-1)?.fields.problem), /could not end a session \(405\)/);
    assert.match(warned().at(-1)?.message ?? '', /idle for long/);
  });

  it('a session that cannot be remembered is ended at once', async () => {
    const sessions = new MemorySessions();
    sessions.remember = () => {
      throw new CodedError('STATE_DATABASE_FAILED', 'durable.sqlite: the disk is full');
    };
    const source = world.source({ sessions });
    assert.equal(await world.download(source), 'retry: state-failed');
    assert.deepEqual([tickets(), ends(), world.qlik.sessions()], [1, 1, []]);
  });

  it('a log-in without an answer: no second ticket until it is known what became of the first', async () => {
    const clock = new FakeClock();
    const source = world.source({ clock });
    world.qlik.setBehaviour('tempcontent/x.png', 'hang');
    const waiting = world.download(source);
    await eventually(() => world.qlik.sessions().length === 1);
    await clock.advance(7000);
    assert.equal(await waiting, 'retry: timed-out');
    assert.equal(await world.download(source), 'retry: session-in-doubt');
    world.qlik.setBehaviour('tempcontent/x.png', undefined);
    await eventually(() => world.sessions.open.size === 1);
    assert.equal(await world.download(source), 'downloaded');
    assert.deepEqual([tickets(), world.qlik.mostSessionsOf('LAB\\john')], [1, 1]);
  });

  it('that waiting has an end, and closing does not wait for it longer than it may', async () => {
    const clock = new FakeClock();
    const source = world.source({ clock });
    world.qlik.setBehaviour('tempcontent/x.png', 'hang', { times: 1 });
    const waiting = world.download(source);
    await eventually(() => world.qlik.sessions().length === 1);
    await clock.advance(7000);
    await waiting;
    await clock.advance(600_000);
    assert.equal(await world.download(source), 'downloaded');
    world.qlik.setBehaviour('tempcontent/x.png', 'hang');
    const second = world.download(source, undefined, JANE);
    await eventually(() => world.qlik.sessions().length === 3);
    await clock.advance(7000);
    await second;
    const closing = source.close(1000);
    await clock.advance(1000);
    await closing;
  });
});
