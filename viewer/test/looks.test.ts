import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openPage } from './support/browser.ts';
import { mockSite, NOW } from './support/mock-site.ts';

const site = mockSite();

test('the page follows the colours of the system, and the choice of the reader stays', async (t) => {
  const page = await openPage(t, site.url(), { now: NOW, colorScheme: 'dark' });
  if (page === undefined) return;
  const background = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  const isDark = async () => Number(/\d+/.exec(await background())?.[0]) < 60;
  await page.goto('/');
  await page.locator('.row').first().waitFor();
  assert.ok(await isDark());
  await page.getByRole('button', { name: /^Account/ }).click();
  await page.getByText('Light', { exact: true }).click();
  await page.waitForFunction(() => document.documentElement.dataset.theme === 'light');
  assert.ok(!(await isDark()));
  await page.reload();
  await page.locator('.row').first().waitFor();
  assert.ok(!(await isDark()));
});

test('nothing is wider than the window, from 380 px to 4K', { timeout: 90_000 }, async (t) => {
  const page = await openPage(t, site.url(), { now: NOW });
  if (page === undefined) return;
  const event = site
    .server()
    .newestFirst()
    .find(({ event }) => event.screenshot?.status === 'saved')?.event;
  const user = encodeURIComponent(event?.user?.id ?? '');
  const addresses = [
    '/?range=7d',
    `/events/${event?.eventId}`,
    `/transactions/${event?.selectionTxnId}`,
    `/story?user=${user}`,
    '/insights',
    '/live',
    '/system',
  ];
  for (const [width, height] of [
    [380, 700],
    [768, 1024],
    [3840, 2160],
  ] as const) {
    await page.setViewportSize({ width, height });
    for (const address of addresses) {
      await page.goto(address);
      await page.locator('h1').first().waitFor({ state: 'attached' });
      await page.locator('.skeleton').first().waitFor({ state: 'detached' });
      const over = await page.evaluate(() => {
        const main = document.querySelector('.main');
        const widths = [document.documentElement, main].map((one) => (one?.scrollWidth ?? 0) - (one?.clientWidth ?? 0));
        return Math.max(...widths);
      });
      assert.ok(over <= 0, `${address} at ${width} px is ${over} px too wide`);
    }
  }
});

test('on a narrow screen the times of an axis keep apart, also those of twelve hours', async (t) => {
  const page = await openPage(t, site.url(), {
    now: NOW,
    locale: 'en-US',
    viewport: { width: 380, height: 760 },
  });
  if (page === undefined) return;
  const user = encodeURIComponent(site.server().newestFirst()[0]?.event.user?.id ?? '');
  for (const [address, axis] of [
    ['/', '.histogram-axis span'],
    ['/?from=2026-03-12T08:25:00Z&to=2026-03-12T08:26:00Z', '.histogram-axis span'],
    ['/?from=2026-03-12T04:00:00Z&to=2026-03-12T16:00:00Z', '.histogram-axis span'],
    [`/story?user=${user}`, '.lanes-axis span'],
  ] as const) {
    await page.goto(address);
    await page.locator(axis).first().waitFor();
    const boxes = await page.locator(axis).evaluateAll((all) => all.map((one) => one.getBoundingClientRect().toJSON()));
    boxes.sort((a, b) => a.left - b.left);
    for (const [at, box] of boxes.entries()) {
      assert.ok(at === 0 || box.left >= boxes[at - 1].right + 2, `${address}: ${JSON.stringify(boxes)}`);
    }
  }
});

test('times are in the zone and the language of the reader', async (t) => {
  const page = await openPage(t, site.url(), { now: NOW, locale: 'de-DE', timezoneId: 'America/New_York' });
  if (page === undefined) return;
  await page.goto('/');
  await page.locator('.row').first().waitFor();
  assert.match((await page.locator('.virtual-heading h2').first().textContent()) ?? '', /^Donnerstag, 12\. März 2026$/);
  const newest = site.server().newestFirst()[0]?.event.time ?? '';
  const expected = new Intl.DateTimeFormat('de-DE', { timeStyle: 'medium', timeZone: 'America/New_York' }).format(
    Date.parse(newest),
  );
  assert.equal(await page.locator('.row-time').first().textContent(), expected);
});
