import { systemClock } from '../../adapters/system-clock/system-clock.ts';
import { readGeneratedToken } from '../config/api-token.ts';
import { simulateCommand } from '../simulate/command.ts';
import { loadCommandConfig } from './command-config.ts';
import type { CommonOptions, SimulateOptions } from './program.ts';

/** Against the server of the configuration, unless told otherwise. Ctrl-C ends it, still with a summary. */
export async function simulate(options: CommonOptions & SimulateOptions): Promise<void> {
  const { config } = loadCommandConfig(options);
  const ended = new AbortController();
  process.once('SIGINT', () => ended.abort());
  const token = options.token ?? config.http.apiTokens[0] ?? generatedToken(config.generatedTokenFile);
  const { users, rate, duration, seed, batch, screenshotHost } = options;
  process.exitCode = await simulateCommand(
    {
      url: options.url ?? urlOf(config.http),
      ...(token === undefined ? {} : { token }),
      users,
      rate,
      duration,
      ...(seed === undefined ? {} : { seed }),
      ...(batch === undefined ? {} : { batch }),
      ...(screenshotHost === undefined ? {} : { screenshotOrigin: screenshotHost }),
    },
    { stdout: process.stdout, clock: systemClock, signal: ended.signal },
  );
}

/** A server that listens everywhere is reached on loopback. */
function urlOf(http: {
  readonly host: string;
  readonly port: number;
  readonly tls: { readonly enable: boolean };
}): string {
  const host =
    http.host === '0.0.0.0'
      ? '127.0.0.1'
      : http.host === '::'
        ? '[::1]'
        : http.host.includes(':')
          ? `[${http.host}]`
          : http.host;
  return `${http.tls.enable ? 'https' : 'http'}://${host}:${http.port}`;
}

function generatedToken(file: string | undefined): string | undefined {
  return file === undefined ? undefined : readGeneratedToken(file);
}
