import { PrometheusMetrics } from '../../adapters/metrics/prometheus-metrics.ts';
import { createQpsAgent } from '../../adapters/qlik/certificates.ts';
import { DownloadRules } from '../../adapters/qlik/download-rules.ts';
import { chooseVirtualProxy } from '../../adapters/qlik/image-path.ts';
import { chooseLoginUser, nameOf } from '../../adapters/qlik/login-user.ts';
import type { ScreenshotSourceOptions } from '../../adapters/qlik/options.ts';
import { QpsClient } from '../../adapters/qlik/qps-client.ts';
import { createScreenshotSource } from '../../adapters/qlik/screenshot-source.ts';
import { systemClock } from '../../adapters/system-clock/system-clock.ts';
import { messageOf } from '../../domain/errors.ts';
import type { Fields, Logger } from '../../pipeline/ports/logger.ts';
import type { DownloadProblem, QlikSession } from '../../pipeline/ports/screenshots.ts';
import { arePicturesFetched } from '../config/are-pictures-fetched.ts';
import type { AuditConfig } from '../config/config.ts';
import { readQlikCertificates } from '../config/qlik-certificates.ts';
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
const SWITCHED_OFF =
  'The server fetches no pictures yet: set screenshots.enable: true and enable a folder in screenshots.storageTargets.';

/** What to do where the reason alone leaves one alone. */
const ADVICE: Readonly<Record<string, string>> = {
  'qps-failed': 'Look whether auth.qps.port is that of the Qlik Proxy Service (4243, not 443), and at its log.',
  'qps-timed-out':
    'Look at firewalls in between and at the Qlik Proxy Service; ticketTimeoutMs says how long it may take.',
  'timed-out': 'Look at firewalls in between; downloadTimeoutMs says how long it may take.',
  'not-found': 'Take the URL of a screenshot that was just made: Qlik Sense keeps them for some minutes only.',
  'login-page':
    'The log-in does not hold there: set auth.qps.virtualProxy to the prefix of that virtual proxy, or auth.sessionCookieName to the name of its cookie.',
  'access-denied': 'That user may not see this picture, or has no access to Qlik Sense: look in the QMC.',
};

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
  const certificates = await certificateStep(source);
  show([certificates]);
  if (certificates.result === 'FAILED') {
    const later = { result: 'skipped', message: 'Correct the certificates first.' } as const;
    show([{ name: 'ticket', ...later }, { name: 'download', ...later }, sessionEnd('skipped', 'None was opened.')]);
  } else {
    const ticket = await ticketStep(source, options.url, identity);
    show([ticket]);
    const [download, ...rest] = await downloadSteps(source, options.url, identity);
    const isSame = ticket.result === 'FAILED' && download.message.startsWith(ticket.message);
    show([isSame ? { ...download, message: 'For the same reason.' } : download, ...rest]);
  }
  if (!arePicturesFetched(config.screenshots)) process.stderr.write(`${SWITCHED_OFF}\n`); // no step
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
    const missing =
      clientCert === undefined ? 'clientCert (client.pem from the QMC)' : 'clientCertKey (client_key.pem)';
    const message = `${missing} is not set, in auth.qps.cert where anything is set there, else in Butler-SOS.cert.`;
    return { name, result: 'FAILED', message };
  }
  const { faults, certificates } = await readQlikCertificates(auth.qps.cert, new Date());
  if (faults.length > 0) {
    return { name, result: 'FAILED', message: faults.map((fault) => `${fault.setting}: ${fault.problem}.`).join(' ') };
  }
  const agent = createQpsAgent({ cert: auth.qps.cert, rejectUnauthorized }, silent);
  try {
    await agent.current();
  } catch (thrown) {
    return { name, result: 'FAILED', message: `${messageOf(thrown)}.` };
  } finally {
    agent.close();
  }
  const texts = certificates.map(
    ({ path, subject, validTo }) => `${path} (${subject}) is valid until ${validTo.toISOString().slice(0, 10)}.`,
  );
  const noCa = 'No clientCertCA is set: the certificate of Qlik Sense must be from a public authority.';
  return { name, result: 'ok', message: [...texts, ...(clientCertCA === undefined ? [noCa] : [])].join(' ') };
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
    const given = identity === null ? '' : `, not "${identity}"`;
    const named = `With userTicket, name a user: --user "LAB\\john"${given}`;
    const whose = mode === 'userTicket' ? named : 'auth.qps.userDirectory or auth.qps.userId is not set';
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
  if (answer.kind === 'problem') return { name, result: 'FAILED', message: advised(answer.problem, options) };
  const proxy = virtualProxy === '' ? 'the default virtual proxy' : `the virtual proxy ${virtualProxy}`;
  return { name, result: 'ok', message: `${host}:${port} gave a ticket for ${nameOf(choice.user)} on ${proxy}.` };
}

async function downloadSteps(
  options: ScreenshotSourceOptions,
  url: string | undefined,
  userIdentity: string | null,
): Promise<readonly [Step, ...Step[]]> {
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
  // a session that Ctrl+C left behind would count among the user's five for half an hour; once more ends at once
  const stop = new AbortController();
  const onSignal = () => stop.abort();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, onSignal);
  const outcome = await source.download({ url, userIdentity }, stop.signal);
  await source.close(CLOSE_MS);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, onSignal);
  const download: Step =
    outcome.kind === 'downloaded'
      ? {
          name: 'download',
          result: 'ok',
          message: `${outcome.bytes.length} bytes of ${outcome.format}${how(options, url, opened)}.`,
        }
      : { name: 'download', result: 'FAILED', message: advised(outcome, options) };
  // what is said at the start has no reason
  const ofSession = problems.find(({ reason }) => reason !== undefined);
  if (ofSession !== undefined) return [download, sessionEnd('FAILED', ofSession.message)];
  if (opened === undefined) return [download, sessionEnd('skipped', 'None was opened.')];
  const isOver = open.size === 0;
  return [
    download,
    isOver ? sessionEnd('ok', 'The session was ended.') : sessionEnd('FAILED', 'It could not be ended.'),
  ];
}

function sessionEnd(result: Step['result'], message: string): Step {
  return { name: 'session end', result, message };
}

function advised({ reason, message }: DownloadProblem, { auth }: ScreenshotSourceOptions): string {
  const noLogin = 'Set screenshots.auth.mode to userTicket or qpsTicket.';
  const wantsLogin = reason === 'login-page' || reason === 'access-denied';
  const advice = wantsLogin && auth.mode === 'none' ? noLogin : ADVICE[reason];
  return advice === undefined ? message : `${message} ${advice}`;
}

/** Whether the picture needed the log-in; who expects one should know when it did not happen. */
function how(options: ScreenshotSourceOptions, url: string, opened: QlikSession | undefined): string {
  if (options.auth.mode === 'none') return '';
  if (opened !== undefined) return ', with a session';
  const why = new DownloadRules(options).whyNoCredentials(new URL(url));
  return why === undefined ? ', although Qlik Sense gave no session' : `, without a log-in, because ${why}`;
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
