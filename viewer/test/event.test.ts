import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TrailEventDetail } from '../../server/src/domain/trail.ts';
import { openPage } from './support/browser.ts';
import { mockSite, NOW } from './support/mock-site.ts';

const site = mockSite();
const open = (t: Parameters<typeof openPage>[0]) => openPage(t, site.url(), { now: NOW });

const withPicture = () => {
  const found = site
    .server()
    .newestFirst()
    .find(({ event }) => event.screenshot?.status === 'saved');
  assert.ok(found !== undefined);
  return found.event;
};

test('a deep link shows the sentence, the picture in both forms, its hash, and zooms', async (t) => {
  const page = await open(t);
  if (page === undefined) return;
  const event = withPicture();
  await page.goto(`/events/${event.eventId}`);
  const title = page.getByRole('heading', { level: 1 });
  await title.waitFor();
  assert.match((await title.textContent()) ?? '', new RegExp(`^${event.user?.name} saw the .* in ${event.appName} / `));
  const image = page.getByRole('img', { name: /^What .* saw/ });
  await image.waitFor();
  const isDrawn = () => image.evaluate((img: HTMLImageElement) => img.complete && img.naturalWidth);
  assert.equal(await isDrawn(), 1280);
  const hash = page.locator('.file-facts .code').first();
  const original = await hash.textContent();
  assert.match(original ?? '', /^[0-9a-f]{64}$/);
  await page.getByText('Annotated', { exact: true }).click();
  await page.locator('img[src*="variant=annotated"]').waitFor();
  assert.notEqual(await hash.textContent(), original);
  await page.getByRole('button', { name: 'Enlarge the picture' }).click();
  const dialog = page.getByRole('dialog', { name: 'Picture' });
  await dialog.getByText('200 %').click();
  await page.waitForFunction(() => document.querySelector('.zoom-area img')?.getBoundingClientRect().width === 2560);
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
});

test('facts, object data, deliveries and the raw event are there, and can be copied', async (t) => {
  const page = await open(t);
  if (page === undefined) return;
  const { event, envelope } =
    site
      .server()
      .newestFirst()
      .find((kept) => {
        const data = JSON.stringify(kept.envelope).includes('objectData');
        return data && kept.event.sequence % 11 === 5;
      }) ?? assert.fail('no such event');
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.goto(`/events/${event.eventId}`);
  await page.getByRole('table').waitFor();
  const cells = await page.getByRole('cell').allTextContents();
  assert.deepEqual(
    cells.filter((cell) => /\d{4}\.\d/.test(cell)),
    [],
    'thousands are set apart, but in whole numbers of four digits: years',
  );
  assert.ok(
    cells.some((cell) => /^\d,\d{3}\.\d/.test(cell)),
    cells.join(' '),
  );
  await page.getByText('The point was refused: field type conflict.').waitFor();
  await page.getByText('Dead letter').waitFor();
  await page.getByRole('button', { name: 'Copy as JSON' }).click();
  await page.getByRole('button', { name: 'Copied' }).waitFor();
  assert.deepEqual(JSON.parse(await page.evaluate(() => navigator.clipboard.readText())), envelope);
  await page.getByText('As delivered').click();
  await page.getByText('Destinations that take them also get the object data').waitFor();
  const utc = await page.locator('.event-meta time').last().getAttribute('title');
  assert.ok(utc?.startsWith(event.time.replace('T', ' ').replace('Z', ' UTC')), utc ?? 'none');
});

test('a transaction tells selection, result, pictures and durations with the time between them', async (t) => {
  const page = await open(t);
  if (page === undefined) return;
  const event = withPicture();
  await page.goto(`/events/${event.eventId}`);
  await page.getByRole('link', { name: 'Open transaction' }).click();
  await page.waitForURL(`**/transactions/${event.selectionTxnId}`);
  const steps = page.locator('.step');
  await steps.first().waitFor();
  assert.match((await steps.first().textContent()) ?? '', /selected /);
  assert.match((await steps.nth(1).textContent()) ?? '', /got the result/);
  assert.deepEqual((await page.locator('.gap').allTextContents()).slice(0, 2), ['After +300 ms', 'After +800 ms']);
  await page.getByText('Qlik answered after').waitFor();
  assert.ok((await page.locator('.step img.thumbnail').count()) >= 1);
  await page.getByText('Annotated', { exact: true }).click();
  await page.locator('.step img[src*="variant=annotated"]').first().waitFor();
  assert.equal(await page.locator('.step img[src*="variant=original"]').count(), 0);
  await steps.nth(1).click();
  await page.waitForURL('**/events/*');
});

test('a selection shows the pictures of what followed; beside a picture the others are small', async (t) => {
  const page = await open(t);
  if (page === undefined) return;
  const event = withPicture();
  await page.goto(`/transactions/${event.selectionTxnId}`);
  await page.locator('.step').first().click();
  await page.getByRole('heading', { name: 'Selections' }).waitFor();
  await page.locator('.event-main .step img.thumbnail-large').first().waitFor();
  await page.locator(`.step[href="/events/${event.eventId}"]`).click();
  await page.getByRole('heading', { name: 'On the screen' }).waitFor();
  assert.equal(await page.locator('.is-present img.thumbnail').count(), 0);
  assert.equal(await page.locator('.step img.thumbnail-large').count(), 0);
});

test('a picture that is on its way appears by itself', async (t) => {
  const page = await open(t);
  if (page === undefined) return;
  const event = withPicture();
  const waiting = { status: 'waiting', reason: null, originalUrl: null, annotatedUrl: null };
  let isThere = false;
  const headers: (string | undefined)[] = [];
  await page.route(`**/api/v1/trail/events/${event.eventId}`, async (route) => {
    headers.push(route.request().headers()['x-background']);
    if (isThere) return route.continue();
    const detail = (await (await route.fetch()).json()) as TrailEventDetail;
    return route.fulfill({ json: { ...detail, event: { ...detail.event, screenshot: waiting }, screenshots: [] } });
  });
  await page.goto(`/events/${event.eventId}`);
  await page.getByText('it will appear here').waitFor();
  isThere = true;
  await page.getByRole('button', { name: 'Enlarge the picture' }).waitFor();
  // a page that asks by itself keeps no session alive
  assert.deepEqual(new Set(headers), new Set([undefined, '1']));
  assert.equal(headers[0], undefined);
});

test('an id that the trail does not know says so', async (t) => {
  const page = await openPage(t, site.url(), { now: NOW, expectedErrors: /404/ });
  if (page === undefined) return;
  await page.goto('/events/00000000-0000-4000-8000-000000000000');
  await page.getByRole('heading', { name: 'Not in the trail' }).waitFor();
  await page.getByRole('button', { name: 'Try again' }).waitFor();
  await page.getByRole('link', { name: 'Search the trail' }).click();
  await page.locator('.row').first().waitFor();
  await page.goto('/nothing-here');
  await page.getByRole('heading', { name: 'There is no such page' }).waitFor();
});
