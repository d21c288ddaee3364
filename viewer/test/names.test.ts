import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import type { TrailEvent } from '../../server/src/domain/trail.ts';
import { openPage } from './support/browser.ts';
import { mockSite, NOW } from './support/mock-site.ts';

const site = mockSite();

/** The newest events of the list are changed so. */
async function changeEvents(page: Page, changes: readonly Partial<TrailEvent>[]): Promise<void> {
  await page.route('**/api/v1/trail/events?*', async (route) => {
    const response = await route.fetch();
    const { items, ...rest } = (await response.json()) as { items: TrailEvent[] };
    const changed = items.map((event, at) => ({ ...event, ...changes[at] }));
    await route.fulfill({ response, json: { ...rest, items: changed } });
  });
}

test('what a browser sent without a user is not said to be the server’s', async (t) => {
  const page = await openPage(t, site.url(), { now: NOW });
  if (page === undefined) return;
  await changeEvents(page, [
    { user: null, origin: 'client' },
    { user: null, origin: 'server', eventType: 'server.destination.added' },
  ]);
  await page.goto('/');
  await page.locator('.row').first().waitFor();
  const who = await page.locator('.row-user').allTextContents();
  assert.deepEqual(who.slice(0, 2), ['Unknown user', 'the server']);
});

test('users of one name in two directories are told apart', async (t) => {
  const page = await openPage(t, site.url(), { now: NOW });
  if (page === undefined) return;
  const user = (directory: string, name: string) => ({ id: `${directory}\\${name}`, directory, name });
  await changeEvents(page, [
    { user: user('LAB', 'twin') },
    { user: user('HR', 'Twin') },
    { user: user('LAB', 'single') },
    { user: user('lab', 'Single') },
  ]);
  await page.goto('/');
  await page.locator('.row').first().waitFor();
  const who = await page.locator('.row-user').allTextContents();
  assert.deepEqual(who.slice(0, 4), ['twin LAB', 'Twin HR', 'single', 'Single']);
});

test('apps of one name are told apart where they are ranked', async (t) => {
  const page = await openPage(t, site.url(), { now: NOW });
  if (page === undefined) return;
  await page.route('**/api/v1/trail/summary?*', async (route) => {
    const response = await route.fetch();
    const { rows, ...rest } = (await response.json()) as { rows: { key: string; label: string }[] };
    const changed = rows.map((row, at) => (at < 2 ? { ...row, key: `${at}1111111-aaaa`, label: 'Sales' } : row));
    const isApps = new URL(route.request().url()).searchParams.get('by') === 'app';
    await route.fulfill({ response, json: { ...rest, rows: isApps ? changed : rows } });
  });
  await page.goto('/insights');
  const apps = page.locator('.insights-grid > *', { has: page.getByRole('heading', { name: 'Apps', exact: true }) });
  await apps.locator('.ranking-row').first().waitFor();
  const names = await apps.locator('.ranking-name').allTextContents();
  assert.deepEqual(names.slice(0, 2), ['Sales 01111111', 'Sales 11111111']);
});

test('users of one name are told apart where they are ranked, by the directory where there is one', async (t) => {
  const page = await openPage(t, site.url(), { now: NOW });
  if (page === undefined) return;
  await page.route('**/api/v1/trail/summary?*', async (route) => {
    const response = await route.fetch();
    const { rows, ...rest } = (await response.json()) as { rows: object[] };
    const twin = (directory: string | null, id: string) => ({
      key: id,
      label: 'twin',
      user: { id, directory, name: 'twin' },
    });
    const twins = [twin(null, 'twin'), twin('LAB', 'LAB\\twin')];
    const changed = rows.map((row, at) => ({ ...row, ...twins[at] }));
    const isUsers = new URL(route.request().url()).searchParams.get('by') === 'user';
    await route.fulfill({ response, json: { ...rest, rows: isUsers ? changed : rows } });
  });
  await page.goto('/insights');
  const names = page.locator('.ranking-name', { hasText: /^twin/ });
  await names.first().waitFor();
  assert.deepEqual(
    (await names.allTextContents()).map((name) => name.trim()),
    ['twin', 'twin LAB'],
  );
});

test('a list of who looked says what they asked for', async (t) => {
  const page = await openPage(t, site.url(), { now: NOW });
  if (page === undefined) return;
  await changeEvents(page, [
    { origin: 'server', eventType: 'server.viewer.searched', selections: '“nordics”, user anna' },
  ]);
  await page.goto('/');
  await page.locator('.row').first().waitFor();
  assert.equal(await page.locator('.row-what').first().textContent(), 'searched this trail: “nordics”, user anna');
});
