import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { openPage } from './support/browser.ts';
import { mockSite, NOW } from './support/mock-site.ts';

const site = mockSite();
const open = (t: Parameters<typeof openPage>[0]) => openPage(t, site.url(), { now: NOW });
const focused = (page: Page) => page.evaluate(() => document.activeElement?.outerHTML.slice(0, 200) ?? '');

test('from the search box to an event and back without a mouse', async (t) => {
  const page = await open(t);
  if (page === undefined) return;
  await page.goto('/insights');
  await page.getByRole('heading', { name: 'Insights' }).waitFor();
  await page.keyboard.press('/');
  await page.waitForFunction(() => document.activeElement?.id === 'search-box');
  await page.keyboard.type('weber');
  await page.getByRole('option', { name: /User.*jonas\.weber/ }).waitFor();
  await page.keyboard.press('ArrowDown');
  assert.equal(
    await page
      .getByRole('option', { selected: true })
      .textContent()
      .then((text) => text?.includes('jonas.weber')),
    true,
  );
  await page.keyboard.press('Enter');
  await page.waitForURL(/user=/);
  await page.locator('.row').first().waitFor();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('j');
  await page.waitForFunction(() => document.activeElement?.closest('[data-row="3"]') !== null);
  const href = await page.evaluate(() => document.activeElement?.getAttribute('href'));
  await page.keyboard.press('Enter');
  await page.waitForURL(`**${href}`);
  await page.keyboard.press('g');
  await page.keyboard.press('i');
  await page.waitForURL('**/insights');
});

test('arrows go through a long list, and back up into the box', async (t) => {
  const page = await open(t);
  if (page === undefined) return;
  await page.goto('/');
  await page.locator('.row').first().waitFor();
  await page.keyboard.press('/');
  await page.keyboard.press('ArrowDown');
  const isAt = (row: number) =>
    page.waitForFunction((at) => Number(document.activeElement?.closest('li')?.ariaPosInSet) === at, row);
  await isAt(1);
  // in bursts: no key goes further than what has been loaded
  for (let row = 1; row < 61; row += 10) {
    for (let key = 0; key < 10; key++) await page.keyboard.press('ArrowDown');
    await isAt(row + 10);
  }
  assert.ok(
    await page.evaluate(() => {
      const box = document.activeElement?.getBoundingClientRect();
      return box !== undefined && box.top >= 0 && box.bottom <= innerHeight;
    }),
    'the row with the focus can be seen',
  );
  await page.keyboard.press('Home');
  await page.waitForFunction(() => document.activeElement?.closest('li')?.ariaPosInSet === '1');
  await page.keyboard.press('ArrowUp');
  await page.waitForFunction(() => document.activeElement?.id === 'search-box');
});

test('arrows enter the list without the search box; going back finds the focus where it was', async (t) => {
  const page = await open(t);
  if (page === undefined) return;
  await page.goto('/');
  await page.locator('.row').first().waitFor();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('j');
  await page.keyboard.press('j');
  await page.waitForFunction(() => document.activeElement?.closest('li')?.ariaPosInSet === '3');
  const href = await page.evaluate(() => document.activeElement?.getAttribute('href'));
  await page.keyboard.press('Enter');
  await page.waitForURL(`**${href}`);
  await page.getByRole('heading', { level: 1 }).waitFor();
  // a screen reader goes on here, not at the navigation
  await page.waitForFunction(() => document.activeElement?.id === 'main');
  await page.goBack();
  await page.waitForFunction((back) => document.activeElement?.getAttribute('href') === back, href);
  await page.keyboard.press('ArrowDown');
  await page.waitForFunction(() => document.activeElement?.closest('li')?.ariaPosInSet === '4');
});

test('arrows enter the list at what can be seen', async (t) => {
  const page = await open(t);
  if (page === undefined) return;
  await page.goto('/');
  await page.locator('.row').first().waitFor();
  const main = page.locator('.main');
  await main.evaluate((element) => element.scrollTo(0, 1500));
  await page.waitForFunction(() => Number(document.querySelector('.virtual-item')?.ariaPosInSet) > 10);
  await page.keyboard.press('ArrowDown');
  await page.waitForFunction(() => Number(document.activeElement?.closest('li')?.ariaPosInSet) > 20);
  assert.ok(Math.abs((await main.evaluate((element) => element.scrollTop)) - 1500) < 60);
});

test('? lists the keys, Escape closes, the focus returns', async (t) => {
  const page = await open(t);
  if (page === undefined) return;
  await page.goto('/insights');
  await page.getByRole('heading', { name: 'Insights' }).waitFor();
  await page.keyboard.press('?');
  await page.getByRole('dialog', { name: 'Keyboard' }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog', { name: 'Keyboard' }).waitFor({ state: 'detached' });
  await page.getByRole('button', { name: /^Time:/ }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('dialog', { name: /^Time:/ }).waitFor();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Escape');
  assert.match(await focused(page), /aria-label="Time:/);
});

test('keys typed into a field are text', async (t) => {
  const page = await open(t);
  if (page === undefined) return;
  await page.goto('/story');
  await page.getByPlaceholder('Find a user').fill('');
  await page.keyboard.type('g/?i');
  assert.equal(await page.getByPlaceholder('Find a user').inputValue(), 'g/?i');
  assert.equal(new URL(page.url()).pathname, '/story');
});

test('Tab reaches the content behind one skip link', async (t) => {
  const page = await open(t);
  if (page === undefined) return;
  await page.goto('/');
  await page.locator('.row').first().waitFor();
  await page.keyboard.press('Tab');
  assert.match(await focused(page), /Skip to the content|class="skip"/);
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  assert.match(await focused(page), /search-box/);
});
