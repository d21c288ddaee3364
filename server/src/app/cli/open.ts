import { spawn } from 'node:child_process';
import { systemClock } from '../../adapters/system-clock/system-clock.ts';
import { OneTimeLinks } from '../../adapters/viewer-access/one-time-links.ts';
import { oneTimeLink, viewerUrl } from '../viewer-url.ts';
import { loadCommandConfig } from './command-config.ts';
import { CommandFailure } from './exit-codes.ts';
import { isRunning, operator } from './operator-request.ts';
import { print } from './output.ts';
import type { CommonOptions } from './program.ts';

const VALID_MS = 10 * 60_000;

/** Whoever may write beside the log may look at it. */
export async function open(options: CommonOptions & { readonly browser?: true }): Promise<void> {
  const { config } = loadCommandConfig(options);
  if (!config.viewer.enable) throw new CommandFailure('The viewer port is switched off: set viewer.enable.');
  if (!isRunning(config)) throw new CommandFailure(`No server runs on ${config.eventLog.directory}. Start it first.`);
  const url = viewerUrl(config);
  if (url === undefined) throw new CommandFailure('The server has not opened its viewer port. Its log says why.');
  const token = new OneTimeLinks(config.eventLog.directory, systemClock).create(operator(), VALID_MS);
  const link = oneTimeLink(config.viewer, url, token);
  print(`${link}\n`);
  if (options.browser === true) openInBrowser(link);
}

function openInBrowser(link: string): void {
  const [command = '', ...args] =
    process.platform === 'win32'
      ? ['rundll32', 'url.dll,FileProtocolHandler', link]
      : [process.platform === 'darwin' ? 'open' : 'xdg-open', link];
  const child = spawn(command, args, { stdio: 'ignore', detached: true });
  child.on('error', () => print('No browser could be started here; open the link yourself.\n'));
  child.unref();
}
