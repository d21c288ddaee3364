import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { build } from 'vite';
import { hostileTrail } from '../../mock/hostile.ts';
import { type MockServer, startMock } from '../../mock/server.ts';
import { stopBrowser } from './browser.ts';

const ROOT = join(import.meta.dirname, '..', '..');

/** Thursday 12 March 2026, 16:30 in Stockholm. */
export const NOW = Date.parse('2026-03-12T15:30:00Z');
/** When the hostile events happened: on a day that nothing else did. */
export const HOSTILE_AT = Date.parse('2026-03-01T12:00:00Z');

export interface MockSite {
  readonly server: () => MockServer;
  readonly url: () => string;
}

/** The built page with the mock behind it, for the tests of one file. `isOpen`: nobody needs to log in; `provider`: its name. */
export function mockSite({ isOpen = true, provider }: { isOpen?: boolean; provider?: string } = {}): MockSite {
  let server: MockServer | undefined;
  let dist = '';
  const present = () => {
    if (server === undefined) throw new Error('The mock is not running yet.');
    return server;
  };
  before(async () => {
    dist = await buildPage();
    const named = provider === undefined ? {} : { provider };
    server = await startMock({
      port: 0,
      dist,
      now: () => NOW,
      further: hostileTrail(HOSTILE_AT),
      open: isOpen,
      ...named,
    });
  });
  after(async () => {
    await stopBrowser();
    await server?.close();
    rmSync(dist, { recursive: true, force: true, maxRetries: 5 });
  });
  return { server: present, url: () => present().url };
}

/** The folder that the real server serves, as it is in the sources now. `npm ci` built it; this builds it again when one of them is newer. */
export async function freshDist(): Promise<void> {
  const built = statSync(join(ROOT, 'dist', 'index.html'), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' }).map((name) =>
    join(ROOT, 'src', name),
  );
  const isStale = [...sources, join(ROOT, 'index.html')].some((file) => statSync(file).mtimeMs > built);
  if (isStale) await build({ root: ROOT, configFile: join(ROOT, 'vite.config.ts'), logLevel: 'error' });
}

/** The page as it is in the sources now. @returns a temporary folder */
export async function buildPage(): Promise<string> {
  const outDir = mkdtempSync(join(tmpdir(), 'audit-page-'));
  await build({ root: ROOT, configFile: join(ROOT, 'vite.config.ts'), logLevel: 'error', build: { outDir } });
  return outDir;
}
