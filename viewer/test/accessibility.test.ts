import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { HOSTILE_TXN, hostileId } from '../mock/hostile.ts';
import { openPage } from './support/browser.ts';
import { mockSite, NOW } from './support/mock-site.ts';

const site = mockSite();
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

/** What breaks WCAG 2.2 A or AA, or good practice. */
async function violations(page: Page): Promise<readonly string[]> {
  // evaluated by the debugger, so that the page's policy holds
  await page.evaluate(AXE);
  const found = await page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run(): Promise<{ violations: readonly Violation[] }> } };
    return (await axe.run()).violations;
  });
  return found.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.html.slice(0, 160)} ${node.failureSummary}`),
  );
}

function addresses(): readonly string[] {
  const event = site
    .server()
    .newestFirst()
    .find(({ event }) => event.screenshot?.status === 'saved')?.event;
  const user = encodeURIComponent(event?.user?.id ?? '');
  return [
    ...['/', '/?q=nothing-fits-this', `/?range=7d&user=${user}`, `/events/${event?.eventId}`],
    ...[`/transactions/${event?.selectionTxnId}`, '/story', `/story?user=${user}`, '/insights', '/live', '/system'],
    ...[`/events/${hostileId(6)}`, `/transactions/${HOSTILE_TXN}`],
  ];
}

for (const [scheme, width] of [
  ['light', 1280],
  ['dark', 1280],
  ['light', 380],
] as const) {
  test(`every view passes axe, ${scheme}, ${width} px wide`, { timeout: 120_000 }, async (t) => {
    const page = await openPage(t, site.url(), {
      now: NOW,
      colorScheme: scheme,
      viewport: { width, height: 800 },
      reducedMotion: 'reduce',
    });
    if (page === undefined) return;
    const found: string[] = [];
    for (const address of addresses()) {
      await page.goto(address);
      await page.locator('h1').first().waitFor({ state: 'attached' });
      await page.waitForLoadState('load');
      await page.locator('.skeleton').first().waitFor({ state: 'detached' });
      found.push(...(await violations(page)).map((violation) => `${address}: ${violation}`));
    }
    assert.deepEqual(found, []);
  });
}

test('menus, suggestions, dialogs and the log-in pass axe', async (t) => {
  const page = await openPage(t, site.url(), { now: NOW, reducedMotion: 'reduce', expectedErrors: /401/ });
  if (page === undefined) return;
  await page.goto('/');
  await page.locator('.row').first().waitFor();
  await page.getByRole('combobox').fill('an');
  await page.getByRole('option').nth(2).waitFor();
  assert.deepEqual(await violations(page), [], 'suggestions');
  await page.keyboard.press('Escape');
  for (const name of [/^Time:/, /^Filter/, /^Export/, /^Account/]) {
    await page.getByRole('button', { name }).click();
    assert.deepEqual(await violations(page), [], String(name));
    await page.keyboard.press('Escape');
  }
  await page.getByRole('button', { name: 'Keyboard' }).click();
  assert.deepEqual(await violations(page), [], 'keyboard');
  await page.keyboard.press('Escape');
  await page.route('**/api/v1/trail/session', (route) =>
    route.fulfill({ status: 401, json: { error: { code: 'NOT_LOGGED_IN', message: 'Log in.' } } }),
  );
  await page.reload();
  await page.getByLabel('Password').waitFor();
  assert.deepEqual(await violations(page), [], 'log-in');
});
