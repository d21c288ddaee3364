import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AuditConfig } from './config/config.ts';
import { isLoopback } from './config/startup-warnings.ts';

const NAME = 'viewer-url.txt';

/** Where the page of the running server is: `open` asks for it in another process. Best effort. */
export function recordViewerUrl(directory: string, url: string): void {
  try {
    writeFileSync(join(directory, NAME), `${url}\n`, { mode: 0o600 });
  } catch {
    // a disk that is full; the configuration says where the page is, too
  }
}

/** As people reach it; undefined when no server has said and the configuration leaves the port open. */
export function viewerUrl({ eventLog, viewer }: AuditConfig): string | undefined {
  const recorded = recordedUrl(eventLog.directory);
  if (recorded !== undefined) return recorded;
  if (viewer.port === 0) return undefined;
  const host = viewer.host.includes(':') ? `[${viewer.host}]` : viewer.host;
  return `${viewer.tls.enable ? 'https' : 'http'}://${host}:${viewer.port}`;
}

/**
 * The link that opens the page with a one-time token. The part behind # does not leave the browser by itself. Where other
 * machines reach the port, it has the name that people use, which is that of the certificate.
 */
export function oneTimeLink(viewer: AuditConfig['viewer'], url: string, token: string): string {
  const link = new URL('/login', url);
  const [name] = viewer.allowedHosts;
  if (name !== undefined && !isLoopback(viewer.host)) link.hostname = name;
  return `${link.href}#link=${token}`;
}

function recordedUrl(directory: string): string | undefined {
  try {
    return readFileSync(join(directory, NAME), 'utf8').trim() || undefined;
  } catch {
    return undefined;
  }
}
