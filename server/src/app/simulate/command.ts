import { messageOf, systemCodeOf } from '../../domain/errors.ts';
import type { Clock } from '../../pipeline/ports/clock.ts';
import { CommandFailure, EXIT } from '../cli/exit-codes.ts';
import type { TextOutput } from '../cli/progress-line.ts';
import { AuditClient } from './audit-client.ts';
import type { PictureHost } from './pictures/picture-host.ts';
import { type PictureOptions, servePictures, waitUntilFetched } from './pictures/serve-pictures.ts';
import { showProgress, summaryText } from './progress.ts';
import { runSimulation, type SimulationSummary } from './simulation.ts';

export interface SimulateOptions {
  /** Of the audit API. */
  readonly url: string;
  readonly token?: string;
  readonly users: number;
  /** Events per second. */
  readonly rate: number;
  /** Seconds. */
  readonly duration: number;
  /** Undefined: a new one, and events of now. Given: the very same events as every other run with it. */
  readonly seed?: number;
  readonly batch?: number;
  readonly screenshotOrigin?: string;
  /** Serve pictures there while the run lasts; not with a `screenshotOrigin`. */
  readonly pictures?: PictureOptions;
  /** PEM of the authority that signed the server's certificate. */
  readonly ca?: string;
}

export interface SimulateSurroundings {
  readonly stdout: TextOutput;
  readonly clock: Clock;
  /** Ctrl-C: ends the run, still with a summary. */
  readonly signal: AbortSignal;
}

/** With a seed, the events tell of this morning, so that two runs send the same bytes and the second adds nothing. */
const SEEDED_START = Date.UTC(2026, 0, 5, 8, 0, 0);

/**
 * Plays Audit.qs against a running server. Gives an exit code: 0 when every event was acknowledged.
 * @throws CommandFailure saying what to do when no server answers, or it does not let us in
 */
export async function simulateCommand(options: SimulateOptions, surroundings: SimulateSurroundings): Promise<number> {
  const { stdout, signal } = surroundings;
  const sender = connect(options);
  let host: PictureHost | undefined;
  try {
    await checkServer(sender, options.url, signal);
    const { pictures } = options;
    if (pictures !== undefined) host = await servePictures(pictures, surroundings);
    const summary = await run(options, surroundings, sender, host);
    stdout.write(summaryText(summary));
    if (pictures !== undefined && host !== undefined) {
      // the first Ctrl-C ended the run; what it announced is still waited for, and the next one ends the program
      const ended = signal.aborted ? new AbortController().signal : signal;
      await waitUntilFetched(host, pictures, surroundings, ended);
    }
    return exitCode(summary);
  } finally {
    sender.close();
    await host?.close();
  }
}

async function run(
  options: SimulateOptions,
  { stdout, clock, signal }: SimulateSurroundings,
  sender: AuditClient,
  host: PictureHost | undefined,
): Promise<SimulationSummary> {
  const { users, rate, duration, batch = 1 } = options;
  const seed = options.seed ?? Math.floor(Math.random() * 0x8000_0000);
  const startAt = options.seed === undefined ? clock.now() : SEEDED_START;
  stdout.write(`${users} users, ${rate} events/s for ${duration} s against ${options.url} (--seed ${seed})\n`);
  const progress = showProgress(stdout, rate * duration, () => clock.monotonicMs());
  const screenshotOrigin = host?.origin ?? options.screenshotOrigin;
  const summary = await runSimulation({
    ...{ users, rate, durationSeconds: duration, seed, startAt, batch, clock, sender, signal },
    ...(screenshotOrigin === undefined ? {} : { screenshotOrigin }),
    ...(host === undefined ? {} : { onEvent: (envelope) => host.announced.note(envelope) }),
    onProgress: progress.update,
  });
  progress.end();
  return summary;
}

function connect(options: SimulateOptions): AuditClient {
  const { url, token, ca } = options;
  try {
    return new AuditClient({
      url,
      ...(token === undefined ? {} : { token }),
      ...(ca === undefined ? {} : { ca }),
    });
  } catch {
    throw new CommandFailure(`"${url}" is not the address of a server, such as http://127.0.0.1:8181.`, EXIT.usage);
  }
}

async function checkServer(client: AuditClient, url: string, signal: AbortSignal): Promise<void> {
  const answer = await client.testConnection(signal).catch((error: unknown) => {
    if (/CERT|VERIFY/.test(systemCodeOf(error) ?? '')) {
      throw new CommandFailure(
        `The certificate of the server at ${url} is not trusted here (${messageOf(error)}).\n` +
          'Set NODE_EXTRA_CA_CERTS to the file of its authority, or of itself when it is self-signed, and give a host that it is for with --url.',
      );
    }
    throw new CommandFailure(
      `No server answers at ${url} (${messageOf(error)}).\nStart one with "npm start", or name another with --url.`,
    );
  });
  if (answer.status === 401) {
    throw new CommandFailure(`The server at ${url} does not accept this token. Give the right one with --token.`);
  }
  if (answer.status !== 200) {
    throw new CommandFailure(
      `${url} does not answer like an audit server: HTTP ${answer.status}.\n${answer.body.slice(0, 300)}`,
    );
  }
}

function exitCode(summary: SimulationSummary): number {
  return summary.sent === summary.acknowledged ? EXIT.done : EXIT.failed;
}
