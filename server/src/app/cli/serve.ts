import { flushCompileCache } from 'node:module';
import { createPinoLogger } from '../../adapters/pino-logger/pino-logger.ts';
import { systemClock } from '../../adapters/system-clock/system-clock.ts';
import { OneTimeLinks } from '../../adapters/viewer-access/one-time-links.ts';
import { messageOf, systemCodeOf } from '../../domain/errors.ts';
import { type AuditServer, startAuditServer } from '../audit-server.ts';
import { withGeneratedToken } from '../config/api-token.ts';
import type { AuditConfig } from '../config/config.ts';
import { isLoopback } from '../config/startup-warnings.ts';
import type { ThreadLogger } from '../threads/contracts.ts';
import { oneTimeLink } from '../viewer-url.ts';
import { loadCommandConfig } from './command-config.ts';
import { CommandFailure, EXIT } from './exit-codes.ts';
import { exitNow } from './exit-now.ts';
import { operator } from './operator-request.ts';
import { printIfRead } from './output.ts';
import type { CommonOptions, ServeOptions } from './program.ts';
import { simulateCommandLine, welcome } from './welcome.ts';

const START_LINK_MS = 12 * 60 * 60_000;

/** SIGHUP and SIGBREAK: what Windows sends when the console is closed. */
const STOP_SIGNALS: readonly NodeJS.Signals[] =
  process.platform === 'win32' ? ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGBREAK'] : ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** Runs until a signal or `butler-sos-audit stop`; a second signal ends at once, still losing nothing acknowledged. */
export async function serve(options: CommonOptions & ServeOptions): Promise<void> {
  const { config: _file, root: _root, ...overrides } = options;
  const read = loadCommandConfig(options, overrides);
  const loaded = { ...read, config: withGeneratedToken(read.config) };
  const { logging } = loaded.config;
  const log: ThreadLogger = {
    level: logging.level,
    format: process.stdout.isTTY ? 'text' : 'json',
    to: 'stdout',
    ...(logging.directory === undefined ? {} : { directory: logging.directory }),
  };
  const logger = createPinoLogger(log);
  let stopping = false;
  const stopped = Promise.withResolvers<void>();
  const onSignal = (signal: string) => {
    if (stopping) exitNow(EXIT.interrupted);
    stopping = true;
    logger.info({ signal }, 'Stopping; a second signal ends at once.');
    stopped.resolve();
  };
  for (const signal of STOP_SIGNALS) process.on(signal, onSignal);
  const server = await startAuditServer(loaded, { logger, log, clock: systemClock, ports: true }).catch(
    (thrown: unknown): AuditServer => {
      const failure = portProblem(thrown, loaded.config) ?? thrown;
      // the terminal gets it anyway; whoever runs a service may have nothing but the file
      if (log.directory !== undefined) logger.error({ cause: messageOf(failure) }, 'The server could not start.');
      throw failure;
    },
  );
  flushCompileCache(); // the next start finds it, however this one ends
  const ending = Promise.race([stopped.promise.then(() => 'signal' as const), server.ended]);
  if (process.stdout.isTTY || loaded.config.file === undefined) {
    const viewer = await Promise.race([server.viewerUrl.then((url) => ({ url })), ending]);
    if (typeof viewer === 'object') {
      const shown = { url: server.url, viewerUrl: viewer.url };
      const isNpmStart = process.env.npm_lifecycle_event === 'start';
      const tryNext = simulateCommandLine(loaded.config, options, server.url, isNpmStart);
      printIfRead(welcome(loaded.config, shown, startLink(loaded.config, viewer.url), tryNext));
    }
  }
  const reason = await ending;
  stopping = true;
  const isOver = await server.stop();
  if (!isOver) {
    logger.warn(
      {},
      'Something hangs in a disk or a network share; the server ends without it. Nothing acknowledged is lost.',
    );
    exitNow(reason === 'failed' ? EXIT.failed : EXIT.done);
  }
  if (reason === 'failed') throw new CommandFailure('The server could not go on; see the log lines above.');
  process.exit(EXIT.done);
}

/** EACCES of a folder is something else. */
const PORT_CALLS: ReadonlySet<string> = new Set(['listen', 'bind', 'getaddrinfo']);

/** For the person at the terminal; a log that others read gets none. */
function startLink({ eventLog, viewer }: AuditConfig, url: string | undefined): string | undefined {
  if (url === undefined || !(viewer.tls.enable || isLoopback(viewer.host))) return undefined;
  const token = new OneTimeLinks(eventLog.directory, systemClock).create(operator(), START_LINK_MS);
  return oneTimeLink(viewer, url, token);
}

/** What the system says when the port of the audit API cannot be had is the operator's to mend, no defect. */
function portProblem(thrown: unknown, { http: { host, port } }: AuditConfig): CommandFailure | undefined {
  if (!(thrown instanceof Error && 'syscall' in thrown && PORT_CALLS.has(String(thrown.syscall)))) return undefined;
  switch (systemCodeOf(thrown)) {
    case 'EADDRINUSE':
      return new CommandFailure(
        `Port ${port} of ${host} is in use by another program. Stop that, or choose another one with --port or auditEvents.port.`,
      );
    case 'EACCES':
      return new CommandFailure(
        `This account may not listen on port ${port} of ${host}. Set auditEvents.port to another one.`,
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new CommandFailure(
        `${host} is no address of this machine. Set auditEvents.host; 0.0.0.0 means all of them.`,
      );
    case 'EAI_AGAIN':
      return new CommandFailure(`No name server says now what address ${host} is. Set auditEvents.host to an address.`);
    default:
      return undefined;
  }
}
