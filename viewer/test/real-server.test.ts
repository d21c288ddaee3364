import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import type { Page } from 'playwright-core';
import type { TrailApp, TrailEvent, TrailEventDetail } from '../../server/src/domain/trail.ts';
import { envelope } from '../../server/test/support/audit-client.ts';
import { eventually } from '../../server/test/support/running-server.ts';
import { HOSTILE, HOSTILE_TXN, hostileId, hostileTrail } from '../mock/hostile.ts';
import { openPage, type PageOptions } from './support/browser.ts';
import { PASSWORD, realSite } from './support/real-site.ts';

const site = realSite();

/** As whoever may write beside the log: by a link of `butler-sos-audit open`. */
async function open(t: TestContext, options: PageOptions = {}): Promise<Page | undefined> {
  const page = await openPage(t, site.url(), options);
  if (page === undefined) return undefined;
  await page.goto(await site.link());
  await page.locator('.search-box').waitFor();
  return page;
}

async function openAs(t: TestContext, user: string, address: string): Promise<Page | undefined> {
  const page = await openPage(t, site.url(), { expectedErrors: /40[0134]/ });
  if (page === undefined) return undefined;
  await page.goto(address);
  await page.getByLabel('User name').fill(user);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Log in' }).click();
  return page;
}

async function events(query: string): Promise<readonly TrailEvent[]> {
  return (await site.ask<{ items: readonly TrailEvent[] }>(`events?${query}`)).items;
}

test('a new user finds a selection, its picture, and how long it was on the screen', async (t) => {
  const page = await open(t);
  if (page === undefined) return;
  await page.getByText(/^4\d\d events found$/).waitFor({ state: 'attached' });
  const pictured = (await events('eventType=screenshot.url.received&limit=100')).find(
    (e) => e.screenshot?.status === 'saved',
  );
  assert.ok(pictured?.user != null);
  await page.getByRole('combobox').fill(pictured.user.name);
  await page.getByRole('option', { name: /^User/ }).first().click();
  await page.waitForURL(/user=/);
  await page.goto(`/transactions/${pictured.selectionTxnId}`);
  assert.match((await page.locator('h1').textContent()) ?? '', / selected .* in /);
  const picture = page.locator('.step img.thumbnail').first();
  await picture.scrollIntoViewIfNeeded();
  await page.waitForFunction(
    () => (document.querySelector('.step img.thumbnail') as HTMLImageElement | null)?.naturalWidth,
  );
  await picture.click();
  await page.getByRole('img', { name: /^What .* saw/ }).waitFor();
  assert.match((await page.locator('.file-facts .code').first().textContent()) ?? '', /^[0-9a-f]{64}$/);
  await page.getByText('Annotated', { exact: true }).click();
  await page.waitForFunction(
    () => (document.querySelector('.picture-frame img[src*=annotated]') as HTMLImageElement | null)?.naturalWidth,
  );
  const viewed = (await events('eventType=object.view.duration&limit=1'))[0];
  await page.goto(`/events/${viewed?.eventId}`);
  await page.getByText('On screen', { exact: true }).waitFor();
});

test('every view shows the trail of the real server, and asks it for nothing that it refuses', {
  timeout: 90_000,
}, async (t) => {
  const page = await open(t);
  if (page === undefined) return;
  const refused: string[] = [];
  page.on('response', (response) => response.status() >= 400 && refused.push(`${response.status()} ${response.url()}`));
  const [event] = await events('eventType=selection.state.changed&limit=1');
  const user = encodeURIComponent(event?.user?.id ?? '');
  for (const [address, shown] of [
    ['/', '.row'],
    [`/?range=1h&user=${user}&hour=${new Date(event?.time ?? 0).getUTCHours()}`, '.row'],
    [`/events/${event?.eventId}`, '.facts'],
    ['/story', '.person'],
    [`/story?user=${user}`, '.lane'],
    ['/insights', '.ranking-row'],
    ['/insights?range=24h', '.first-open'],
    ['/live', '.live-list .row'],
    ['/system', '.tile'],
  ] as const) {
    await page.goto(address);
    await page.locator(shown).first().waitFor();
    await page.locator('.skeleton').first().waitFor({ state: 'detached' });
  }
  assert.deepEqual(refused, []);
});

test('a name or a date, an id, the histogram, and an export of what was found', async (t) => {
  const page = await open(t);
  if (page === undefined) return;
  const [selection] = await events('eventType=selection.state.changed&limit=1');
  await page.getByRole('combobox').fill(selection?.selectionTxnId ?? '');
  await page.getByRole('combobox').press('Enter');
  await page.waitForURL(`**/transactions/${selection?.selectionTxnId}`);
  await page.goto('/');
  await page.getByRole('combobox').fill('today type:selection.state.changed');
  await page.getByRole('combobox').press('Enter');
  await page.waitForURL(/eventType=selection/);
  await page.locator('.row').first().waitFor();
  const total = Number(/(\d+) events? found/.exec((await page.getByText(/events? found/).textContent()) ?? '')?.[1]);
  await page.getByRole('button', { name: 'Export these events' }).click();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: /NDJSON/ }).click(),
  ]);
  assert.equal(
    readFileSync(await download.path(), 'utf8')
      .trim()
      .split('\n').length,
    total,
  );
});

test('what is posted appears live', async (t) => {
  const page = await open(t);
  if (page === undefined) return;
  await page.goto('/live');
  await page.locator('.live-open').waitFor();
  const eventId = randomUUID();
  await site.post(envelope({ eventId }));
  await page.locator(`.live-list a[href="/events/${eventId}"]`).waitFor();
});

test('a wrong password is refused, the right one opens the page, and the log-out closes it', async (t) => {
  await site.addUser('governance', ['--role', 'admin']);
  const page = await openPage(t, site.url(), { expectedErrors: /401/ });
  if (page === undefined) return;
  await page.goto('/insights');
  await page.getByLabel('User name').fill('governance');
  await page.getByLabel('Password').fill('not this one');
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('alert').getByText('No account has this name and password.').waitFor();
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.locator('.ranking-row').first().waitFor();
  await page.getByRole('button', { name: /^Account/ }).click();
  await page.getByRole('button', { name: 'Log out' }).click();
  await page.getByLabel('Password').waitFor();
  await page.reload();
  await page.getByLabel('Password').waitFor();
});

test('a link opens the page once', async (t) => {
  const link = await site.link();
  const [page, other] = [await openPage(t, site.url()), await openPage(t, site.url(), { expectedErrors: /401/ })];
  if (page === undefined || other === undefined) return;
  await page.goto(link);
  await page.locator('.search-box').waitFor();
  assert.equal(page.url(), `${site.url()}/`);
  await other.goto(link);
  await other.getByRole('alert').getByText('was used before').waitFor();
});

test('a reader of one app sees nothing of the others', async (t) => {
  const { items } = await site.ask<{ items: readonly TrailApp[] }>('apps');
  const [mine, other] = items;
  assert.ok(mine !== undefined && other !== undefined);
  await site.addUser('narrow', ['--apps', mine.appId]);
  const page = await openAs(t, 'narrow', '/');
  if (page === undefined) return;
  await page.locator('.row').first().waitFor();
  await page.getByText(`${mine.events} events found`).waitFor({ state: 'attached' });
  for (const text of await page.locator('.row-where').allTextContents())
    assert.ok(text.startsWith(mine.appName ?? '?'), text);
  await page.goto('/insights');
  await page.locator('.ranking-row').first().waitFor();
  assert.deepEqual(await page.getByRole('region', { name: 'Apps' }).locator('.ranking-name').allTextContents(), [
    mine.appName,
  ]);
  const [hidden] = await events(`appId=${other.appId}&limit=1`);
  await page.goto(`/events/${hidden?.eventId}`);
  await page.getByRole('heading', { name: 'Not in the trail' }).waitFor();
  assert.equal(await page.getByRole('link', { name: 'System' }).count(), 0);
});

test('a reader without pictures and object data sees neither', async (t) => {
  await site.addUser('blind', ['--no-pictures', '--no-object-data']);
  const pictured = (await events('eventType=screenshot.url.received&limit=100')).find(
    (e) => e.screenshot?.status === 'saved',
  );
  const page = await openAs(t, 'blind', `/events/${pictured?.eventId}`);
  if (page === undefined) return;
  await page.locator('.facts').waitFor();
  assert.equal(await page.locator('img').count(), 0);
  assert.equal(await page.getByRole('table').count(), 0);
  await page.goto(`/transactions/${pictured?.selectionTxnId}`);
  await page.getByText('Pictures are not part of this account’s rights.').first().waitFor();
});

test('who looked is part of the trail', async (t) => {
  const page = await open(t);
  if (page === undefined) return;
  await page.getByRole('button', { name: /^Filter by kind/ }).click();
  await page.getByRole('checkbox', { name: 'Looks at this trail' }).check();
  await page.waitForURL(/eventType=server\.viewer\.\*/);
  await page.keyboard.press('Escape');
  await page.locator('.row', { hasText: 'logged in here' }).first().click();
  assert.match((await page.locator('h1').textContent()) ?? '', /logged in/);
});

test('what somebody searched for can be read and searched for again', async (t) => {
  const page = await open(t);
  if (page === undefined) return;
  await page.goto('/?q=whoever+asks+so&appId=an-app');
  await page.getByRole('heading', { name: 'Nothing fits this search' }).waitFor();
  // looks alike are gathered for some seconds
  const eventId = await eventually(async () => {
    const { items } = await site.ask<{ items: TrailEvent[] }>('events?eventType=server.viewer.searched&limit=20');
    const details = await Promise.all(items.map((one) => site.ask<TrailEventDetail>(`events/${one.eventId}`)));
    return details.find(({ envelope }) => JSON.stringify(envelope).includes('whoever asks so'))?.event.eventId;
  });
  await page.goto(`/events/${eventId}`);
  const asked = page.getByRole('region', { name: 'What was asked' });
  await asked.getByText('whoever asks so').waitFor();
  await asked.getByText('an-app').waitFor();
  await asked.getByRole('link', { name: 'See the same' }).click();
  await page.waitForURL((url) => url.pathname === '/' && url.searchParams.get('q') === 'whoever asks so');
  assert.equal(new URL(page.url()).searchParams.get('appId'), 'an-app');
});

test('a hostile trail renders harmlessly with the real server too', { timeout: 90_000 }, async (t) => {
  for (const { envelope } of hostileTrail(Date.now() - 3_600_000)) await site.post(envelope);
  const page = await open(t);
  if (page === undefined) return;
  page.on('dialog', () => assert.fail('a dialog opened'));
  page.setDefaultTimeout(30_000); // one of them has 10 MB of object data
  const user = encodeURIComponent(HOSTILE.script);
  for (const address of [
    '/',
    `/?user=${user}`,
    '/insights',
    '/story',
    `/story?user=${user}`,
    `/transactions/${HOSTILE_TXN}`,
    ...[0, 1, 2, 6, 7].map((at) => `/events/${hostileId(at)}`),
  ]) {
    await page.goto(address);
    await page.locator('h1').first().waitFor({ state: 'attached' });
    await page.locator('.skeleton').first().waitFor({ state: 'detached' });
    assert.equal(await page.evaluate(() => 'harmed' in window), false, address.slice(0, 80));
    const over = await page.evaluate(
      () => (document.querySelector('.main')?.scrollWidth ?? 0) - (document.querySelector('.main')?.clientWidth ?? 0),
    );
    assert.ok(over <= 0, `${address} is ${over} px too wide`);
  }
});
