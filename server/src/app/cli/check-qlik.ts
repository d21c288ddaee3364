import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { PrometheusMetrics } from '../../adapters/metrics/prometheus-metrics.ts';
import { createQpsAgent } from '../../adapters/qlik/certificates.ts';
import { DownloadRules } from '../../adapters/qlik/download-rules.ts';
import { chooseVirtualProxy } from '../../adapters/qlik/image-path.ts';
import { chooseLoginUser, nameOf } from '../../adapters/qlik/login-user.ts';
import type { CertificatePaths, ScreenshotSourceOptions } from '../../adapters/qlik/options.ts';
import { QpsClient } from '../../adapters/qlik/qps-client.ts';
import { createScreenshotSource } from '../../adapters/qlik/screenshot-source.ts';
import { systemClock } from '../../adapters/system-clock/system-clock.ts';
import { CodedError, messageOf } from '../../domain/errors.ts';
import type { Fields, Logger } from '../../pipeline/ports/logger.ts';
import type { QlikSession } from '../../pipeline/ports/screenshots.ts';
import type { AuditConfig } from '../config/config.ts';
import { loadCommandConfig } from './command-config.ts';
import { CommandFailure } from './exit-codes.ts';
import { print } from './output.ts';
import type { CheckQlikOptions, CommonOptions } from './program.ts';

/** What a step came to. `skipped`: nothing to do, and why. */
interface Step {
  readonly name: 'certificates' | 'ticket' | 'download' | 'session end';
  readonly result: 'ok' | 'FAILED' | 'skipped';
  readonly message: string;
}

const CLOSE_MS = 10_000;

/**
 * Does what the server does for a screenshot, step by step, and says what is wrong and what to do about it. It asks for two
 * tickets, one of which nobody uses, and ends the session that it opens.
 * @throws CommandFailure when a step failed
 */
export async function checkQlik(options: CommonOptions & CheckQlikOptions): Promise<void> {
  const { config } = loadCommandConfig(options);
  const source = sourceOptions(config);
  const identity = options.user ?? null;
  const results: Step[] = [];
  // each as soon as it is known: one that hangs takes a while
  const show = (steps: readonly Step[]) => {
    for (const { name, result, message } of steps) print(`${name.padEnd(12)}  ${result.padEnd(7)}  ${message}\n`);
    results.push(...steps);
  };
  show([await certificateStep(source)]);
  show([await ticketStep(source, options.url, identity)]);
  show(await downloadSteps(source, options.url, identity));
  const failed = results.filter(({ result }) => result === 'FAILED');
  if (failed.length > 0) throw new CommandFailure(`${failed.length} of ${results.length} steps failed.`);
}

function sourceOptions({ screenshots, http, certs }: AuditConfig): ScreenshotSourceOptions {
  return {
    ...screenshots,
    allowedOrigins: http.cors.allowedOrigins,
    rejectUnauthorized: certs.rejectUnauthorized,
  };
}

async function certificateStep({ auth, rejectUnauthorized }: ScreenshotSourceOptions): Promise<Step> {
  const name = 'certificates';
  const { clientCert, clientCertKey, clientCertCA } = auth.qps.cert;
  if (auth.mode === 'none') return { name, result: 'skipped', message: 'screenshots.auth.mode is none.' };
  if (clientCert === undefined || clientCertKey === undefined) {
    const message = 'Set Butler-SOS.cert.clientCert and clientCertKey to client.pem and client_key.pem from the QMC.';
    return { name, result: 'FAILED', message };
  }
  try {
    const now = new Date();
    const texts = [clientCert, ...(clientCertCA === undefined ? [] : [clientCertCA])].map((path) => {
      const { subject, validFromDate, validToDate } = new X509Certificate(readFileSync(path));
      if (validToDate < now || validFromDate > now) throw new Error(`${path} is not valid today`);
      return `${path} (${subject.replaceAll('\n', ', ')}) is valid until ${validToDate.toISOString().slice(0, 10)}.`;
    });
    const agent = createQpsAgent({ cert: auth.qps.cert, rejectUnauthorized }, silent);
    await agent.current(); // the key can be read, and belongs to the certificate
    agent.close();
    const noCa = 'No clientCertCA is set: the certificate of Qlik Sense must be from a public authority.';
    return { name, result: 'ok', message: [...texts, ...(clientCertCA === undefined ? [noCa] : [])].join(' ') };
  } catch (thrown) {
    const where = thrown instanceof CodedError ? '' : `${pathsOf(auth.qps.cert)}: `;
    return { name, result: 'FAILED', message: `${where}${messageOf(thrown)}.` };
  }
}

async function ticketStep(
  options: ScreenshotSourceOptions,
  url: string | undefined,
  identity: string | null,
): Promise<Step> {
  const name = 'ticket';
  const { mode, qps } = options.auth;
  const { host, port } = qps;
  if (mode === 'none') return { name, result: 'skipped', message: 'screenshots.auth.mode is none.' };
  if (host === undefined) return { name, result: 'FAILED', message: 'screenshots.auth.qps.host is not set.' };
  const choice = chooseLoginUser(options.auth, identity);
  if (choice.kind !== 'user') {
    const whose = mode === 'userTicket' ? 'With userTicket, name a user: --user "LAB\\john"' : 'auth.qps names no user';
    const denied = choice.kind === 'denied' ? `No ticket is ever asked for ${nameOf(choice.user)}` : whose;
    return { name, result: 'FAILED', message: `${denied}.` };
  }
  const path = url !== undefined && URL.canParse(url) ? new URL(url).pathname : '/';
  const virtualProxy = chooseVirtualProxy(qps.virtualProxy, path) ?? '';
  const tls = { cert: qps.cert, rejectUnauthorized: options.rejectUnauthorized };
  const client = new QpsClient({
    ...{ agent: createQpsAgent(tls, silent), clock: systemClock, timeoutMs: qps.ticketTimeoutMs },
  });
  const answer = await client.requestTicket({ host, port }, virtualProxy, choice.user, new AbortController().signal);
  client.close();
  if (answer.kind === 'problem') return { name, result: 'FAILED', message: answer.problem.message };
  const proxy = virtualProxy === '' ? 'the default virtual proxy' : `the virtual proxy ${virtualProxy}`;
  return { name, result: 'ok', message: `${host}:${port} gave a ticket for ${nameOf(choice.user)} on ${proxy}.` };
}

async function downloadSteps(
  options: ScreenshotSourceOptions,
  url: string | undefined,
  userIdentity: string | null,
): Promise<readonly Step[]> {
  if (url === undefined) {
    const message =
      'Name the URL of a screenshot: --url https://…/tempcontent/….png (they live for some minutes only).';
    return [{ name: 'download', result: 'skipped', message }];
  }
  const open = new Map<string, QlikSession>();
  let opened: QlikSession | undefined;
  const sessions = {
    remember(session: QlikSession) {
      opened = session;
      open.set(session.sessionId, session);
    },
    forget: (sessionId: string) => void open.delete(sessionId),
    list: () => [...open.values()],
  };
  const problems: Warned[] = [];
  const parts = { sessions, clock: systemClock, logger: collecting(problems), metrics: new PrometheusMetrics() };
  const source = createScreenshotSource(options, parts);
  const outcome = await source.download({ url, userIdentity }, new AbortController().signal);
  await source.close(CLOSE_MS);
  const download: Step =
    outcome.kind === 'downloaded'
      ? {
          name: 'download',
          result: 'ok',
          message: `${outcome.bytes.length} bytes of ${outcome.format}${how(options, url, opened)}.`,
        }
      : { name: 'download', result: 'FAILED', message: outcome.message };
  // what is said at the start has no reason
  const ofSession = problems.find(({ reason }) => reason !== undefined);
  const end = (result: Step['result'], message: string): Step => ({ name: 'session end', result, message });
  if (ofSession !== undefined) return [download, end('FAILED', ofSession.message)];
  if (opened === undefined) return [download, end('skipped', 'None was opened.')];
  const isOver = open.size === 0;
  return [download, isOver ? end('ok', 'The session was ended.') : end('FAILED', 'It could not be ended.')];
}

/** Whether the picture needed the log-in; who expects one should know when it did not happen. */
function how(options: ScreenshotSourceOptions, url: string, opened: QlikSession | undefined): string {
  if (options.auth.mode === 'none') return '';
  if (opened !== undefined) return ', with a session';
  const why = new DownloadRules(options).whyNoCredentials(new URL(url));
  return why === undefined ? ', although Qlik Sense gave no session' : `, without a log-in, because ${why}`;
}

function pathsOf({ clientCert, clientCertCA }: CertificatePaths): string {
  return [clientCert, clientCertCA].filter((path) => path !== undefined).join(', ');
}

const nothing = () => undefined;
const silent: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing, with: () => silent };

interface Warned {
  readonly reason: unknown;
  readonly message: string;
}

/** Keeps what went wrong in the background. */
function collecting(problems: Warned[]): Logger {
  const logger: Logger = {
    ...silent,
    warn({ reason, problem }: Fields, message: string) {
      problems.push({ reason, message: typeof problem === 'string' ? problem : message });
    },
    with: () => logger,
  };
  return logger;
}
