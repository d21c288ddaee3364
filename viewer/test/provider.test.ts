import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { after, before, test } from 'node:test';
import {
  CLIENT_ID,
  CLIENT_SECRET,
  type OpenIdIssuer,
  startOpenIdIssuer,
} from '../../server/test/support/openid-issuer.ts';
import { TrailWorld } from '../../server/test/trail/trail-world.ts';
import { openPage, stopBrowser } from './support/browser.ts';
import { buildPage } from './support/mock-site.ts';

let dist: string;
let issuer: OpenIdIssuer;
let world: TrailWorld;

/** The issuer is another site than the page, so that cookies are what they are among strangers. */
before(async () => {
  dist = await buildPage();
  issuer = await startOpenIdIssuer({
    redirectUris: (uri) => uri === `${world.url.replace('127.0.0.1', 'localhost')}/login`,
    clientSecret: CLIENT_SECRET,
  });
  const oidc = {
    issuer: issuer.url,
    clientId: CLIENT_ID,
    clientSecret: CLIENT_SECRET,
    label: 'Example ID',
    scopes: ['profile'],
    userClaim: 'preferred_username',
    roleClaim: 'roles',
  };
  const roles = [{ value: 'viewers', role: 'reader', pictures: true, objectData: true }] as const;
  world = await TrailWorld.start({ oidc, roles, pageFolder: dist });
});
after(async () => {
  await stopBrowser();
  await world.stop();
  await issuer.close();
  rmSync(dist, { recursive: true, force: true, maxRetries: 5 });
});

test('there and back through a real browser: logged in, at the address that was asked for, also after a reload', async (t) => {
  const page = await openPage(t, world.url.replace('127.0.0.1', 'localhost'), {
    expectedErrors: /401/,
    otherOrigins: [issuer.url],
  });
  if (page === undefined) return;
  await page.goto('/insights');
  await page.getByRole('button', { name: 'Log in with Example ID' }).click();
  await page.getByRole('heading', { name: 'Insights' }).waitFor();
  assert.equal(new URL(page.url()).pathname + new URL(page.url()).search, '/insights');
  await page.reload();
  await page.getByRole('heading', { name: 'Insights' }).waitFor();
  const [cookie] = (await page.context().cookies()).filter(({ name }) => /^audit-trail-\d+$/.test(name));
  assert.deepEqual([cookie?.httpOnly, cookie?.sameSite], [true, 'Strict']);
});

test('whoever has no role reads why', async (t) => {
  const page = await openPage(t, world.url.replace('127.0.0.1', 'localhost'), {
    expectedErrors: /401|403/,
    otherOrigins: [issuer.url],
  });
  if (page === undefined) return;
  issuer.user = { sub: 'u-2', preferred_username: 'bert', roles: [] };
  await page.goto('/');
  await page.getByRole('button', { name: 'Log in with Example ID' }).click();
  await page.getByRole('alert').getByText('knows you as "bert", who has no right').waitFor();
});
