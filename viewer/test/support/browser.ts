import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { CHROMIUM, requireTool } from '../../../server/test/support/external-tools.ts';

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

let running: Promise<Browser> | undefined;

/** One Chromium for the tests of a file; the process ends it. */
export function startBrowser(executablePath: string): Promise<Browser> {
  running ??= chromium.launch({ executablePath, args: FLAGS });
  return running;
}

export async function stopBrowser(): Promise<void> {
  await (await running)?.close();
  running = undefined;
}

export interface PageOptions extends BrowserContextOptions {
  /** Errors on the console that this test provokes. */
  readonly expectedErrors?: RegExp;
  /** Other sites that this test leads to. */
  readonly otherOrigins?: readonly string[];
  /** What the clock of the page says, milliseconds since 1970. */
  readonly now?: number;
}

/**
 * A fresh page, in English and in Stockholm. The test fails when the page throws, breaks its Content-Security-Policy or
 * asks another host. Undefined: there is no Chromium, and the test has been marked as skipped.
 */
export async function openPage(t: TestContext, url: string, options: PageOptions = {}): Promise<Page | undefined> {
  const executable = requireTool(t, CHROMIUM);
  if (executable === undefined) return undefined;
  const { expectedErrors, otherOrigins = [], now, ...contextOptions } = options;
  const browser = await startBrowser(executable);
  const context = await browser.newContext({
    baseURL: url,
    viewport: { width: 1280, height: 800 },
    locale: 'en-GB',
    timezoneId: 'Europe/Stockholm',
    acceptDownloads: true,
    ...contextOptions,
  });
  context.setDefaultTimeout(8000);
  const troubles: string[] = [];
  const page = await context.newPage();
  if (now !== undefined) await page.clock.setFixedTime(now);
  page.on('pageerror', (error) => troubles.push(`thrown: ${error.message}`));
  page.on('console', (message) => {
    const text = `${message.text()} ${message.location().url}`;
    if (message.type() === 'error' && expectedErrors?.test(text) !== true) troubles.push(text);
  });
  page.on('request', (request) => {
    const { protocol, origin } = new URL(request.url());
    const isKnown = origin === new URL(url).origin || otherOrigins.includes(origin);
    if (protocol.startsWith('http') && !isKnown) troubles.push(`asked ${request.url()}`);
  });
  t.after(async () => {
    await context.close();
    assert.deepEqual(troubles, []);
  });
  return page;
}
