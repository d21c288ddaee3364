import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { openPage } from './support/browser.ts';
import { mockSite, NOW } from './support/mock-site.ts';

const site = mockSite();
const open = (t: Parameters<typeof openPage>[0]) => openPage(t, site.url(), { now: NOW });
const total = /([\d,]+) events? found/;

test('the list shows the newest events by day, and more of them as one scrolls', async (t) => {
  const page = await open(t);
  if (page === undefined) return;
  await page.goto('/');
  await page.getByRole('list', { name: 'Events, newest first' }).waitFor();
  assert.match((await page.locator('.virtual-heading h2').first().textContent()) ?? '', /^Thursday,? 12 March 2026$/);
  const newest = site.server().newestFirst()[0]?.event;
  assert.equal(await page.locator('.row').first().getAttribute('href'), `/events/${newest?.eventId}`);
  assert.ok((await page.locator('.row').count()) < 60, 'only what can be seen is drawn');
  for (let at = 0; at < 4; at++) {
    await page.locator('.main').evaluate((main) => main.scrollTo(0, main.scrollHeight));
    await page.waitForTimeout(150);
  }
  const last = Number(await page.locator('.virtual-item').last().getAttribute('aria-posinset'));
  assert.ok(last > 250, `${last}`);
  assert.ok((await page.locator('.row').count()) < 60);
});

test('words and dates in one box; filters are chips, all stands in the address, and going back works', async (t) => {
  const page = await open(t);
  if (page === undefined) return;
  await page.goto('/');
  const box = page.getByRole('combobox');
  await box.fill('nordics yesterday');
  await page.getByRole('option', { name: /Search for nordics/ }).waitFor();
  await box.press('Enter');
  await page.waitForURL(/q=nordics/);
  const query = new URL(page.url()).searchParams;
  assert.deepEqual([query.get('from'), query.get('to')], ['2026-03-10T23:00:00.000Z', '2026-03-11T23:00:00.000Z']);
  await page.getByRole('list', { name: 'Filters' }).getByText('11 Mar 2026').waitFor();
  await page.locator('.row').first().waitFor();
  for (const text of await page.locator('.row-what').allTextContents()) assert.match(text, /Nordics/);
  await page.getByRole('button', { name: /Remove the filter Time/ }).click();
  await page.waitForURL((url) => !url.searchParams.has('from'));
  await page.goBack();
  await page.waitForURL(/from=/);
  await page.goBack();
  await page.waitForURL((url) => url.search === '');
  await page.waitForFunction(() => document.querySelector<HTMLInputElement>('#search-box')?.value === '');
});

test('a suggestion becomes a filter, and a link to the result shows the same to somebody else', async (t) => {
  const page = await open(t);
  const other = await open(t);
  if (page === undefined || other === undefined) return;
  await page.goto('/');
  await page.getByRole('combobox').fill('kowal');
  const suggestion = page.getByRole('option', { name: /User.*maria\.kowalska/ });
  await suggestion.click();
  await page.waitForURL(/user=/);
  await page.getByRole('list', { name: 'Filters' }).getByText('maria.kowalska').waitFor();
  await page.getByText(total).waitFor({ state: 'attached' });
  await other.goto(page.url());
  await other.getByText(total).waitFor({ state: 'attached' });
  assert.equal(await other.getByText(total).textContent(), await page.getByText(total).textContent());
  assert.deepEqual([...new Set(await other.locator('.row-user').allTextContents())], ['maria.kowalska']);
});

test('an id in the box opens what has it', async (t) => {
  const page = await open(t);
  if (page === undefined) return;
  const selection = site
    .server()
    .newestFirst()
    .find(({ event }) => event.selectionTxnId !== null)?.event;
  await page.goto('/');
  await page.getByRole('combobox').fill(selection?.eventId.toUpperCase() ?? '');
  await page.getByRole('combobox').press('Enter');
  await page.waitForURL(`**/events/${selection?.eventId}`);
  await page.goto('/');
  await page.getByRole('combobox').fill(selection?.selectionTxnId ?? '');
  await page.getByRole('combobox').press('Enter');
  await page.waitForURL(`**/transactions/${selection?.selectionTxnId}`);
});

test('the id of an app becomes a filter with its name', async (t) => {
  const page = await open(t);
  if (page === undefined) return;
  const event = site
    .server()
    .newestFirst()
    .find(({ event: { appId } }) => appId !== null)?.event;
  await page.goto('/?q=before');
  await page.getByRole('combobox').fill(event?.appId?.toUpperCase() ?? '');
  await page.getByRole('combobox').press('Enter');
  await page.waitForURL((url) => url.searchParams.get('appId') === event?.appId && !url.searchParams.has('q'));
  await page
    .getByRole('list', { name: 'Filters' })
    .getByText(event?.appName ?? '')
    .waitFor();
});

test('dragging across the histogram looks closer, presets and own times too', async (t) => {
  const page = await open(t);
  if (page === undefined) return;
  await page.goto('/');
  const plot = page.locator('.histogram-plot');
  const box = await plot.boundingBox();
  assert.ok(box !== null);
  await page.mouse.move(box.x + box.width * 0.5, box.y + 20);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.75, box.y + 20, { steps: 4 });
  await page.mouse.up();
  await page.waitForURL(/from=.*to=/);
  const { searchParams } = new URL(page.url());
  const days = (Date.parse(searchParams.get('to') ?? '') - Date.parse(searchParams.get('from') ?? '')) / 86_400_000;
  assert.ok(days > 1.5 && days < 5, `${days} days`);
  await page.getByRole('button', { name: /^Time:/ }).click();
  await page.getByRole('button', { name: 'Last 7 days' }).click();
  await page.waitForURL(/range=7d/);
  await page.getByRole('button', { name: 'Time: Last 7 days' }).click();
  await page.getByLabel('From').fill('2026-03-10T08:00');
  await page.getByLabel('To', { exact: true }).fill('2026-03-10T12:30');
  await page.getByRole('button', { name: 'Apply' }).click();
  await page.waitForURL(/from=2026-03-10T07%3A00%3A00\.000Z&to=2026-03-10T11%3A30%3A00\.000Z/);
});

test('the filter menu narrows by kind, app and user', async (t) => {
  const page = await open(t);
  if (page === undefined) return;
  await page.goto('/');
  await page.getByRole('button', { name: /^Filter by kind/ }).click();
  await page.getByRole('checkbox', { name: 'Selection' }).check();
  await page.waitForURL(/eventType=selection\.state\.changed/);
  await page.getByRole('checkbox', { name: 'Finance P&L' }).check();
  await page.waitForURL(/appId=/);
  await page.keyboard.press('Escape');
  await page.locator('.row').first().waitFor();
  assert.ok((await page.locator('.row-where').allTextContents()).every((text) => text.startsWith('Finance P&L')));
});

test('an export has the events of the list', async (t) => {
  const page = await open(t);
  if (page === undefined) return;
  await page.goto('/?user=UserDirectory%3DACME%3B+UserId%3Danna.lindqvist&range=7d');
  await page.getByRole('button', { name: 'Export these events' }).click();
  const words = (await page.getByText(/^Export [\d,]+ events$/).textContent()) ?? '';
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: /NDJSON/ }).click(),
  ]);
  const lines = readFileSync(await download.path(), 'utf8')
    .trim()
    .split('\n');
  assert.equal(`Export ${lines.length.toLocaleString('en')} events`, words);
  assert.ok(lines.every((line) => JSON.parse(line).user.name === 'anna.lindqvist'));
});

test('nothing found says what to do, and an empty trail too', async (t) => {
  const page = await open(t);
  if (page === undefined) return;
  await page.goto('/?q=nobody-ever&range=24h');
  await page.getByRole('heading', { name: 'Nothing fits this search' }).waitFor();
  await page.getByRole('link', { name: 'Search all time' }).click();
  await page.waitForURL((url) => !url.searchParams.has('range'));
  await page.getByRole('link', { name: 'Clear everything' }).click();
  await page.locator('.row').first().waitFor();
});

test('a server that fails is told, and asked again at a click', async (t) => {
  const page = await openPage(t, site.url(), { now: NOW, expectedErrors: /500|ERR_FAILED/ });
  if (page === undefined) return;
  let failing = true;
  await page.route('**/api/v1/trail/events?*', (route) =>
    failing
      ? route.fulfill({
          status: 500,
          json: { error: { code: 'X', message: 'The index is being built; try again in a minute.' } },
        })
      : route.continue(),
  );
  await page.goto('/');
  await page.getByText('The index is being built; try again in a minute.').waitFor();
  failing = false;
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.locator('.row').first().waitFor();
});

test('going back finds the list where it was left', async (t) => {
  const page = await open(t);
  if (page === undefined) return;
  await page.goto('/');
  await page.locator('.row').first().waitFor();
  await page.locator('.main').evaluate((main) => main.scrollTo(0, 2400));
  await page.waitForTimeout(200);
  await page.locator('.row:visible').nth(14).click();
  await page.waitForURL(/\/events\//);
  await page.goBack();
  await page.locator('.row').first().waitFor();
  const top = await page.locator('.main').evaluate((main) => main.scrollTop);
  assert.ok(Math.abs(top - 2400) < 60, `${top}`);
});
