import { hostname } from 'node:os';
import { arePicturesFetched } from '../config/are-pictures-fetched.ts';
import type { AuditConfig } from '../config/config.ts';
import { exportDirectoryOf } from '../config/export-directory.ts';

/** Nobody can connect to it by that name. */
const EVERY_ADDRESS = /\/\/(0\.0\.0\.0|\[::\]):/;

/** What a new user wants to know next: where to POST, where data goes, what to try. */
export function welcome(
  config: AuditConfig,
  server: { readonly url: string | undefined; readonly viewerUrl: string | undefined },
  link: string | undefined,
  tryNext: string,
): string {
  const lines: [string, string][] = [];
  if (link !== undefined) lines.push(['Open, once', link]);
  if (server.url !== undefined) {
    lines.push(['POST events to', `${server.url.replace(EVERY_ADDRESS, `//${hostname()}:`)}/api/v1/audit-event`]);
  }
  if (config.generatedTokenFile !== undefined) lines.push(['with the token in', config.generatedTokenFile]);
  lines.push(['Event log', config.eventLog.directory]);
  for (const destination of config.destinations) {
    const directory = exportDirectoryOf(config, destination);
    if (directory !== undefined) lines.push([`${destination.name} files`, directory]);
  }
  if (arePicturesFetched(config.screenshots)) {
    for (const { directory } of config.screenshots.storageTargets) lines.push(['pictures', directory]);
  }
  if (server.viewerUrl !== undefined) lines.push(['Status, metrics', `${server.viewerUrl}/api/v1/status and /metrics`]);
  if (server.url !== undefined) lines.push(['Try next', `${tryNext}    (in a second terminal)`]);
  const width = Math.max(...lines.map(([label]) => label.length));
  return `\n${lines.map(([label, value]) => `  ${label.padEnd(width)}  ${value}\n`).join('')}\n`;
}

/** The command that plays users against this very server: with what it was told on its own command line. */
export function simulateCommandLine(
  { file, root, http: { port } }: Pick<AuditConfig, 'file' | 'root'> & { readonly http: { readonly port: number } },
  given: { readonly root?: string; readonly host?: string; readonly port?: number },
  url: string | undefined,
  isNpmStart: boolean,
): string {
  const isElsewhere = given.host !== undefined || given.port !== undefined || port === 0;
  const options = [
    ...(file === undefined ? [] : [`--config "${file}"`]),
    ...(given.root === undefined ? [] : [`--root "${root}"`]),
    ...(isElsewhere && url !== undefined ? [`--url ${url.replace(EVERY_ADDRESS, '//127.0.0.1:')}`] : []),
  ];
  // PowerShell swallows the "--" that npm run would need before options
  const command = isNpmStart && options.length === 0 ? 'npm run simulate' : 'npx butler-sos-audit simulate';
  return [command, ...options].join(' ');
}
