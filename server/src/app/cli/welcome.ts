import { arePicturesFetched } from '../config/are-pictures-fetched.ts';
import type { AuditConfig } from '../config/config.ts';
import { exportDirectoryOf } from '../config/export-directory.ts';

/** What a new user wants to know next: where to POST, where data goes, what to try. */
export function welcome(
  config: AuditConfig,
  server: { readonly url: string | undefined; readonly viewerUrl: string | undefined },
  link: string | undefined,
  isNpmStart: boolean,
): string {
  const lines: [string, string][] = [];
  if (link !== undefined) lines.push(['Open, once', link]);
  if (server.url !== undefined) lines.push(['POST events to', `${server.url}/api/v1/audit-event`]);
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
  lines.push([
    'Try next',
    config.file === undefined
      ? `${isNpmStart ? 'npm run' : 'npx butler-sos-audit'} simulate    (in a second terminal)`
      : `npx butler-sos-audit simulate --config "${config.file}"`,
  ]);
  const width = Math.max(...lines.map(([label]) => label.length));
  return `\n${lines.map(([label, value]) => `  ${label.padEnd(width)}  ${value}\n`).join('')}\n`;
}
