import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Page } from 'playwright-core';
import { HOSTILE, HOSTILE_TXN, hostileId } from '../mock/hostile.ts';
import { openPage } from './support/browser.ts';
import { HOSTILE_AT, mockSite, NOW } from './support/mock-site.ts';

const site = mockSite();
const DAY = '/?from=2026-03-01T00:00:00Z&to=2026-03-02T00:00:00Z';

async function open(t: TestContext): Promise<Page | undefined> {
  const page = await openPage(t, site.url(), { now: NOW });
  if (page === undefined) return undefined;
  page.on('dialog', () => assert.fail('a dialog opened'));
  t.after(async () => {});
  return page;
}

async function assertHarmless(page: Page, address: string): Promise<void> {
  assert.equal(await page.evaluate(() => 'harmed' in window), false, address);
  assert.equal(await page.locator('#page script, #page img[onerror]').count(), 0, address);
  const over = await page.evaluate(() => {
    const main = document.querySelector('.main');
    return Math.max(
      ...[document.documentElement, main].map((one) => (one?.scrollWidth ?? 0) - (one?.clientWidth ?? 0)),
    );
  });
  assert.ok(over <= 0, `${address} is ${over} px too wide`);
}

for (const width of [1280, 380]) {
  test(`a hostile trail renders harmlessly in every view, ${width} px wide`, { timeout: 90_000 }, async (t) => {
    const page = await open(t);
    if (page === undefined) return;
    await page.setViewportSize({ width, height: 800 });
    const users = Object.values(HOSTILE).map((name) => `/story?user=${encodeURIComponent(name)}&day=2026-03-01`);
    const events = Array.from({ length: 8 }, (_, at) => `/events/${hostileId(at)}`);
    const filters = `&user=${encodeURIComponent(HOSTILE.rightToLeft)}&q=${encodeURIComponent(HOSTILE.script.slice(0, 40))}`;
    for (const address of [
      DAY,
      DAY + filters,
      ...events,
      `/transactions/${HOSTILE_TXN}`,
      ...users.slice(0, 2),
      '/story',
      '/live',
      '/insights?from=2026-03-01T00:00:00Z&to=2026-03-02T00:00:00Z',
    ]) {
      await page.goto(address);
      await page.locator('h1').first().waitFor({ state: 'attached' });
      await page.locator('.skeleton').first().waitFor({ state: 'detached' });
      await assertHarmless(page, address.slice(0, 80));
    }
  });
}

test('right-to-left marks turn nothing around but the name they are in', async (t) => {
  const page = await open(t);
  if (page === undefined) return;
  await page.goto(DAY);
  await page.locator('.row').first().waitFor();
  const row = page.locator('.row', { hasText: 'gpj.exe' }).first();
  const box = async (selector: string) => (await row.locator(selector).boundingBox()) ?? assert.fail(selector);
  const [time, user, what, where] = [
    await box('.row-time'),
    await box('.row-user'),
    await box('.row-what'),
    await box('.row-where'),
  ];
  assert.ok(time.x < user.x && user.x < what.x && what.x < where.x);
  assert.ok((await row.locator('bdi').count()) >= 3);
  // a type of object that opens isolates and never closes them stands before the id, and that before the duration
  const viewed = page.locator('.row', { hasText: '4.2 s' });
  const x = async (selector: string) => (await viewed.locator(selector).boundingBox())?.x ?? assert.fail(selector);
  assert.ok((await x('.object-name > bdi')) < (await x('.object-name .code')));
  assert.ok((await x('.object-name .code')) < (await x('.row-what > strong')));
});

test('names of 10,000 characters keep rows in line; the title says more', async (t) => {
  const page = await open(t);
  if (page === undefined) return;
  await page.goto(DAY);
  const row = page.locator('.row', { hasText: 'LongLongLong' }).first();
  await row.waitFor();
  assert.ok(((await row.boundingBox())?.height ?? 99) <= 44);
  assert.ok(((await row.textContent()) ?? '').length < 1500);
});

test('formulas and markup are shown as they are', async (t) => {
  const page = await open(t);
  if (page === undefined) return;
  await page.goto(`/events/${hostileId(6)}`);
  const table = page.getByRole('table');
  await table.waitFor();
  assert.ok((await table.getByText(HOSTILE.formula, { exact: true }).count()) > 10);
  assert.ok((await table.getByText(HOSTILE.script, { exact: true }).count()) > 3);
  assert.equal(await table.getByRole('row').count(), 26);
  await page.getByRole('button', { name: 'Show 225 rows' }).click();
  await page.waitForFunction(() => document.querySelectorAll('table.data tbody tr').length === 225);
  await page.getByText('60 of 200 columns').waitFor();
});

test('an id that was used twice has two pages, and says so', async (t) => {
  const page = await open(t);
  if (page === undefined) return;
  const conflict = site
    .server()
    .newestFirst()
    .find(({ event }) => event.isConflict)?.event;
  assert.equal(Date.parse(conflict?.time ?? ''), HOSTILE_AT + 1);
  await page.goto(DAY);
  await page.locator('.row', { hasText: 'conflict' }).click();
  await page.waitForURL(`**/events/${hostileId(0)}?sequence=${conflict?.sequence}`);
  await page.getByText('The id of this event was used before').waitFor();
});
