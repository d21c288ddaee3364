import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PrometheusMetrics } from '../../src/adapters/metrics/prometheus-metrics.ts';
import { createOpenIdProvider, type OpenIdOptions } from '../../src/adapters/openid-connect/openid-provider.ts';
import { SqliteLogFactsStore } from '../../src/adapters/state-sqlite/sqlite-log-facts-store.ts';
import { SqliteSearchIndex } from '../../src/adapters/state-sqlite/sqlite-search-index.ts';
import { SqliteStateStore } from '../../src/adapters/state-sqlite/sqlite-state-store.ts';
import { SqliteTrailIndex } from '../../src/adapters/state-sqlite/sqlite-trail-index.ts';
import { systemClock } from '../../src/adapters/system-clock/system-clock.ts';
import type { Account } from '../../src/adapters/viewer-access/accounts.ts';
import { OneTimeLinks } from '../../src/adapters/viewer-access/one-time-links.ts';
import type { RoleRights } from '../../src/adapters/viewer-access/provider-sign-in.ts';
import { createViewerAccess } from '../../src/adapters/viewer-access/viewer-access.ts';
import { createViewerApi, type ViewerApi } from '../../src/adapters/viewer-api/viewer-api.ts';
import { exportFormats } from '../../src/app/export-formats.ts';
import type { NewLogEntry } from '../../src/domain/log-entry.ts';
import { sequence } from '../../src/domain/sequence.ts';
import { Deduplicator } from '../../src/pipeline/deduplicator.ts';
import type { Clock } from '../../src/pipeline/ports/clock.ts';
import { SearchIndexer } from '../../src/pipeline/search-indexer.ts';
import { Looks } from '../../src/pipeline/trail/looks.ts';
import { Trail } from '../../src/pipeline/trail/trail.ts';
import { ArrayLog, type LineSketch } from '../state/array-log.ts';
import { RecordingLogger } from '../support/recording-logger.ts';
import { assertDocumented } from './answer-schema.ts';

export interface WorldOptions {
  readonly users?: readonly Account[];
  readonly proxy?: { readonly addresses: readonly string[]; readonly userHeader: string };
  readonly oidc?: OpenIdOptions;
  readonly roles?: readonly RoleRights[];
  /** Of the log-in; the index runs on the system's. */
  readonly clock?: Clock;
  /** Of the records of who looked. */
  readonly looksClock?: Clock;
  readonly isOpenToOthers?: boolean;
  readonly pageFolder?: string;
  /** Room for QVD files. */
  readonly qvdBytes?: number;
  /** Tables of more events than this are summed up per day. */
  readonly smallTable?: number;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Buffer;
  // what an answer holds is what the tests find out
  // biome-ignore lint/suspicious/noExplicitAny: see above
  readonly body: any;
}

/** The trail over a log in memory, with everything between them and the socket as it is in the server. */
export class TrailWorld {
  readonly folder = mkdtempSync(join(tmpdir(), 'audit-trail-'));
  readonly log = new ArrayLog();
  readonly logger = new RecordingLogger();
  readonly state: SqliteStateStore;
  readonly links: OneTimeLinks;
  /** What was appended: records of who looked. */
  readonly appended: NewLogEntry[] = [];
  /** What the log says to an append. */
  appendFails: Error | undefined;
  readonly failures: unknown[] = [];
  readonly trail: Trail;
  readonly looks: Looks;
  readonly #index: SqliteSearchIndex;
  readonly #trailIndex: SqliteTrailIndex;
  readonly #facts: SqliteLogFactsStore;
  readonly #deduplicator: Deduplicator;
  readonly #indexer: SearchIndexer;
  readonly #api: ViewerApi;
  readonly #stopped = new AbortController();
  readonly #running: Promise<unknown>[];
  #url = '';

  private constructor(options: WorldOptions) {
    const { folder, log, logger } = this;
    const clock = options.clock ?? systemClock;
    const metrics = new PrometheusMetrics();
    this.state = new SqliteStateStore(join(folder, 'durable.sqlite'), systemClock);
    this.#facts = new SqliteLogFactsStore({ path: join(folder, 'ids.sqlite'), logId: 'log-1', logger });
    const retiredIds = async function* () {};
    const shared = { log, clock: systemClock, logger, metrics };
    this.#deduplicator = new Deduplicator({ ...shared, store: this.#facts, retiredIds });
    this.#index = new SqliteSearchIndex({ path: join(folder, 'search.sqlite'), logId: 'log-1', logger });
    this.#indexer = new SearchIndexer({
      ...shared,
      facts: this.#deduplicator,
      index: this.#index,
      paused: () => false,
    });
    this.#trailIndex = new SqliteTrailIndex(join(folder, 'search.sqlite'), options.smallTable);
    const { deadLetters, destinations, requests } = this.state;
    this.trail = new Trail({
      index: this.#trailIndex,
      log,
      ids: this.#facts,
      deliveries: { deadLetters, destinations },
      logId: 'log-1',
    });
    const append = async (entries: readonly NewLogEntry[]) => {
      if (this.appendFails !== undefined) throw this.appendFails;
      this.appended.push(...entries);
      const first = log.head() + 1;
      for (const { id, type, envelope, at, actor = '' } of entries) {
        log.add({ origin: 'server', id, type, at, actor, text: String(envelope) });
      }
      return entries.map((_entry, i) => ({ seq: sequence(first + i) }));
    };
    this.looks = new Looks({ appender: { append }, clock: options.looksClock ?? systemClock, logger });
    this.links = new OneTimeLinks(folder, clock);
    const access = createViewerAccess({
      directory: folder,
      users: options.users ?? [],
      session: { idleMs: 3_600_000, absoluteMs: 12 * 3_600_000 },
      proxy: options.proxy ?? { addresses: [], userHeader: 'X-Forwarded-User' },
      ...(options.oidc === undefined
        ? {}
        : {
            provider: {
              identities: createOpenIdProvider(options.oidc, clock, logger),
              roles: options.roles ?? [],
            },
          }),
      clock,
    });
    this.#api = createViewerApi(
      {
        host: '127.0.0.1',
        port: 0,
        allowedHosts: ['audit.example'],
        isOpenToOthers: options.isOpenToOthers ?? false,
        version: '15.0.0',
        pageFolder: options.pageFolder,
      },
      {
        notReadyBecause: async () => undefined,
        status: async () => ({ product: { name: 'x', version: '1' } }),
        metrics: async () => ({ contentType: 'text/plain', text: '' }),
        failed: (_route, error) => this.failures.push(error),
      },
      {
        trail: this.trail,
        access,
        looks: this.looks,
        formats: exportFormats('log-1', () => this.#indexer.position(), systemClock, options.qvdBytes),
        // waiting between looks for news goes by the system's clock
        clock: systemClock,
        deadLetters,
        destinations,
        requests,
      },
    );
    const { signal } = this.#stopped;
    this.#running = [this.#deduplicator.run(signal), this.#indexer.run(signal), this.looks.run(signal)];
  }

  static async start(options: WorldOptions = {}): Promise<TrailWorld> {
    const world = new TrailWorld(options);
    world.#url = (await world.#api.listen()).url;
    return world;
  }

  get url(): string {
    return this.#url;
  }

  /** Returns once they can be found. */
  async add(...sketches: readonly LineSketch[]): Promise<void> {
    this.log.add(...sketches);
    await this.indexed();
  }

  async indexed(): Promise<void> {
    const head = this.log.head();
    if (head > 0) await this.#indexer.waitPast(sequence(head - 1), AbortSignal.timeout(20_000));
  }

  /** Another log is put in the place of this one. */
  async replaceLog(...sketches: readonly LineSketch[]): Promise<void> {
    this.log.items = [];
    this.log.add(...sketches);
    this.#deduplicator.startOver('other log');
    this.#indexer.startOver('other log');
    await this.indexed();
  }

  forgetBefore(seq: number): Promise<void> {
    this.log.retainFrom(seq);
    return this.#index.forgetBefore(sequence(seq));
  }

  /** Somebody who is logged in by a link: sees everything. */
  async operator(): Promise<Visitor> {
    const visitor = this.visitor();
    const answer = await visitor.post('session', { link: this.links.create('olga', 60_000) });
    if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
    return visitor;
  }

  async loggedIn(user: string, password: string): Promise<Visitor> {
    const visitor = this.visitor();
    const answer = await visitor.post('session', { user, password });
    if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
    return visitor;
  }

  visitor(): Visitor {
    return new Visitor(this.#url);
  }

  async stop(): Promise<void> {
    await this.#api.close();
    this.#stopped.abort();
    await Promise.all(this.#running);
    this.#trailIndex.close();
    this.#index.close();
    this.#facts.close();
    this.state.close();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** A browser, or a script: keeps its cookie and token, and holds every answer against the document of the API. */
export class Visitor {
  readonly #url: string;
  cookie: string | undefined;
  /** That it is the browser that began a log-in elsewhere. */
  logInCookie: string | undefined;
  csrfToken = '';
  headers: Readonly<Record<string, string>> = {};

  constructor(url: string) {
    this.#url = url;
  }

  get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.send('GET', path, undefined, headers);
  }

  post(path: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.send('POST', path, body, headers);
  }

  /** The body of an answer that must be there. */
  // biome-ignore lint/suspicious/noExplicitAny: what an answer holds is what the tests find out
  async read(path: string): Promise<any> {
    const { status, body } = await this.get(path);
    if (status !== 200) throw new Error(`${path}: ${status} ${JSON.stringify(body)}`);
    return body;
  }

  async send(method: string, path: string, body: unknown, headers: Readonly<Record<string, string>>): Promise<Answer> {
    const url = `${this.#url}/api/v1/trail/${path}`;
    const response = await fetch(url, {
      method,
      headers: {
        ...this.#cookies(),
        ...(method === 'GET' ? {} : { 'x-csrf-token': this.csrfToken }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...this.headers,
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const bytes = Buffer.from(await response.arrayBuffer());
    const type = response.headers.get('content-type') ?? '';
    const parsed: unknown = type.startsWith('application/json') ? JSON.parse(bytes.toString()) : undefined;
    assertDocumented(method, url, response.status, type, parsed);
    for (const cookie of response.headers.getSetCookie()) this.#keep(cookie.split(';')[0] ?? '');
    if (path === 'session' && response.status === 200) this.csrfToken = (parsed as { csrfToken: string }).csrfToken;
    return { status: response.status, headers: response.headers, bytes, body: parsed };
  }

  #cookies(): Readonly<Record<string, string>> {
    const cookies = [this.cookie, this.logInCookie].filter((cookie) => cookie !== undefined);
    return cookies.length === 0 ? {} : { cookie: cookies.join('; ') };
  }

  #keep(cookie: string): void {
    const kept = cookie.endsWith('=') ? undefined : cookie;
    if (cookie.startsWith('audit-trail-log-in-')) this.logInCookie = kept;
    else this.cookie = kept;
  }
}
