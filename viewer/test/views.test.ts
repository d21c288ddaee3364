import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openPage } from './support/browser.ts';
import { mockSite, NOW } from './support/mock-site.ts';

const site = mockSite();
const open = (t: Parameters<typeof openPage>[0]) => openPage(t, site.url(), { now: NOW });
const ANNA = 'UserDirectory=ACME; UserId=anna.lindqvist';

test('the story of a user: the last active day, its lanes and chapters, the days around it', async (t) => {
  const page = await open(t);
  if (page === undefined) return;
  await page.goto('/story');
  await page.getByPlaceholder('Find a user').fill('lindq');
  await page.getByRole('link', { name: /anna\.lindqvist/ }).click();
  await page.waitForURL(/day=2026-03-\d\d/);
  const day = new URL(page.url()).searchParams.get('day');
  await page.locator('.lane').first().waitFor();
  // whose day it is, where another directory has a user of this name
  await page.locator('.story-day-name', { hasText: 'in ACME' }).waitFor();
  const lanes = await page.locator('.lane-name').allTextContents();
  assert.equal(new Set(lanes).size, lanes.length);
  assert.ok((await page.locator('.lane-span').count()) > 5);
  assert.ok((await page.locator('.chapter img.thumbnail').count()) >= 1);
  await page.keyboard.press('ArrowLeft');
  await page.waitForURL((url) => url.searchParams.get('day') !== day);
  await page.getByRole('link', { name: 'The day after' }).click();
  await page.waitForURL((url) => url.searchParams.get('day') === day);
  await page
    .getByRole('link', { name: /^\d+ events$/ })
    .first()
    .click();
  await page.waitForURL(/\/\?from=.*user=/);
  await page.locator('.row').first().waitFor();
});

test('a day without events offers the last one with some', async (t) => {
  const page = await open(t);
  if (page === undefined) return;
  await page.goto(`/story?user=${encodeURIComponent(ANNA)}&day=2020-01-01`);
  await page.getByRole('heading', { name: 'A quiet day' }).waitFor();
  await page.getByRole('link', { name: 'Go to the last active day' }).click();
  await page.waitForURL(/day=2026/);
});

test('each bar of the insights leads to its events', async (t) => {
  const page = await open(t);
  if (page === undefined) return;
  for (const [card, parameter] of [
    ['Apps', 'appId'],
    ['Sheets', 'sheetId'],
    ['Objects', 'objectId'],
    ['People', 'user'],
    ['By hour', 'hour'],
    ['By weekday', 'weekday'],
    ['Opened for the first time', 'appId'],
  ] as const) {
    await page.goto('/insights?range=7d');
    await page.getByRole('region', { name: card }).getByRole('link').first().click();
    await page.waitForURL(
      (url) => url.pathname === '/' && url.searchParams.has(parameter) && url.searchParams.get('range') === '7d',
    );
    await page.locator('.row').first().waitFor();
  }
});

test('the insights rank by time, views or people', async (t) => {
  const page = await open(t);
  if (page === undefined) return;
  await page.goto('/insights');
  const values = page.getByRole('region', { name: 'Apps' }).locator('.ranking-value');
  await values.first().waitFor();
  assert.match((await values.first().textContent()) ?? '', / (h|min)/);
  await page.getByText('People', { exact: true }).first().click();
  await page.waitForURL(/measure=users/);
  await page.reload();
  await values.first().waitFor();
  const people = (await values.allTextContents()).map(Number);
  assert.deepEqual(
    people,
    people.toSorted((a, b) => b - a),
  );
});

test('a ranking asks for the first of its own measure', async (t) => {
  const page = await open(t);
  if (page === undefined) return;
  const row = { key: 'k', user: null, firstAt: null, medianMs: null, users: 1, views: 1, events: 1, totalMs: 1000 };
  await page.route('**/api/v1/trail/summary?by=object&*', (route) => {
    const order = new URL(route.request().url()).searchParams.get('order');
    return route.fulfill({ json: { by: 'object', rows: [{ ...row, label: `first by ${order}` }] } });
  });
  await page.goto('/insights');
  const objects = page.getByRole('region', { name: 'Objects' });
  await objects.getByText('first by time').waitFor();
  await page.getByText('People', { exact: true }).first().click();
  await objects.getByText('first by users').waitFor();
});

test('days of UTC are called so, and say when they begin here', async (t) => {
  const page = await open(t);
  if (page === undefined) return;
  await page.goto('/insights?weekday=4&hour=17');
  await page.getByText('Days in UTC, which begin at 01:00 here').waitFor();
  await page.getByRole('list', { name: 'Filters' }).getByText('Thu (UTC)').waitFor();
  await page.getByRole('list', { name: 'Filters' }).getByText('18:00–19:00 UTC+1').waitFor();
});

test('live shows events as they come, holds them in a pause, and loses none', async (t) => {
  const page = await open(t);
  if (page === undefined) return;
  await page.goto('/live');
  await page.getByText('Live', { exact: true }).last().waitFor();
  const rows = page.locator('.live-list .row');
  await rows.first().waitFor();
  const newest = () => `/events/${site.server().newestFirst()[0]?.event.eventId}`;
  site.server().arrive();
  await page.locator(`.live-list li:first-child a[href="${newest()}"]`).waitFor();
  const before = await rows.count();
  await page.keyboard.press(' ');
  await page.getByText('Paused').waitFor();
  for (let at = 0; at < 3; at++) site.server().arrive();
  await page.getByText('Paused, 3 new').waitFor();
  assert.equal(await rows.count(), before);
  await page.getByRole('button', { name: 'Go on' }).click();
  await page.locator(`.live-list li:first-child a[href="${newest()}"]`).waitFor();
  assert.equal(await rows.count(), before + 3);
});

test('the system view names what is behind and sends dead letters again', async (t) => {
  const page = await open(t);
  if (page === undefined) return;
  const asked = page.waitForRequest((request) => request.url().endsWith('/api/v1/trail/system'));
  await page.goto('/system');
  // who looks at nothing for an hour is logged out, also here
  assert.equal((await asked).headers()['x-background'], '1');
  await page.getByText('INFLUXDB_UNREACHABLE').waitFor();
  await page.waitForFunction(() => document.querySelectorAll('.letter-list li').length === 3);
  await page.getByRole('button', { name: 'Send again: dead letter 8' }).click();
  await page.waitForFunction(() => document.querySelectorAll('.letter-list li').length === 2);
  await page.getByRole('button', { name: 'Send all again' }).click();
  await page.getByText('None: every event has reached its destinations').waitFor();
});
