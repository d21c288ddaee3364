import type { LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { PrometheusMetrics } from '../../src/adapters/metrics/prometheus-metrics.ts';
import type { LoginOptions, ScreenshotSourceOptions } from '../../src/adapters/qlik/options.ts';
import { createScreenshotSource } from '../../src/adapters/qlik/screenshot-source.ts';
import { systemClock } from '../../src/adapters/system-clock/system-clock.ts';
import type { Clock } from '../../src/pipeline/ports/clock.ts';
import type {
  DownloadOutcome,
  QlikSession,
  QlikSessions,
  ScreenshotSource,
} from '../../src/pipeline/ports/screenshots.ts';
import { type QlikStandIn, type QlikStandInOptions, startQlikStandIn } from '../support/qlik-stand-in.ts';
import { RecordingLogger } from '../support/recording-logger.ts';

/** One pixel. */
export const PICTURE = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

export const JOHN = 'UserDirectory=LAB; UserId=john';

export class MemorySessions implements QlikSessions {
  readonly open = new Map<string, QlikSession>();
  remember(session: QlikSession): void {
    this.open.set(session.sessionId, session);
  }
  forget(sessionId: string): void {
    this.open.delete(sessionId);
  }
  list(): readonly QlikSession[] {
    return [...this.open.values()];
  }
}

export interface SourceSettings {
  readonly auth?: Partial<Omit<LoginOptions, 'qps'>> & { readonly qps?: Partial<LoginOptions['qps']> };
  readonly options?: Partial<Omit<ScreenshotSourceOptions, 'auth'>>;
  readonly sessions?: QlikSessions;
  readonly clock?: Clock;
}

/** A stand-in, sources that log in there, and all that they said and did. */
export class QlikWorld {
  readonly qlik: QlikStandIn;
  readonly logger = new RecordingLogger();
  readonly sessions = new MemorySessions();
  readonly outcomes: DownloadOutcome[] = [];
  /** Names that lead to 127.0.0.1 or to the address given; others to nowhere. */
  readonly names: Record<string, string> = {};
  readonly #sources: ScreenshotSource[] = [];
  readonly #others: QlikStandIn[] = [];

  private constructor(qlik: QlikStandIn) {
    this.qlik = qlik;
    for (const path of ['tempcontent/x.png', 'analytics/tempcontent/x.png']) qlik.setImage(path, PICTURE);
  }

  static async start(options?: QlikStandInOptions): Promise<QlikWorld> {
    return new QlikWorld(await startQlikStandIn(options));
  }

  /** Another server, somebody else's. */
  async startOther(options?: QlikStandInOptions): Promise<QlikStandIn> {
    const other = await startQlikStandIn(options);
    this.#others.push(other);
    return other;
  }

  source({ auth, options, sessions, clock }: SourceSettings = {}): ScreenshotSource {
    const { qlik } = this;
    const source = createScreenshotSource(
      {
        ...{ allowedOrigins: [`https://localhost:${qlik.httpsPort}`], allowHttpCredentials: false },
        ...{ downloadTimeoutMs: 5000, maxImageBytes: 100_000, rejectUnauthorized: true },
        ...options,
        auth: {
          ...{ mode: 'userTicket', allowedPaths: [], deniedUsers: [] },
          sessionCache: { enable: true, ttlSeconds: 120, maxEntries: 100 },
          ...auth,
          qps: {
            ...{ host: 'localhost', port: qlik.qpsPort, ticketTimeoutMs: 2000 },
            cert: { clientCert: qlik.clientCertPath, clientCertKey: qlik.clientKeyPath, clientCertCA: qlik.caPath },
            ...auth?.qps,
          },
        },
      },
      {
        sessions: sessions ?? this.sessions,
        clock: clock ?? systemClock,
        logger: this.logger,
        metrics: new PrometheusMetrics(),
        lookup: this.#lookup,
      },
    );
    this.#sources.push(source);
    return source;
  }

  /** @returns the reason, or `downloaded` */
  async download(
    source: ScreenshotSource,
    url = this.qlik.imageUrl('tempcontent/x.png'),
    userIdentity: string | null = JOHN,
    signal: AbortSignal = new AbortController().signal,
  ): Promise<string> {
    const outcome = await source.download({ url, userIdentity }, signal);
    this.outcomes.push(outcome);
    return outcome.kind === 'downloaded' ? outcome.kind : `${outcome.kind}: ${outcome.reason}`;
  }

  requests(server: 'qps' | 'https' | 'http', method?: string) {
    return this.qlik.requests().filter((r) => r.server === server && (method === undefined || r.method === method));
  }

  async stop(): Promise<void> {
    for (const source of this.#sources) await source.close(2000);
    for (const server of [this.qlik, ...this.#others]) await server.close();
  }

  /** For the Node.js way to ask for one address or all of them. */
  readonly #lookup = ((name: string, options: { all?: boolean }, callback: (...answer: unknown[]) => void) => {
    const address = name === 'localhost' ? '127.0.0.1' : this.names[name];
    if (address === undefined) {
      callback(Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: 'ENOTFOUND' }));
      return;
    }
    const found: LookupAddress = { address, family: address.includes(':') ? 6 : 4 };
    if (options.all === true) callback(null, [found]);
    else callback(null, found.address, found.family);
  }) as LookupFunction;
}

/** Every ticket and cookie that a stand-in ever gave out or was sent. */
export function secretsOf(qlik: QlikStandIn): readonly string[] {
  const found = qlik.requests().flatMap(({ path, headers }) => {
    const ticket = /qlikTicket=([^&]+)/.exec(path)?.[1];
    const cookies = (headers.cookie ?? '').split(';').map((pair) => pair.split('=')[1]?.trim());
    const session = /\/session\/([^?]+)/.exec(path)?.[1];
    return [ticket, session, ...cookies];
  });
  return found.filter((secret) => secret !== undefined && secret !== '') as string[];
}
