import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TrailEventDetail, TrailSummary } from '../../server/src/domain/trail.ts';
import { MOCK_PASSWORD } from '../mock/server.ts';
import { openPage, type PageOptions } from './support/browser.ts';
import { mockSite, NOW } from './support/mock-site.ts';

const site = mockSite();
const open = (t: Parameters<typeof openPage>[0], options: PageOptions = {}) =>
  openPage(t, site.url(), { now: NOW, ...options });

const withPicture = () =>
  site
    .server()
    .newestFirst()
    .find(({ event }) => event.screenshot?.status === 'saved')?.event ?? assert.fail('no picture');

test('a picture that is shown is said to be unchanged; of a changed one the reason is told', async (t) => {
  const page = await open(t, { expectedErrors: /410/ });
  if (page === undefined) return;
  const { eventId } = withPicture();
  const message = 'The file was changed after it was saved.';
  await page.route('**/screenshots/*variant=annotated', (route) =>
    route.fulfill({ status: 410, json: { error: { code: 'PICTURE_CHANGED', message } } }),
  );
  await page.goto(`/events/${eventId}`);
  await page.getByText('Unchanged').waitFor();
  await page.getByText('Annotated', { exact: true }).click();
  await page.getByRole('alert').getByText(message).waitFor();
  assert.equal(await page.getByText('Unchanged').count(), 0);
});

test('a line that is not what was written: the page says that, not that there is no such event', async (t) => {
  const page = await open(t, { expectedErrors: /410/ });
  if (page === undefined) return;
  const { eventId } = withPicture();
  const error = { code: 'EVENT_LOG_DAMAGED', message: 'Its line is not what was written any more.' };
  await page.route(`**/api/v1/trail/events/${eventId}`, (route) => route.fulfill({ status: 410, json: { error } }));
  await page.goto(`/events/${eventId}`);
  await page.getByRole('heading', { name: 'Not what was written' }).waitFor();
  await page.getByText(error.message).waitFor();
});

test('an event shows its exact time, in both zones, and a claim that cannot be is marked', async (t) => {
  const page = await open(t);
  if (page === undefined) return;
  const { eventId, time } = withPicture();
  await page.route(`**/api/v1/trail/events/${eventId}`, async (route) => {
    const detail = (await (await route.fetch()).json()) as TrailEventDetail;
    return route.fulfill({ json: { ...detail, event: { ...detail.event, durationMs: 9e15 } } });
  });
  await page.goto(`/events/${eventId}`);
  await page.getByText('as the browser reported it').waitFor();
  await page.getByText(time.replace('T', ' ').replace('Z', ' UTC'), { exact: true }).waitFor();
  const head = await page.locator('.event-meta').textContent();
  assert.match(head ?? '', /\d\d:\d\d:\d\d (GMT\+1|CET)/);
});

test('in a transaction, what somebody else sent and what has a used id stand out', async (t) => {
  const page = await open(t);
  if (page === undefined) return;
  const event = withPicture();
  const forger = { id: 'UserDirectory=LAB; UserId=forger', directory: 'LAB', name: 'forger' };
  await page.route(`**/api/v1/trail/events/${event.eventId}`, async (route) => {
    const detail = (await (await route.fetch()).json()) as TrailEventDetail;
    const forged = { ...detail.event, sequence: 999_999, user: forger, isConflict: true };
    return route.fulfill({ json: { ...detail, neighbours: [...detail.neighbours, forged] } });
  });
  await page.goto(`/events/${event.eventId}`);
  const step = page.locator('.step', { hasText: 'Conflict: its id was used before' });
  await step.getByText('forger', { exact: true }).waitFor();
  assert.equal(await page.locator('.is-present').count(), 1);
  const others = page.locator('.step', { hasNotText: 'Conflict' });
  assert.equal(await others.getByText(event.user?.name ?? '', { exact: true }).count(), 0);
  const shown = await step
    .locator('.step-text')
    .evaluate((text) => getComputedStyle(text, '::first-letter').textTransform);
  assert.equal(shown, 'none', 'a name is shown as it is');
});

test('why there is no picture is said in words', async (t) => {
  const page = await open(t);
  if (page === undefined) return;
  const { eventId } = withPicture();
  await page.route(`**/api/v1/trail/events/${eventId}`, async (route) => {
    const detail = (await (await route.fetch()).json()) as TrailEventDetail;
    const screenshot = { status: 'failed', reason: 'user-denied', originalUrl: null, annotatedUrl: null };
    return route.fulfill({ json: { ...detail, event: { ...detail.event, screenshot }, screenshots: [] } });
  });
  await page.goto(`/events/${eventId}`);
  await page.getByText('the server never logs in at Qlik Sense').waitFor();
});

test('"See the same" asks for the values that were asked for, whatever signs they have', async (t) => {
  const page = await open(t);
  if (page === undefined) return;
  const { eventId } = withPicture();
  const users = ['UserDirectory=LAB; UserId=a, b', 'c'];
  await page.route(`**/api/v1/trail/events/${eventId}`, async (route) => {
    const detail = (await (await route.fetch()).json()) as TrailEventDetail;
    const event = { ...detail.event, origin: 'server', eventType: 'server.viewer.searched' };
    const envelope = { payload: { what: 'events', filter: { user: users, appId: 'x, y' } } };
    return route.fulfill({ json: { ...detail, event, envelope, screenshots: [] } });
  });
  await page.goto(`/events/${eventId}`);
  const address = await page.getByRole('link', { name: 'See the same' }).getAttribute('href');
  const query = new URL(address ?? '', 'http://x').searchParams;
  assert.deepEqual([query.getAll('user'), query.getAll('appId')], [users, ['x, y']]);
});

test('a stay tells how long charts were on the screen, and rankings what they count', async (t) => {
  const page = await open(t);
  if (page === undefined) return;
  await page.goto(`/story?user=${encodeURIComponent('UserDirectory=ACME; UserId=anna.lindqvist')}`);
  await page.locator('.chapter', { hasText: 'on screen ·' }).first().waitFor();
  const summary = page.waitForResponse('**/summary?by=app*');
  await page.goto('/insights');
  assert.ok(((await (await summary).json()) as TrailSummary).rows.length > 0);
  await page.getByText('A view counts for 24 hours at most').waitFor();
  await page.getByText('People', { exact: true }).first().click();
  await page.getByText('A view counts for 24 hours at most').waitFor({ state: 'detached' });
});

test('an event is printed as a whole, with its ids in full and without what can only be clicked', async (t) => {
  const page = await open(t, { colorScheme: 'dark' });
  if (page === undefined) return;
  await page.addInitScript(() => localStorage.setItem('theme', 'dark'));
  await page.goto(`/events/${withPicture().eventId}`);
  await page.getByText('Unchanged').waitFor();
  const ink = () => page.evaluate(() => getComputedStyle(document.body).color);
  const onScreen = await ink();
  await page.emulateMedia({ media: 'print' });
  assert.equal(await page.locator('.nav').isVisible(), false);
  assert.notEqual(await ink(), onScreen, 'light letters cannot be read on paper');
  const hidden = await page.evaluate(() => {
    const main = document.querySelector('.main');
    const cut = [...document.querySelectorAll('.event .clip, .json')].filter(
      (one) => one.scrollWidth > one.clientWidth + 1,
    );
    return {
      scrolls: main === null || main.scrollHeight > main.clientHeight + 1,
      cut: cut.map((one) => one.textContent),
    };
  });
  assert.deepEqual(hidden, { scrolls: false, cut: [] });
});

test('a session that ends while somebody types: nothing lands in the name, and the text is there again', async (t) => {
  const page = await open(t, { expectedErrors: /401/ });
  if (page === undefined) return;
  await page.goto('/');
  await page.locator('.row').first().waitFor();
  let hasEnded = false;
  await page.route('**/suggest?*', (route) => {
    if (hasEnded) return route.continue();
    return route.fulfill({ status: 401, json: { error: { code: 'NOT_LOGGED_IN', message: 'Log in.' } } });
  });
  await page.locator('#search-box').fill('anna yes');
  await page.getByRole('alert').getByText('Your session has ended').waitFor();
  hasEnded = true;
  await page.keyboard.type('terday');
  assert.equal(await page.getByLabel('User name').inputValue(), '');
  await page.getByLabel('User name').fill('admin');
  await page.getByLabel('Password').fill(MOCK_PASSWORD);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.locator('.row').first().waitFor();
  assert.equal(await page.locator('#search-box').inputValue(), 'anna yes');
  await page.locator('.row').first().click();
  await page.getByRole('heading', { name: 'Facts' }).waitFor();
  await page.goBack();
  await page.locator('.row').first().waitFor();
  assert.equal(await page.locator('#search-box').inputValue(), '', 'what was left is not asked for');
});

test('a reader without pictures is told so, without an empty path', async (t) => {
  const page = await open(t);
  if (page === undefined) return;
  const { eventId } = withPicture();
  await page.route(`**/api/v1/trail/events/${eventId}`, async (route) => {
    const detail = (await (await route.fetch()).json()) as TrailEventDetail;
    const screenshots = detail.screenshots.map((file) => ({ ...file, path: '', url: null }));
    return route.fulfill({ json: { ...detail, screenshots } });
  });
  await page.goto(`/events/${eventId}`);
  await page.getByText('this account may not see pictures').waitFor();
  assert.deepEqual(await page.locator('.file-facts dt').allTextContents(), ['SHA-256', 'Size']);
});

test('a search without a result says where words are looked for', async (t) => {
  const page = await open(t);
  if (page === undefined) return;
  await page.goto('/?q=zzzz');
  await page.getByText('Words are looked for').waitFor();
  await page.goto('/?from=2020-01-01T00:00:00.000Z&to=2020-01-02T00:00:00.000Z');
  await page.getByRole('heading', { name: 'Nothing fits this search' }).waitFor();
  assert.equal(await page.getByText('Words are looked for').count(), 0);
});
