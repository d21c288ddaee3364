import { join } from 'node:path';
import { SegmentReader } from '../adapters/event-log-files/event-log-reader.ts';
import { readTlsFiles } from '../adapters/http-api/tls-files.ts';
import { METRICS_CONTENT_TYPE, type PrometheusMetrics, renderMetrics } from '../adapters/metrics/prometheus-metrics.ts';
import { createOpenIdProvider } from '../adapters/openid-connect/openid-provider.ts';
import type { CertificateFiles } from '../adapters/shared/fresh-certificate.ts';
import { SqliteLogFactsReader } from '../adapters/state-sqlite/sqlite-log-facts-reader.ts';
import { SqliteSearchIndex } from '../adapters/state-sqlite/sqlite-search-index.ts';
import { SqliteStateStore } from '../adapters/state-sqlite/sqlite-state-store.ts';
import { SqliteTrailIndex } from '../adapters/state-sqlite/sqlite-trail-index.ts';
import { createViewerAccess } from '../adapters/viewer-access/viewer-access.ts';
import { createViewerApi, type ViewerApi, type ViewerSources } from '../adapters/viewer-api/viewer-api.ts';
import { messageOf } from '../domain/errors.ts';
import type { Sequence } from '../domain/sequence.ts';
import type { Clock } from '../pipeline/ports/clock.ts';
import type { Logger } from '../pipeline/ports/logger.ts';
import type { ViewerAccess } from '../pipeline/ports/viewer-access.ts';
import { SearchIndexer } from '../pipeline/search-indexer.ts';
import { Looks } from '../pipeline/trail/looks.ts';
import { Trail } from '../pipeline/trail/trail.ts';
import type { ViewerConfig } from './config/config.ts';
import { isLoopback } from './config/startup-warnings.ts';
import { exportFormats } from './export-formats.ts';
import { pageFolder } from './page-folder.ts';
import { PRODUCT } from './product.ts';
import type { DiskNews, MainForViewer, ThreadStart } from './threads/contracts.ts';
import type { ThreadPort } from './threads/thread-port.ts';
import { recordViewerUrl } from './viewer-url.ts';

export interface ViewerEngineParts {
  readonly start: ThreadStart;
  readonly main: ThreadPort<MainForViewer>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: PrometheusMetrics;
}

/** Nobody waits for the search table but a person. */
const GATHER_MS = 250;
const PORT_RETRY_MS = 30_000;
const POSITION_MS = 2000;
const CERTIFICATE_CHECK_MS = 10_000;

/** Search indexer and viewer port. A port that cannot be had is tried again: it never keeps events from being received. */
export class ViewerEngine {
  readonly #parts: ViewerEngineParts;
  readonly #reader: SegmentReader;
  readonly #facts: SqliteLogFactsReader;
  readonly #index: SqliteSearchIndex;
  readonly #indexer: SearchIndexer;
  readonly #stopped = new AbortController();
  readonly #background: Promise<unknown>[] = [];
  readonly #looks: Looks;
  readonly #trailIndex: SqliteTrailIndex;
  readonly #state: SqliteStateStore;
  #api: ViewerApi | undefined;
  #forgetting: Promise<void> = Promise.resolve();
  #isDiskFull: boolean;

  constructor(parts: ViewerEngineParts) {
    this.#parts = parts;
    const { start, clock, logger, metrics } = parts;
    this.#isDiskFull = start.disk.isFull;
    const { directory } = start.config.eventLog;
    this.#reader = new SegmentReader({ directory, head: start.log.head });
    this.#facts = new SqliteLogFactsReader(join(directory, 'ids.sqlite'), clock);
    this.#index = new SqliteSearchIndex({ path: join(directory, 'search.sqlite'), logId: start.log.logId, logger });
    this.#trailIndex = new SqliteTrailIndex(join(directory, 'search.sqlite'));
    this.#state = new SqliteStateStore(join(directory, 'durable.sqlite'), clock);
    const { main } = parts;
    this.#looks = new Looks({ appender: { append: (entries) => main.call('append', entries) }, clock, logger });
    this.#indexer = new SearchIndexer({
      log: this.#reader,
      gatherMs: GATHER_MS,
      facts: this.#facts,
      index: this.#index,
      paused: () => this.#isDiskFull,
      clock,
      logger,
      metrics,
    });
  }

  head(seq: Sequence): void {
    this.#reader.setHead(seq);
  }

  /** Retention deleted what was before. */
  logBegins(firstRetained: Sequence): void {
    this.#forgetting = this.#forgetting
      .then(() => this.#index.forgetBefore(firstRetained))
      .catch((thrown: unknown) => {
        this.#parts.logger.warn(
          { error: messageOf(thrown) },
          'The search table still has events that the log has not.',
        );
      });
  }

  /** Rule 8: indexing pauses. */
  disk({ isFull }: DiskNews): void {
    this.#isDiskFull = isFull;
  }

  reindex(): void {
    this.#indexer.startOver('reindex');
  }

  async start(): Promise<{ readonly url: string | undefined }> {
    const signal = this.#stopped.signal;
    this.#background.push(this.#indexer.run(signal), this.#tellPosition(signal), this.#looks.run(signal));
    const { config } = this.#parts.start;
    if (!this.#parts.start.ports || !config.viewer.enable) return { url: undefined };
    const url = await this.#open();
    if (url === undefined) this.#background.push(this.#openLater(signal));
    return { url };
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#api?.close();
    await Promise.all(this.#background);
    await this.#forgetting;
    this.#trailIndex.close();
    this.#state.close();
    this.#index.close();
    this.#facts.close();
    await this.#reader.close();
  }

  async #open(): Promise<string | undefined> {
    const { start, clock, logger } = this.#parts;
    const { viewer } = start.config;
    const { deadLetters, destinations, requests } = this.#state;
    const { tls } = viewer;
    const api = createViewerApi(
      {
        ...viewer,
        tls: tls.enable ? this.#certificateFiles(tls) : undefined,
        isOpenToOthers: !isLoopback(viewer.host),
        version: PRODUCT.version,
        pageFolder: pageFolder(),
      },
      this.#sources(),
      {
        trail: this.#trail(),
        access: this.#access(),
        looks: this.#looks,
        formats: exportFormats(start.log.logId, () => this.#indexer.position(), clock),
        clock,
        deadLetters,
        destinations,
        requests,
      },
    );
    try {
      const { url } = await api.listen();
      this.#api = api;
      logger.info({ url }, 'The viewer port is listening.');
      recordViewerUrl(start.config.eventLog.directory, url);
      return url;
    } catch (thrown) {
      await api.close();
      const { host, port } = viewer;
      logger.error(
        { host, port, error: messageOf(thrown) },
        'The viewer port cannot be opened (tried again every 30 s); receiving and delivering events go on. Set viewer.port to another one.',
      );
      return undefined;
    }
  }

  #certificateFiles(tls: ViewerConfig['tls']): CertificateFiles {
    const { clock, logger } = this.#parts;
    const read = () => readTlsFiles({ ...tls, hsts: false });
    return { read, name: tls.cert, checkMs: CERTIFICATE_CHECK_MS, clock, logger };
  }

  #sources(): ViewerSources {
    const { main, logger, metrics } = this.#parts;
    return {
      failed: (route, thrown) => {
        const stack = thrown instanceof Error ? thrown.stack : undefined;
        logger.error({ route, error: messageOf(thrown), stack }, 'The viewer port could not answer a request.');
      },
      notReadyBecause: () => main.call('notReadyBecause', undefined),
      status: async () => ({
        ...(await main.call('status', undefined)),
        searchIndex: { position: this.#indexer.position() },
      }),
      metrics: async () => ({
        contentType: METRICS_CONTENT_TYPE,
        text: await renderMetrics([...(await main.call('metrics', undefined)), await metrics.snapshot()]),
      }),
    };
  }

  #trail(): Trail {
    const { deadLetters, destinations } = this.#state;
    return new Trail({
      index: this.#trailIndex,
      log: this.#reader,
      ids: this.#facts,
      deliveries: { deadLetters, destinations },
      logId: this.#parts.start.log.logId,
    });
  }

  #access(): ViewerAccess {
    const { start, clock, logger } = this.#parts;
    const { eventLog, viewer } = start.config;
    const { idleMinutes, absoluteHours } = viewer.session;
    return createViewerAccess({
      directory: eventLog.directory,
      users: viewer.users,
      session: { idleMs: idleMinutes * 60_000, absoluteMs: absoluteHours * 3_600_000 },
      proxy: viewer.proxy,
      ...(viewer.oidc === undefined
        ? {}
        : { provider: { identities: createOpenIdProvider(viewer.oidc, clock, logger), roles: viewer.oidc.roles } }),
      clock,
    });
  }

  async #tellPosition(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#parts.main.tell('indexed', this.#indexer.position());
      await this.#parts.clock.sleep(POSITION_MS, signal);
    }
  }

  async #openLater(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && this.#api === undefined) {
      await this.#parts.clock.sleep(PORT_RETRY_MS, signal);
      if (!signal.aborted) await this.#open();
    }
  }
}
