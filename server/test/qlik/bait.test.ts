import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { QlikStandIn } from '../support/qlik-stand-in.ts';
import { JOHN, QlikWorld, type SourceSettings, secretsOf } from './qlik-world.ts';

/** URLs and users come from browsers; what they try to get is a ticket or a cookie. */
describe('a browser that tries to steal', () => {
  let world: QlikWorld;
  let thief: QlikStandIn;
  let here: string;
  beforeEach(async () => {
    world = await QlikWorld.start({ hostNames: ['qlik.test', 'sense.test'] });
    thief = await world.startOther({ requireLogin: false });
    thief.setImage('tempcontent/x.png', Buffer.from('x'));
    here = `localhost:${world.qlik.httpsPort}`;
  });
  afterEach(async () => {
    const secrets = secretsOf(world.qlik);
    const said = JSON.stringify([world.logger.lines, world.outcomes]).toLowerCase();
    assert.deepEqual(
      secrets.filter((secret) => said.includes(secret.toLowerCase())),
      [],
    );
    const stolen = JSON.stringify(thief.requests());
    assert.deepEqual(
      secrets.filter((secret) => stolen.includes(secret)),
      [],
    );
    assert.doesNotMatch(stolen, /qlikTicket|"cookie"/);
    await world.stop();
  });

  const tickets = () => world.requests('qps', 'POST').length;

  async function tryAll(settings: SourceSettings, urls: readonly string[], identity: string | null = JOHN) {
    const source = world.source(settings);
    const found: Record<string, string> = {};
    for (const url of urls) found[url] = await world.download(source, url, identity);
    assert.equal(tickets(), 0, 'a ticket was asked for');
    const cookies = world.qlik.requests().filter(({ headers }) => headers.cookie !== undefined);
    assert.deepEqual(cookies, []);
    return found;
  }

  it("a ticket in the URL, somebody else's: it goes nowhere, with and without a session", async () => {
    const { qlik } = world;
    const sent = () => JSON.stringify(qlik.requests());
    for (const mode of ['userTicket', 'none'] as const) {
      const source = world.source({ auth: { mode } });
      for (const name of ['qlikTicket', 'QLIKTICKET', '%71likTicket']) {
        const url = `${qlik.imageUrl('tempcontent/x.png')}?a=1&${name}=foreign&b=%20`;
        assert.equal(await world.download(source, url), mode === 'none' ? 'retry: login-page' : 'downloaded');
      }
    }
    assert.doesNotMatch(sent(), /foreign/);
    assert.match(sent(), /x\.png\?a=1&b=%20"/);
    assert.equal(tickets(), 1);
  });

  it('another host or port, or the same host in disguise', async () => {
    const port = world.qlik.httpsPort;
    const urls = [
      thief.imageUrl('tempcontent/x.png'),
      `https://127.0.0.1:${port}/tempcontent/x.png`,
      `https://localhost.:${port}/tempcontent/x.png`,
      `https://localhost.evil.test:${port}/tempcontent/x.png`,
      `https://localhost:${port}@evil.test/tempcontent/x.png`,
      `https://evil.test\\@localhost:${port}/tempcontent/x.png`,
      `https://2130706433:${port}/tempcontent/x.png`,
      `https://0x7f.1:${port}/tempcontent/x.png`,
      `https://0177.0.0.1:${port}/tempcontent/x.png`,
      `https://[::ffff:127.0.0.1]:${port}/tempcontent/x.png`,
      `https://[::1]:${port}/tempcontent/x.png`,
      `http://localhost:${world.qlik.httpPort}/tempcontent/x.png`,
    ];
    const found = await tryAll({ options: { allowedImageDownloadHosts: [here] } }, urls);
    assert.match([...new Set(Object.values(found))].sort().join(), /^failed: host-not-allowed,failed: url-invalid$/);
    assert.deepEqual([world.qlik.requests(), thief.requests()], [[], []]);
  });

  it('upper case and a list with a host alone name the same host, and nothing else', async () => {
    const source = world.source({ options: { allowedImageDownloadHosts: ['LocalHost'] } });
    assert.equal(
      await world.download(source, `HTTPS://LOCALHOST:${world.qlik.httpsPort}/tempcontent/x.png`),
      'downloaded',
    );
    assert.equal(
      await world.download(source, `https://127.0.0.1:${world.qlik.httpsPort}/tempcontent/x.png`),
      'failed: host-not-allowed',
    );
  });

  it('another port than the one of the origin', async () => {
    const found = await tryAll({}, [thief.imageUrl('tempcontent/x.png')]);
    // the picture may come from there, but nobody logs in; that server's authority is a stranger here
    assert.deepEqual(Object.values(found), ['retry: wrong-ca']);
  });

  it('plain http', async () => {
    const url = world.qlik.imageUrl('tempcontent/x.png', { http: true });
    const found = await tryAll({ options: { allowedImageDownloadHosts: ['localhost'] } }, [url]);
    assert.deepEqual(found, { [url]: 'failed: login-not-allowed' });
  });

  it('a path outside of tempcontent', async () => {
    const paths = [
      ...['x.png', 'content/Default/x.png', 'extensions/evil/tempcontent/x.png', 'api/v1/tempcontent/x.png'],
      ...['tempcontent/../qmc/x.png', 'tempcontent/..%2fqmc', 'tempcontent/%252e%252e/qmc', 'Evil/tempcontent/x.png'],
      ...['tempcontent/..%5cqmc', 'hub?/tempcontent/x.png', 'x%2ftempcontent/x.png', 'tempcontent%2f..%2fqmc/x'],
    ];
    const found = await tryAll(
      {},
      paths.map((path) => world.qlik.imageUrl(path)),
    );
    assert.deepEqual([...new Set(Object.values(found))], ['failed: login-not-allowed']);
  });

  it('a virtual proxy that does not exist', async () => {
    const source = world.source();
    const url = world.qlik.imageUrl('nowhere/tempcontent/x.png');
    assert.equal(await world.download(source, url), 'failed: virtual-proxy-unknown');
    assert.deepEqual(world.requests('https'), []);
  });

  it('users of INTERNAL, denied users, and nobody', async () => {
    const auth = { deniedUsers: ['LAB\\administrator'] };
    const url = world.qlik.imageUrl('tempcontent/x.png');
    for (const user of ['INTERNAL\\sa_repository', 'UserDirectory=Internal; UserId=sa_api', 'lab\\Administrator']) {
      assert.deepEqual(await tryAll({ auth }, [url], user), { [url]: 'failed: user-denied' });
    }
    for (const user of [null, '', 'N/A', 'john@cloud.example', 'LAB\\', '\\john', 'LAB\\a\\b']) {
      assert.deepEqual(await tryAll({ auth }, [url], user), { [url]: 'failed: user-unknown' });
    }
    assert.deepEqual(world.qlik.requests(), []);
    const internal = { mode: 'qpsTicket', qps: { userDirectory: 'INTERNAL', userId: 'sa_api' } } as const;
    assert.deepEqual(await tryAll({ auth: internal }, [url]), { [url]: 'failed: user-denied' });
  });

  it('any host is allowed: credentials only for those that are named', async () => {
    thief.setImage('tempcontent/x.png', Buffer.from('x'));
    world.names['thief.test'] = '127.0.0.1';
    const options = { allowedOrigins: ['*'], rejectUnauthorized: false };
    const url = thief.imageUrl('tempcontent/x.png', { host: 'thief.test' });
    assert.deepEqual(await tryAll({ options }, [url]), { [url]: 'failed: not-an-image' });
    assert.equal(await world.download(world.source({ options })), 'downloaded');
    assert.equal(tickets(), 1);
  });

  describe('an allowed host that redirects', () => {
    const redirected = async (settings: SourceSettings, target: string | (() => string)) => {
      const source = world.source(settings);
      await world.download(source, undefined, 'LAB\\somebody');
      const results: string[] = [];
      // with a ticket in the URL, and with a cookie
      for (const identity of [JOHN, 'LAB\\somebody']) {
        const to = typeof target === 'string' ? target : target();
        world.qlik.setBehaviour('tempcontent/bait.png', `redirect:${to}`);
        results.push(await world.download(source, world.qlik.imageUrl('tempcontent/bait.png'), identity));
      }
      return [...new Set(results)].join();
    };

    it('to a host that is not allowed', async () => {
      assert.equal(
        await redirected({}, thief.imageUrl('tempcontent/x.png', { host: '127.0.0.1' })),
        'failed: redirect-not-allowed',
      );
      assert.deepEqual(thief.requests(), []);
    });

    it('to any host, where any is allowed: nothing goes along', async () => {
      world.names['thief.test'] = '127.0.0.1';
      const options = { allowedOrigins: ['*'], rejectUnauthorized: false };
      assert.equal(
        await redirected({ options }, thief.imageUrl('tempcontent/x.png', { host: 'thief.test' })),
        'failed: not-an-image',
      );
      assert.equal(thief.requests().length, 2);
    });

    it('to plain http, or out of tempcontent, on the same host: nothing goes along', async () => {
      const options = { allowedImageDownloadHosts: ['localhost'] };
      const plain = world.qlik.imageUrl('tempcontent/x.png', { http: true });
      assert.equal(await redirected({ options }, plain), 'retry: login-page');
      assert.equal(await redirected({ options }, world.qlik.imageUrl('hub/x.png')), 'retry: login-page');
      const leaks = world.qlik
        .requests()
        .filter(({ server, path }) => server === 'http' || path.startsWith('/hub/'))
        .filter(({ path, headers }) => path.includes('qlikTicket') || headers.cookie !== undefined);
      assert.deepEqual(leaks, []);
    });

    it('to another host that is named itself: the cookie goes along, the ticket does not', async () => {
      world.names['sense.test'] = '127.0.0.1';
      const options = { allowedImageDownloadHosts: ['localhost', 'sense.test'] };
      const target = world.qlik.imageUrl('tempcontent/x.png', { host: 'sense.test', query: 'a=1&qlikTicket=x' });
      assert.equal(await redirected({ options }, target), 'downloaded');
      const arrived = world.requests('https').filter(({ headers }) => headers.host?.startsWith('sense.test'));
      assert.deepEqual(
        arrived.map(({ path }) => path),
        Array(2).fill('/tempcontent/x.png?a=1'),
      );
      assert.ok(arrived.every(({ headers }) => headers.cookie?.startsWith('X-Qlik-Session=')));
    });

    it('to an address that holds what it was sent', async () => {
      const options = { allowedOrigins: ['*'], rejectUnauthorized: false };
      world.names['thief.test'] = '127.0.0.1';
      const source = world.source({ options });
      const tempting = thief.imageUrl('tempcontent/x.png', { host: 'thief.test' });
      for (const echo of ['echo-in-path', 'echo-in-query', 'echo-in-host'] as const) {
        world.qlik.setBehaviour('tempcontent/bait.png', `${echo}:${tempting}`);
        const url = world.qlik.imageUrl('tempcontent/bait.png');
        for (let i = 0; i < 2; i++)
          assert.equal(await world.download(source, url), 'failed: redirect-not-allowed', echo);
      }
      assert.deepEqual(thief.requests(), []);
    });
  });

  it('a ticket of the browser itself is not sent along with ours', async () => {
    const query = 'serverNodeId=1&QlikTicket=theirs&x=%20a+b&qlik%54icket=theirs';
    assert.equal(
      await world.download(world.source(), world.qlik.imageUrl('tempcontent/x.png', { query })),
      'downloaded',
    );
    assert.match(
      world.requests('https')[0]?.path ?? '',
      /^\/tempcontent\/x\.png\?serverNodeId=1&x=%20a\+b&qlikTicket=\w+$/,
    );
  });
});
