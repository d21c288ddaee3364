// Takes the pictures of the audit-trail page for the documents, from a made-up trail that is always the same.
// Usage: npm run docs:images
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContextOptions, chromium } from 'playwright-core';
import { build } from 'vite';
import { CHROMIUM, findTool } from '../server/test/support/external-tools.ts';
import { type MockServer, startMock } from '../viewer/mock/server.ts';

const NOW = Date.parse('2026-03-12T09:40:00Z');
const VIEWER = join(import.meta.dirname, '..', 'viewer');
const IMAGES = join(import.meta.dirname, '..', 'docs', 'images');

interface Picture {
  readonly name: string;
  readonly address: string;
  readonly options?: BrowserContextOptions;
  /** What must be there before the picture is taken. */
  readonly shown: string;
}

function pictures(mock: MockServer): readonly Picture[] {
  const event = mock
    .newestFirst()
    .filter(({ envelope }) => JSON.stringify(envelope).includes('objectData'))
    .map((kept) => kept.event)
    .find(
      ({ screenshot, objectType, user }) =>
        screenshot?.status === 'saved' && objectType === 'barchart' && user?.name === 'anna.lindqvist',
    );
  const anna = encodeURIComponent(event?.user?.id ?? '');
  // the day before is whole
  const day = new Date(NOW - 86_400_000).toISOString().slice(0, 10);
  return [
    { name: 'search', address: '/', shown: '.row' },
    { name: 'search-dark', address: `/?range=7d&user=${anna}`, shown: '.row', options: { colorScheme: 'dark' } },
    { name: 'event', address: `/events/${event?.eventId}`, shown: '.picture-frame img' },
    { name: 'transaction', address: `/transactions/${event?.selectionTxnId}`, shown: '.step img' },
    { name: 'user-story', address: `/story?user=${anna}&day=${day}`, shown: '.chapter img' },
    { name: 'insights', address: '/insights', shown: '.ranking-row' },
    { name: 'live', address: '/live', shown: '.live-list .row' },
    { name: 'system', address: '/system', shown: '.letter-list li' },
    { name: 'search-380px', address: '/', shown: '.row', options: { viewport: { width: 380, height: 760 } } },
  ];
}

const executablePath = findTool(CHROMIUM);
if (executablePath === undefined) throw new Error('Chromium is missing: npm run test-services -- chromium');
const dist = mkdtempSync(join(tmpdir(), 'audit-page-'));
mkdirSync(IMAGES, { recursive: true });
await build({ root: VIEWER, configFile: join(VIEWER, 'vite.config.ts'), logLevel: 'error', build: { outDir: dist } });
const mock = await startMock({ port: 0, dist, now: () => NOW, open: true });
const browser = await chromium.launch({
  executablePath,
  env: { ...process.env, LANGUAGE: 'en_GB' },
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--lang=en-GB'],
});
try {
  for (const { name, address, options, shown } of pictures(mock)) {
    const context = await browser.newContext({
      baseURL: mock.url,
      viewport: { width: 1280, height: 800 },
      locale: 'en-GB',
      timezoneId: 'Europe/Stockholm',
      reducedMotion: 'reduce',
      ...options,
    });
    const page = await context.newPage();
    await page.clock.setFixedTime(NOW);
    await page.goto(address);
    await page.locator(shown).first().waitFor();
    await page.waitForLoadState('networkidle', { timeout: 3000 }).catch(() => undefined); // live never rests
    await page.screenshot({ path: join(IMAGES, `trail-${name}.png`) });
    process.stdout.write(`docs/images/trail-${name}.png\n`);
    await context.close();
  }
} finally {
  await browser.close();
  await mock.close();
  rmSync(dist, { recursive: true, force: true });
}
