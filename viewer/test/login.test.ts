import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { MOCK_PASSWORD } from '../mock/server.ts';
import { openPage } from './support/browser.ts';
import { mockSite, NOW } from './support/mock-site.ts';

const site = mockSite({ isOpen: false, provider: 'Example ID' });
const open = (t: Parameters<typeof openPage>[0]) =>
  openPage(t, site.url(), { now: NOW, expectedErrors: /401|403|503/ });

async function logIn(page: Page, user: string, password = MOCK_PASSWORD): Promise<void> {
  await page.getByLabel('User name').fill(user);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Log in', exact: true }).click();
}

test('the printed link opens the page once, and leaves the address', async (t) => {
  const [page, other] = [await open(t), await open(t)];
  if (page === undefined || other === undefined) return;
  site.server().links.add('one/time+token');
  await page.goto(`/#link=${encodeURIComponent('one/time+token')}`);
  await page.locator('.row').first().waitFor();
  assert.equal(new URL(page.url()).hash, '');
  await page.reload();
  await page.locator('.row').first().waitFor();
  await other.goto(`/#link=${encodeURIComponent('one/time+token')}`);
  await other.getByRole('alert').getByText('has been used').waitFor();
  await other.getByLabel('Password').waitFor();
});

test('a link that was used does not lock out who is logged in', async (t) => {
  const page = await open(t);
  if (page === undefined) return;
  site.server().links.add('again');
  await page.goto('/#link=again');
  await page.locator('.row').first().waitFor();
  await page.goto('/insights#link=again');
  await page.getByRole('heading', { name: 'Insights' }).waitFor();
});

test('whoever comes in through the log-in page is at the search, by link, by password and with a session', async (t) => {
  const page = await open(t);
  if (page === undefined) return;
  const isAtSearch = async () => {
    await page.locator('.row').first().waitFor();
    assert.equal(await page.locator('.nav-link[aria-current="page"]').textContent(), 'Search');
    assert.equal(new URL(page.url()).pathname, '/');
  };
  site.server().links.add('from-start');
  await page.goto('/login#link=from-start');
  await isAtSearch();
  await page.goto('/login');
  await isAtSearch();
  await page.context().clearCookies();
  await page.goto('/login');
  await logIn(page, 'admin');
  await isAtSearch();
});

test('a wrong password says so and keeps the name; the right one opens the address that was asked for', async (t) => {
  const page = await open(t);
  if (page === undefined) return;
  await page.goto('/insights');
  await logIn(page, 'admin', 'wrong');
  await page.getByRole('alert').getByText('do not fit together').waitFor();
  assert.equal(await page.getByLabel('User name').inputValue(), 'admin');
  await logIn(page, 'admin');
  await page.getByRole('heading', { name: 'Insights' }).waitFor();
});

test('the identity provider brings people back to where they were; its code leaves the address', async (t) => {
  const page = await open(t);
  if (page === undefined) return;
  await page.goto('/insights?user=anna');
  await page.getByRole('button', { name: 'Log in with Example ID' }).click();
  await page.getByRole('heading', { name: 'Insights' }).waitFor();
  assert.match(page.url(), /\/insights\?user=anna$/);
  await page.getByRole('button', { name: /^Account/ }).click();
  await page.getByRole('button', { name: 'Log out' }).click();
  await page.getByLabel('Password').waitFor();
});

test('a provider that is away, or refuses, says so; the password is another way in', async (t) => {
  const page = await open(t);
  if (page === undefined) return;
  const provider = page.getByRole('button', { name: 'Log in with Example ID' });
  site.server().provider('away');
  await page.goto('/');
  await provider.click();
  await page.getByRole('alert').getByText('Example ID does not answer').waitFor();
  site.server().provider('denies');
  await provider.click();
  await page.getByRole('alert').getByText('refused the log-in (access_denied)').waitFor();
  assert.equal(new URL(page.url()).search, '');
  site.server().provider('knows');
  await logIn(page, 'admin');
  await page.locator('.row').first().waitFor();
});

test('nothing of the trail is asked for before the log-in, and nothing is left after the log-out', async (t) => {
  const page = await open(t);
  if (page === undefined) return;
  const asked: string[] = [];
  page.on('request', (request) => asked.push(new URL(request.url()).pathname));
  await page.goto('/');
  await page.getByLabel('Password').waitFor();
  assert.deepEqual(
    asked.filter((path) => path.startsWith('/api/')),
    ['/api/v1/trail/session', '/api/v1/trail/log-in-options'],
  );
  await logIn(page, 'admin');
  await page.locator('.row').first().waitFor();
  await page.getByRole('button', { name: /^Account/ }).click();
  await page.getByRole('button', { name: 'Log out' }).click();
  await page.getByLabel('Password').waitFor();
  assert.equal(await page.locator('.row').count(), 0);
  await page.reload();
  await page.getByLabel('Password').waitFor();
});

test('a session that ends says so, and the log-in goes on where it was', async (t) => {
  const page = await open(t);
  if (page === undefined) return;
  await page.goto('/');
  await logIn(page, 'admin');
  await page.locator('.row').first().waitFor();
  await page.context().clearCookies();
  await page.getByRole('link', { name: 'Insights' }).click();
  await page.getByRole('alert').getByText('Your session has ended').waitFor();
  await logIn(page, 'admin');
  await page.getByRole('heading', { name: 'Insights' }).waitFor();
});

test('a reader has no system view, and one without rights no pictures and no object data', async (t) => {
  const page = await open(t);
  if (page === undefined) return;
  const event = site
    .server()
    .newestFirst()
    .find(
      (kept) => kept.event.screenshot?.status === 'saved' && JSON.stringify(kept.envelope).includes('objectData'),
    )?.event;
  await page.goto(`/events/${event?.eventId}`);
  await logIn(page, 'blind');
  await page.getByText('this account may not see pictures').waitFor();
  assert.equal(await page.getByRole('table').count(), 0);
  assert.equal(await page.getByRole('link', { name: 'System' }).count(), 0);
  await page.goto('/system');
  await page.getByRole('heading', { name: 'Not for this account' }).waitFor();
});
