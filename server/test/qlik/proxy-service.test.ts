import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { LoginOptions } from '../../src/adapters/qlik/options.ts';
import type { ScreenshotSource } from '../../src/pipeline/ports/screenshots.ts';
import { type QlikStandInOptions, startQlikStandIn } from '../support/qlik-stand-in.ts';
import { QlikWorld, secretsOf } from './qlik-world.ts';

describe('the Qlik Proxy Service', () => {
  let world: QlikWorld;
  let folder: string;
  beforeEach(async () => {
    world = await QlikWorld.start();
    folder = mkdtempSync(join(tmpdir(), 'audit-qps-'));
  });
  afterEach(async () => {
    await world.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const says = (source: ScreenshotSource) => world.download(source);
  const lastMessage = () => {
    const last = world.outcomes.at(-1);
    return last === undefined || last.kind === 'downloaded' ? '' : last.message;
  };
  const own = () => {
    const { clientCertPath, clientKeyPath, caPath } = world.qlik;
    return { clientCert: clientCertPath, clientCertKey: clientKeyPath, clientCertCA: caPath };
  };
  const withQps = (qps: Partial<LoginOptions['qps']>) => world.source({ auth: { qps } });

  it('each way not to get a ticket has its reason, and says what to do', async () => {
    const told = async (behaviour: Parameters<QlikWorld['qlik']['setQpsBehaviour']>[0]) => {
      world.qlik.setQpsBehaviour(behaviour);
      return says(withQps({ ticketTimeoutMs: behaviour === 'hang' ? 300 : 10_000 }));
    };
    assert.equal(await told('status:404'), 'failed: virtual-proxy-unknown');
    assert.match(lastMessage(), /the default virtual proxy/);
    assert.equal(await told('status:400'), 'failed: qps-user-refused');
    assert.equal(await told('xsrf'), 'retry: qps-xrfkey');
    assert.match(lastMessage(), /X-Qlik-Xrfkey/);
    assert.equal(await told('says:400:XSRF prevention check failed'), 'retry: qps-xrfkey');
    assert.equal(await told('says:400:The virtual proxy is unknown'), 'failed: virtual-proxy-unknown');
    assert.equal(await told('says:403:UsageDenied'), 'retry: too-many-sessions');
    assert.equal(await told('status:403'), 'retry: qps-client-certificate');
    assert.equal(await told('status:500'), 'retry: qps-failed');
    assert.equal(await told('login'), 'retry: qps-failed');
    assert.match(lastMessage(), /no ticket/);
    assert.equal(await told('endless'), 'retry: qps-failed');
    assert.equal(await told('hang'), 'retry: qps-timed-out');
    assert.equal(await told('reset'), 'retry: qps-client-certificate');
    assert.equal(await told('redirect:https://evil.test/'), 'retry: qps-failed');
    assert.equal(await told(undefined), 'downloaded');
  });

  it('connections that fail are explained', async () => {
    const closed = await startQlikStandIn();
    const port = closed.qpsPort;
    await closed.close();
    assert.equal(await says(withQps({ port })), 'retry: qps-connection-refused');
    assert.match(lastMessage(), /4243/);
    assert.equal(await says(withQps({ host: 'nowhere.invalid' })), 'retry: qps-host-unknown');
    assert.equal(await says(withQps({ port: world.qlik.httpPort })), 'retry: qps-no-tls');
  });

  it('server certificates: wrong name, wrong authority, no longer valid; checked unless told otherwise', async () => {
    const trial = async (certificate: QlikStandInOptions, rejectUnauthorized = true) => {
      const other = await world.startOther(certificate);
      const { clientCertPath: clientCert, clientKeyPath: clientCertKey, caPath: clientCertCA } = other;
      const cert = certificate.hostNames === undefined ? { clientCert, clientCertKey, clientCertCA } : own();
      return says(world.source({ auth: { qps: { port: other.qpsPort, cert } }, options: { rejectUnauthorized } }));
    };
    assert.equal(await trial({ certificateHosts: ['other.lab'] }), 'retry: qps-wrong-host-name');
    assert.match(lastMessage(), /another name \(DNS:other\.lab\)/);
    assert.equal(await trial({ hostNames: ['stranger'] }), 'retry: qps-wrong-ca');
    assert.match(lastMessage(), /root\.pem/);
    assert.equal(await trial({ certificateDays: -1 }), 'retry: qps-certificate-date');
    // the ticket came; the picture's host does not know it
    assert.equal(await trial({ certificateHosts: ['other.lab'] }, false), 'retry: login-page');
  });

  it('client certificates: none, a stranger, unreadable, or with the key of another', async () => {
    const { clientCertCA } = own();
    const stranger = await world.startOther();
    const strange = { clientCert: stranger.clientCertPath, clientCertKey: stranger.clientKeyPath, clientCertCA };
    assert.equal(await says(withQps({ cert: { clientCertCA } })), 'retry: qps-client-certificate');
    assert.equal(await says(withQps({ cert: strange })), 'retry: qps-client-certificate');
    assert.match(lastMessage(), /client\.pem/);
    const missing = { ...own(), clientCertKey: join(folder, 'none.pem') };
    assert.equal(await says(withQps({ cert: missing })), 'retry: certificates-unusable');
    assert.match(lastMessage(), /clientCertKey.*none\.pem.*ENOENT/);
    const mixed = { ...own(), clientCertKey: stranger.clientKeyPath };
    assert.equal(await says(withQps({ cert: mixed })), 'retry: certificates-unusable');
    assert.match(lastMessage(), /cannot be used together/);
  });

  it('new certificate files are taken into use; the old ones go on while new ones do not fit', async () => {
    const copy = { clientCert: join(folder, 'client.pem'), clientCertKey: join(folder, 'key.pem') };
    const good = own();
    const stranger = world.qlik.authority.issue('Another client');
    copyFileSync(good.clientCert, copy.clientCert);
    copyFileSync(good.clientCertKey, copy.clientCertKey);
    const source = world.source({
      auth: { sessionCache: { enable: false, ttlSeconds: 1, maxEntries: 1 }, qps: { cert: { ...good, ...copy } } },
    });
    const warnings = () =>
      world.logger.at('warn').filter(({ message }) => message.includes('certificate files')).length;
    // whole at once: sessions are ended in the background, and would see it half written
    const replace = (path: string, text: string) => {
      writeFileSync(`${path}.new`, text);
      renameSync(`${path}.new`, path);
    };
    assert.equal(await says(source), 'downloaded');
    replace(copy.clientCertKey, stranger.key);
    assert.equal(await says(source), 'downloaded');
    assert.equal(await says(source), 'downloaded');
    assert.equal(warnings(), 1);
    replace(copy.clientCert, stranger.cert);
    assert.equal(await says(source), 'downloaded');
    assert.ok(world.logger.at('info').some(({ message }) => message.includes('in use')));
    replace(copy.clientCert, 'no certificate');
    assert.equal(await says(source), 'downloaded');
    assert.equal(warnings(), 2);
  });

  it('nothing that it gave out is ever said', async () => {
    const source = world.source({ auth: { qps: { ticketTimeoutMs: 300 } }, options: { downloadTimeoutMs: 300 } });
    await says(source);
    for (const behaviour of ['status:500', 'status:403', 'login', 'truncated', 'hang'] as const) {
      world.qlik.endAllSessions();
      world.qlik.setBehaviour('tempcontent/x.png', behaviour);
      await Promise.all([says(source), says(source)]);
    }
    world.qlik.setBehaviour('tempcontent/x.png', undefined);
    world.qlik.setQpsBehaviour('status:500', 'DELETE');
    await source.close(1000);
    const secrets = secretsOf(world.qlik);
    assert.ok(secrets.length >= 10);
    const said = JSON.stringify([world.logger.lines, world.outcomes]).toLowerCase();
    assert.deepEqual(
      secrets.filter((secret) => said.includes(secret.toLowerCase())),
      [],
    );
  });
});
