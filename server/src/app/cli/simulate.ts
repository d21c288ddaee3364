import { systemClock } from '../../adapters/system-clock/system-clock.ts';
import { readGeneratedToken } from '../config/api-token.ts';
import { arePicturesFetched } from '../config/are-pictures-fetched.ts';
import type { AuditConfig } from '../config/config.ts';
import { isLoopback } from '../config/startup-warnings.ts';
import { simulateCommand } from '../simulate/command.ts';
import type { PictureOptions, PicturesAtServer } from '../simulate/pictures/serve-pictures.ts';
import { viewerUrl } from '../viewer-url.ts';
import { loadCommandConfig } from './command-config.ts';
import type { CommonOptions, SimulateOptions } from './program.ts';

/** Against the server of the configuration, unless told otherwise. Ctrl-C ends it, still with a summary. */
export async function simulate(options: CommonOptions & SimulateOptions): Promise<void> {
  const { config } = loadCommandConfig(options);
  const ended = new AbortController();
  process.once('SIGINT', () => ended.abort());
  const token = options.token ?? config.http.apiTokens[0] ?? generatedToken(config.generatedTokenFile);
  const { users, rate, duration, seed, batch, screenshotHost } = options;
  const url = options.url ?? urlOf(config.http);
  const pictures = options.pictures && screenshotHost === undefined ? pictureOptions(config, url) : undefined;
  process.exitCode = await simulateCommand(
    {
      url,
      ...(token === undefined ? {} : { token }),
      users,
      rate,
      duration,
      ...(seed === undefined ? {} : { seed }),
      ...(batch === undefined ? {} : { batch }),
      ...(screenshotHost === undefined ? {} : { screenshotOrigin: screenshotHost }),
      ...(pictures === undefined ? {} : { pictures }),
    },
    { stdout: process.stdout, clock: systemClock, signal: ended.signal },
  );
}

/** Where the configuration lets pictures come from on this machine; the built-in default does. */
function pictureOptions(config: AuditConfig, url: string): PictureOptions | undefined {
  const { screenshots } = config;
  const isHere = URL.canParse(url) && isLoopback(new URL(url).hostname.replace(/^\[|\]$/g, ''));
  const ports = (screenshots.allowedImageDownloadHosts ?? []).map((entry) => /^127\.0\.0\.1:(\d+)$/.exec(entry)?.[1]);
  const port = ports.find((found) => found !== undefined);
  if (!isHere || port === undefined || !arePicturesFetched(screenshots)) return undefined;
  return { host: '127.0.0.1', port: Number(port), atServer: () => picturesAtServer(config) };
}

async function picturesAtServer(config: AuditConfig): Promise<PicturesAtServer | undefined> {
  try {
    const answer = await fetch(`${viewerUrl(config)}/api/v1/status`, { signal: AbortSignal.timeout(2000) });
    return ((await answer.json()) as { readonly screenshots?: PicturesAtServer }).screenshots;
  } catch {
    return undefined; // another version, or a viewer port that is off or elsewhere
  }
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
