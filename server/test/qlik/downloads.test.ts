import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { ScreenshotSource } from '../../src/pipeline/ports/screenshots.ts';
import { PICTURE, QlikWorld } from './qlik-world.ts';

describe('downloads without log-in', () => {
  let world: QlikWorld;
  let source: ScreenshotSource;
  let url: string;
  beforeEach(async () => {
    world = await QlikWorld.start({ requireLogin: false });
    source = world.source({ auth: { mode: 'none' } });
    url = world.qlik.imageUrl('tempcontent/x.png');
  });
  afterEach(() => world.stop());

  const told = async (behaviour: Parameters<QlikWorld['qlik']['setBehaviour']>[1]) => {
    world.qlik.setBehaviour('tempcontent/x.png', behaviour);
    return world.download(source, url);
  };

  it('the bytes as they came, with the format that they have, over https and http', async () => {
    assert.equal(await world.download(source, url), 'downloaded');
    assert.equal(await world.download(source, world.qlik.imageUrl('tempcontent/x.png', { http: true })), 'downloaded');
    assert.deepEqual(world.outcomes, Array(2).fill({ kind: 'downloaded', bytes: PICTURE, format: 'png' }));
    const headers = world.requests('https')[0]?.headers;
    assert.deepEqual(
      [headers?.cookie, headers?.['accept-encoding'], headers?.['user-agent']],
      [undefined, 'identity', 'butler-sos-audit'],
    );
    assert.deepEqual(world.requests('qps'), []);
  });

  it('what may come right by itself is tried again, with what Retry-After says', async () => {
    for (const status of [404, 408, 425, 429, 500, 502, 503, 504]) {
      assert.match(await told(`status:${status}`), status === 404 ? /^retry: not-found$/ : /^retry: http-\d+$/);
    }
    world.qlik.setBehaviour('tempcontent/x.png', 'status:503', { retryAfter: '7' });
    await world.download(source, url);
    assert.equal(
      world.outcomes.at(-1)?.kind === 'retry' && (world.outcomes.at(-1) as { afterMs?: number }).afterMs,
      7000,
    );
    assert.equal(await told('reset'), 'retry: connection-failed');
    assert.equal(await told('truncated'), 'retry: connection-failed');
    assert.equal(await told('long-length'), 'retry: connection-failed');
    assert.equal(await told('short-length'), 'retry: truncated');
    assert.equal(await told('login'), 'retry: login-page');
    assert.equal(await told('login-redirect'), 'retry: login-page');
    assert.equal(await told('html'), 'retry: login-page');
    assert.equal(await told(undefined), 'downloaded');
  });

  it('a picture that is compressed although nobody asked for that', async () => {
    const packed = gzipSync(PICTURE);
    world.qlik.setImage('tempcontent/x.png', packed);
    assert.equal(await world.download(source, url), 'downloaded');
    assert.deepEqual(world.outcomes.at(-1), { kind: 'downloaded', bytes: PICTURE, format: 'png' });
    world.qlik.setImage('tempcontent/x.png', packed.subarray(0, packed.length - 30));
    assert.equal(await world.download(source, url), 'retry: truncated');
    world.qlik.setImage('tempcontent/x.png', gzipSync(Buffer.alloc(1_000_000)));
    assert.equal(await world.download(source, url), 'failed: too-large');
    world.qlik.setImage('tempcontent/x.png', Buffer.from([0x1f, 0x8b, 0xff, 1, 2, 3]));
    assert.equal(await world.download(source, url), 'failed: not-an-image');
  });

  it('an answer that changes the protocol is an answer, and no reason to wait', async () => {
    const upgrading = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.write('HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n'));
    });
    upgrading.listen(0, '127.0.0.1');
    await once(upgrading, 'listening');
    const host = `127.0.0.1:${(upgrading.address() as AddressInfo).port}`;
    const own = world.source({ auth: { mode: 'none' }, options: { allowedImageDownloadHosts: [host] } });
    assert.equal(await world.download(own, `http://${host}/tempcontent/x.png`), 'failed: http-101');
    upgrading.close();
  });

  it('what asking again does not change has failed', async () => {
    for (const status of [400, 405, 410, 418]) assert.equal(await told(`status:${status}`), `failed: http-${status}`);
    assert.equal(await told('status:401'), 'failed: access-denied');
    assert.equal(await told('status:403'), 'failed: access-denied');
    world.qlik.setImage('tempcontent/text.png', Buffer.from('{"no": "picture"}'));
    assert.equal(await world.download(source, world.qlik.imageUrl('tempcontent/text.png')), 'failed: not-an-image');
    const [first, ...others] = [
      'ftp://localhost/x.png',
      'file:///etc/passwd',
      'data:image/png;base64,AA',
      'nonsense',
      '',
    ];
    for (const other of [first, ...others]) assert.equal(await world.download(source, other), 'failed: url-invalid');
    const withPassword = url.replace('//', '//user:secret@');
    assert.equal(await world.download(source, withPassword), 'failed: url-invalid');
  });

  it('a picture is known by its signature, whatever the headers say', async () => {
    assert.equal(await told('lying-type'), 'downloaded');
    assert.equal(await told('gzip'), 'downloaded');
  });

  it('limits of time and size hold while the bytes come', async () => {
    assert.equal(await told('endless'), 'failed: too-large');
    world.qlik.setImage('tempcontent/large.png', Buffer.concat([PICTURE, Buffer.alloc(100_000)]));
    assert.equal(await world.download(source, world.qlik.imageUrl('tempcontent/large.png')), 'failed: too-large');
    source = world.source({ auth: { mode: 'none' }, options: { downloadTimeoutMs: 300 } });
    assert.equal(await told('slow'), 'retry: timed-out');
    assert.equal(await told('hang'), 'retry: timed-out');
  });

  it('an aborted signal answers at once', async () => {
    world.qlik.setBehaviour('tempcontent/x.png', 'hang');
    const stop = new AbortController();
    const waiting = world.download(source, url, null, stop.signal);
    setTimeout(() => stop.abort(), 20);
    assert.equal(await waiting, 'retry: stopped');
    assert.equal(await world.download(source, url, null, AbortSignal.abort()), 'retry: stopped');
  });

  it('five redirects are followed, not six', async () => {
    for (let hop = 1; hop <= 6; hop++) {
      world.qlik.setBehaviour(`hop${hop}`, hop === 1 ? 'redirect:/tempcontent/x.png' : `redirect:hop${hop - 1}`);
    }
    assert.equal(await world.download(source, world.qlik.imageUrl('hop5')), 'downloaded');
    assert.equal(await world.download(source, world.qlik.imageUrl('hop6')), 'failed: too-many-redirects');
    world.qlik.setBehaviour('loop', 'redirect:/loop');
    assert.equal(await world.download(source, world.qlik.imageUrl('loop')), 'failed: too-many-redirects');
  });

  it('a redirect to where no picture may come from ends there', async () => {
    const other = await world.startOther({ requireLogin: false });
    const targets = [
      other.imageUrl('tempcontent/x.png', { host: '127.0.0.1' }),
      'file:///etc/passwd',
      'https://user:secret@localhost/x.png',
      'http://169.254.169.254/latest',
      '//evil.test/x.png',
      'https://[',
    ];
    for (const target of targets) {
      assert.equal(await told(`redirect:${target}`), 'failed: redirect-not-allowed', target);
      assert.doesNotMatch(JSON.stringify(world.outcomes.at(-1)), /redirects to ,/, target);
    }
    assert.deepEqual(other.requests(), []);
  });

  it('connections that fail are told apart', async () => {
    const everywhere = (rejectUnauthorized = true) =>
      world.source({ auth: { mode: 'none' }, options: { allowedOrigins: ['*'], rejectUnauthorized } });
    const anywhere = everywhere();
    assert.equal(await world.download(anywhere, 'https://nowhere.test/x.png'), 'retry: host-unknown');
    assert.equal(await world.download(anywhere, `https://localhost:${world.qlik.httpPort}/x.png`), 'retry: no-tls');
    const stranger = await world.startOther({ requireLogin: false });
    assert.equal(await world.download(anywhere, stranger.imageUrl('x.png')), 'retry: wrong-ca');
    assert.equal(await world.download(everywhere(false), stranger.imageUrl('x.png')), 'retry: not-found');
    world.names['other.test'] = '127.0.0.1';
    const misnamed = world.qlik.imageUrl('tempcontent/x.png', { host: 'other.test' });
    assert.equal(await world.download(anywhere, misnamed), 'retry: wrong-host-name');
  });

  it('a name that leads to a metadata service is not followed, whoever named it', async () => {
    world.names['meta.test'] = '169.254.169.254';
    world.names['meta6.test'] = '::ffff:169.254.169.254';
    const listed = world.source({
      auth: { mode: 'none' },
      options: { allowedImageDownloadHosts: ['meta.test', 'meta6.test'] },
    });
    assert.equal(await world.download(listed, 'http://meta.test/latest'), 'failed: address-not-allowed');
    assert.equal(await world.download(listed, 'http://meta6.test/latest'), 'failed: address-not-allowed');
    const anywhere = world.source({ auth: { mode: 'none' }, options: { allowedOrigins: ['*'] } });
    for (const host of ['169.254.169.254', '0xa9fea9fe', '0251.0376.0251.0376', '[::ffff:a9fe:a9fe]', '0.0.0.0']) {
      assert.equal(await world.download(anywhere, `http://${host}/latest`), 'failed: address-not-allowed', host);
    }
  });

  it('warns at start when any host is allowed, or none', async () => {
    world.source({ auth: { mode: 'none' }, options: { allowedOrigins: ['*'] } });
    assert.match(world.logger.at('warn').at(-1)?.message ?? '', /from any host/);
    const closed = world.source({ auth: { mode: 'none' }, options: { allowedImageDownloadHosts: [] } });
    assert.match(world.logger.at('warn').at(-1)?.message ?? '', /No host is allowed/);
    assert.equal(await world.download(closed, url), 'failed: host-not-allowed');
  });

  it('what fails is told by its outcome alone: whoever asked for the picture warns of it', async () => {
    const source = world.source();
    const before = world.logger.at('warn').length;
    assert.equal(await world.download(source, 'https://evil.test/x.png'), 'failed: host-not-allowed');
    assert.equal(await world.download(source, undefined, null), 'failed: user-unknown');
    for (const behaviour of ['status:503', 'status:403', 'login', 'truncated', 'html'] as const) {
      world.qlik.setBehaviour('tempcontent/x.png', behaviour);
      assert.notEqual(await world.download(source), 'downloaded');
    }
    assert.deepEqual(world.logger.at('warn').slice(before), []);
  });
});
