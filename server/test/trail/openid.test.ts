import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import type { OpenIdOptions } from '../../src/adapters/openid-connect/openid-provider.ts';
import type { RoleRights } from '../../src/adapters/viewer-access/provider-sign-in.ts';
import { FakeClock } from '../support/fake-clock.ts';
import {
  CLIENT_ID,
  CLIENT_SECRET,
  type Claims,
  type IssuerOptions,
  type OpenIdIssuer,
  startOpenIdIssuer,
} from '../support/openid-issuer.ts';
import { eventLine, FINANCE, SALES } from './sample-events.ts';
import { type Answer, TrailWorld, type Visitor, type WorldOptions } from './trail-world.ts';

const ROLES: readonly RoleRights[] = [
  { value: 'admins', role: 'admin', pictures: true, objectData: true },
  { value: 'viewers', role: 'reader', apps: [SALES], pictures: false, objectData: true },
];

describe('log-in through OpenID Connect', () => {
  const opened: { stop(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const one of opened.splice(0).reverse()) await one.stop();
  });

  function settings(issuer: string, more: Partial<OpenIdOptions> = {}): OpenIdOptions {
    return {
      issuer,
      clientId: CLIENT_ID,
      clientSecret: CLIENT_SECRET,
      label: 'Example ID',
      scopes: ['profile'],
      userClaim: 'preferred_username',
      roleClaim: 'roles',
      ...more,
    };
  }
  async function startWorld(oidc: OpenIdOptions, more: WorldOptions = {}): Promise<TrailWorld> {
    const world = await TrailWorld.start({ oidc, roles: ROLES, ...more });
    opened.push(world);
    return world;
  }
  async function start(
    more: Partial<OpenIdOptions> = {},
    world: WorldOptions = {},
    issuing: Partial<IssuerOptions> = {},
  ) {
    let url: string | undefined;
    const issuer = await startOpenIdIssuer({
      redirectUris: (uri) => uri === `${url}/login`,
      clientSecret: CLIENT_SECRET,
      ...issuing,
    });
    opened.push({ stop: () => issuer.close() });
    const started = await startWorld(settings(issuer.url, more), world);
    url = started.url;
    return { issuer, world: started, visitor: started.visitor() };
  }
  async function begin(visitor: Visitor): Promise<string> {
    const { status, body } = await visitor.post('session/provider', undefined);
    assert.equal(status, 200, JSON.stringify(body));
    return body.url;
  }
  /** All of it, as a browser does. */
  async function logIn(issuer: OpenIdIssuer, visitor: Visitor): Promise<Answer> {
    const back = await issuer.logIn(await begin(visitor));
    return visitor.post('session', { callback: back.search });
  }
  const codeOf = ({ status, body }: Answer) => [status, body.error.code];

  it('the page is told of it; nobody asks the issuer before somebody logs in', async () => {
    const { issuer, visitor } = await start();
    assert.deepEqual(await visitor.read('log-in-options'), { provider: { label: 'Example ID' } });
    assert.deepEqual(issuer.asked, []);
    const without = await TrailWorld.start();
    opened.push(without);
    assert.deepEqual(await without.visitor().read('log-in-options'), { provider: null });
    assert.equal((await without.visitor().post('session/provider', undefined)).status, 404);
    assert.equal((await without.visitor().post('session', { callback: '?code=a&state=b' })).status, 404);
  });

  it('code, PKCE, state and nonce lead to a session with the rights of the role', async () => {
    const { issuer, world, visitor } = await start();
    await world.add(eventLine({ id: 1, app: SALES }), eventLine({ id: 2, app: FINANCE }));
    const answer = await logIn(issuer, visitor);
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    const { name, role, apps, maySeePictures, maySeeObjectData } = answer.body;
    assert.deepEqual([name, role, apps], ['anna', 'reader', [SALES]]);
    assert.deepEqual([maySeePictures, maySeeObjectData], [false, true]);
    assert.match(
      answer.headers.get('set-cookie') ?? '',
      /^audit-trail-\d+=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict/,
    );
    assert.equal((await visitor.read('events')).items.length, 1);
    assert.equal((await visitor.get('system')).body.error.code, 'ADMIN_ONLY');
    assert.deepEqual(issuer.asked, ['/.well-known/openid-configuration', '/authorize', '/token', '/keys']);
    assert.equal((await visitor.send('DELETE', 'session', undefined, {})).status, 204);
    assert.equal((await visitor.get('events')).status, 401);
  });

  it('the first role of the configuration counts; roles may lie deep, or be a single text', async () => {
    const { issuer, visitor } = await start({ roleClaim: 'realm_access.roles', userClaim: 'sub' });
    issuer.user = { sub: 'u-7', realm_access: { roles: ['viewers', 'admins'] } };
    const { name, role } = (await logIn(issuer, visitor)).body;
    assert.deepEqual([name, role], ['u-7', 'admin']);
    issuer.user = { sub: 'u-7', realm_access: { roles: 'viewers' } };
    assert.equal((await logIn(issuer, visitor)).body.role, 'reader');
  });

  it('what a brief ID token leaves out is asked for', async () => {
    const { issuer, visitor } = await start();
    issuer.isBrief = true;
    assert.equal((await logIn(issuer, visitor)).body.name, 'anna');
    assert.equal(issuer.asked.at(-1), '/userinfo');
  });

  for (const authentication of ['client_secret_basic', 'client_secret_post'] as const) {
    it(`the client proves itself by ${authentication}`, async () => {
      const { issuer, visitor } = await start({}, {}, { authentication });
      assert.equal((await logIn(issuer, visitor)).status, 200);
    });
  }

  it('a public client has no secret', async () => {
    const { clientSecret: _none, ...rest } = settings('');
    let url = '';
    const issuer = await startOpenIdIssuer({ redirectUris: (uri) => uri === `${url}/login` });
    opened.push({ stop: () => issuer.close() });
    const world = await startWorld({ ...rest, issuer: issuer.url });
    url = world.url;
    assert.equal((await logIn(issuer, world.visitor())).status, 200);
  });

  it('behind a proxy with TLS the browser comes back to https; a redirect address of the configuration goes first', async () => {
    const { visitor, world } = await start();
    const { port } = new URL(world.url);
    const origin = `https://127.0.0.1:${port}`;
    const { body } = await visitor.post('session/provider', undefined, { origin });
    assert.equal(new URL(body.url).searchParams.get('redirect_uri'), `${origin}/login`);
    const fixed = await start({ redirectUri: 'https://audit.example/login' });
    const url = await begin(fixed.visitor);
    assert.equal(new URL(url).searchParams.get('redirect_uri'), 'https://audit.example/login');
  });

  it('a page of another site begins and ends no log-in', async () => {
    const { visitor } = await start();
    const other = { origin: 'https://attacker.example' };
    assert.deepEqual(codeOf(await visitor.post('session/provider', undefined, other)), [403, 'OTHER_SITE']);
    assert.deepEqual(codeOf(await visitor.post('session', { callback: '?code=a' }, other)), [403, 'OTHER_SITE']);
  });

  describe('refused', () => {
    const now = () => Math.floor(Date.now() / 1000);
    const forgeries: Readonly<Record<string, (claims: Claims) => Claims>> = {
      'another nonce': (claims) => ({ ...claims, nonce: 'x'.repeat(43) }),
      'no nonce': ({ nonce: _nonce, ...claims }) => claims,
      'another audience': (claims) => ({ ...claims, aud: 'another-client' }),
      'another issuer': (claims) => ({ ...claims, iss: 'https://attacker.example' }),
      'a token that has expired': (claims) => ({ ...claims, iat: now() - 7200, exp: now() - 3600 }),
      'a name that is no text': (claims) => ({ ...claims, preferred_username: { a: 1 } }),
    };
    for (const [what, alter] of Object.entries(forgeries)) {
      it(what, async () => {
        const { issuer, world, visitor } = await start();
        issuer.alter = alter;
        assert.deepEqual(codeOf(await logIn(issuer, visitor)), [401, 'PROVIDER_UNTRUSTED']);
        assert.equal((await visitor.get('events')).status, 401);
        assert.deepEqual(
          world.logger.at('warn').map(({ fields }) => fields.kind),
          ['untrusted'],
        );
        assert.ok(!JSON.stringify(world.logger.lines).includes(CLIENT_SECRET));
      });
    }

    it('no name, also where more is told', async () => {
      const { issuer, visitor } = await start();
      issuer.user = { sub: 'u-1', roles: ['viewers'] };
      assert.deepEqual(codeOf(await logIn(issuer, visitor)), [401, 'PROVIDER_UNTRUSTED']);
      assert.equal(issuer.asked.at(-1), '/userinfo');
    });

    it('a signature of another key, and none at all', async () => {
      const { issuer, visitor } = await start();
      issuer.signsWithOtherKey = true;
      assert.deepEqual(codeOf(await logIn(issuer, visitor)), [401, 'PROVIDER_UNTRUSTED']);
      issuer.signsWithOtherKey = false;
      issuer.algorithm = 'none';
      assert.deepEqual(codeOf(await logIn(issuer, visitor)), [401, 'PROVIDER_UNTRUSTED']);
      issuer.algorithm = 'RS256';
      assert.equal((await logIn(issuer, visitor)).status, 200);
    });

    it('another state, and the state of another browser: the issuer is not even asked', async () => {
      const { issuer, visitor, world } = await start();
      const back = await issuer.logIn(await begin(visitor));
      const asked = issuer.asked.length;
      const forged = new URL(back);
      forged.searchParams.set('state', 'y'.repeat(43));
      assert.deepEqual(codeOf(await visitor.post('session', { callback: forged.search })), [401, 'LOG_IN_UNKNOWN']);
      const other = world.visitor();
      assert.deepEqual(codeOf(await other.post('session', { callback: back.search })), [401, 'LOG_IN_UNKNOWN']);
      await begin(other);
      assert.deepEqual(codeOf(await other.post('session', { callback: back.search })), [401, 'LOG_IN_UNKNOWN']);
      assert.equal(issuer.asked.length, asked);
      assert.equal((await visitor.post('session', { callback: back.search })).status, 200);
    });

    it('a code that comes back twice, with its own state and with a fresh one', async () => {
      const { issuer, visitor } = await start();
      const back = await issuer.logIn(await begin(visitor));
      assert.equal((await visitor.post('session', { callback: back.search })).status, 200);
      assert.deepEqual(codeOf(await visitor.post('session', { callback: back.search })), [401, 'LOG_IN_UNKNOWN']);
      const state = new URL(await begin(visitor)).searchParams.get('state');
      const again = `code=${back.searchParams.get('code')}&state=${state}`;
      assert.deepEqual(codeOf(await visitor.post('session', { callback: again })), [401, 'PROVIDER_UNTRUSTED']);
    });

    it('a log-in that took more than 10 minutes', async () => {
      const clock = new FakeClock();
      const { issuer, visitor } = await start({}, { clock });
      const back = await issuer.logIn(await begin(visitor));
      await clock.advance(10 * 60_000);
      assert.deepEqual(codeOf(await visitor.post('session', { callback: back.search })), [401, 'LOG_IN_UNKNOWN']);
    });

    it('what the issuer denies, in its own word', async () => {
      const { issuer, visitor } = await start();
      issuer.denies = 'access_denied';
      const answer = await logIn(issuer, visitor);
      assert.deepEqual(codeOf(answer), [401, 'PROVIDER_DENIED']);
      assert.match(answer.body.error.message, /^Example ID refused the log-in \(access_denied\)\.$/);
      issuer.denies = '<b>call 555-0100</b>';
      assert.match((await logIn(issuer, visitor)).body.error.message, /\(an error without a name\)/);
    });

    it('whoever has no role, with a sentence; it is recorded', async () => {
      const looksClock = new FakeClock();
      const { issuer, visitor, world } = await start({}, { looksClock });
      issuer.user = { sub: 'u-2', preferred_username: 'bert', roles: ['guests'] };
      const answer = await logIn(issuer, visitor);
      assert.deepEqual(codeOf(answer), [403, 'NO_RIGHTS']);
      assert.match(answer.body.error.message, /knows you as "bert", who has no right to see the audit trail\. Ask/);
      issuer.user = { sub: 'u-2', preferred_username: 'bert' };
      assert.deepEqual(codeOf(await logIn(issuer, visitor)), [403, 'NO_RIGHTS']);
      await looksClock.advance(20_000);
      const refused = world.appended.filter(({ type }) => type === 'server.viewer.refused');
      assert.deepEqual(
        refused.map(({ actor }) => actor),
        ['bert'],
      );
    });

    it('an email address that is not verified', async () => {
      const { issuer, visitor } = await start({ userClaim: 'email' });
      issuer.user = { sub: 'u-3', email: 'anna@example.com', email_verified: false, roles: ['viewers'] };
      assert.deepEqual(codeOf(await logIn(issuer, visitor)), [401, 'PROVIDER_UNTRUSTED']);
      issuer.user = { ...issuer.user, email_verified: true };
      assert.equal((await logIn(issuer, visitor)).body.name, 'anna@example.com');
    });

    it('on a port that is open to other machines without TLS', async () => {
      const { visitor } = await start({}, { isOpenToOthers: true });
      assert.deepEqual(await visitor.read('log-in-options'), { provider: null });
      assert.deepEqual(codeOf(await visitor.post('session/provider', undefined)), [403, 'TLS_NEEDED']);
      assert.deepEqual(codeOf(await visitor.post('session', { callback: '?state=a' })), [403, 'TLS_NEEDED']);
    });
  });

  it('an account without a password has its own rights, at every request; one with a password is another person', async () => {
    const users = [
      { name: 'anna', role: 'admin', pictures: true, objectData: true },
      { name: 'root', passwordHash: 'scrypt:…', role: 'admin', pictures: true, objectData: true },
    ] as const;
    const { issuer, visitor } = await start({}, { users });
    assert.equal((await logIn(issuer, visitor)).body.role, 'admin');
    issuer.user = { sub: 'u-9', preferred_username: 'root', roles: ['viewers'] };
    assert.equal((await logIn(issuer, visitor)).body.role, 'reader');
    issuer.user = { sub: 'u-9', preferred_username: 'root', roles: [] };
    assert.deepEqual(codeOf(await logIn(issuer, visitor)), [403, 'NO_RIGHTS']);
  });

  it('an issuer that does not answer: a sentence, and the next try works once it does', async () => {
    const first = await startOpenIdIssuer({ redirectUris: () => true, clientSecret: CLIENT_SECRET });
    const port = Number(new URL(first.url).port);
    await first.close();
    const world = await startWorld(settings(first.url));
    const visitor = world.visitor();
    const answer = await visitor.post('session/provider', undefined);
    assert.deepEqual(codeOf(answer), [503, 'PROVIDER_UNREACHABLE']);
    assert.match(answer.body.error.message, /^Example ID does not answer as it should/);
    const [warning] = world.logger.at('warn');
    assert.match(String(warning?.fields.reason), /ECONNREFUSED/);
    const again = await startOpenIdIssuer({ redirectUris: () => true, clientSecret: CLIENT_SECRET, port });
    opened.push({ stop: () => again.close() });
    assert.equal((await logIn(again, visitor)).status, 200);
    again.tokenStatus = 503;
    assert.deepEqual(codeOf(await logIn(again, visitor)), [503, 'PROVIDER_UNREACHABLE']);
  });

  it('an issuer that calls itself otherwise is not asked to log anybody in', async () => {
    const { issuer, visitor } = await start();
    issuer.issuer = 'https://attacker.example';
    assert.deepEqual(codeOf(await visitor.post('session/provider', undefined)), [503, 'PROVIDER_UNREACHABLE']);
  });

  it('tries that are not believed have to wait, as wrong passwords do', async () => {
    const clock = new FakeClock();
    const { issuer, visitor } = await start({}, { clock });
    issuer.signsWithOtherKey = true;
    for (let i = 0; i < 5; i++) assert.equal((await logIn(issuer, visitor)).status, 401);
    assert.deepEqual(codeOf(await logIn(issuer, visitor)), [429, 'TOO_MANY_TRIES']);
    issuer.signsWithOtherKey = false;
    await clock.advance(1000);
    assert.equal((await logIn(issuer, visitor)).status, 200);
  });
});
