import { hostname } from 'node:os';
import { openEventLog } from '../adapters/event-log-files/open-event-log.ts';
import { createHttpApi, type HttpApi } from '../adapters/http-api/server.ts';
import { PrometheusMetrics } from '../adapters/metrics/prometheus-metrics.ts';
import { openRefusedFile } from '../adapters/refused-file/refused-file.ts';
import { acquireLogLock } from '../adapters/state-sqlite/log-lock.ts';
import { toIsoString } from '../domain/epoch-millis.ts';
import { messageOf } from '../domain/errors.ts';
import type { IngestQueue } from '../pipeline/ingest-queue.ts';
import type { Clock } from '../pipeline/ports/clock.ts';
import type { Logger } from '../pipeline/ports/logger.ts';
import { checkTlsFiles } from './config/check-tls-files.ts';
import type { LoadedConfig } from './config/config.ts';
import { boundHeapGrowth } from './heap-growth.ts';
import { createIngest } from './ingest-parts.ts';
import { PRODUCT } from './product.ts';
import { startupNotices } from './startup-notices.ts';
import type { ThreadStart } from './threads/contracts.ts';
import { DeliveryThread, ViewerThread } from './threads/supervised-thread.ts';

export interface AuditServerOptions {
  readonly logger: Logger;
  /** How the threads log. */
  readonly log: ThreadStart['logger'];
  readonly clock: Clock;
  /** False: nobody can post or look; for commands that need what only the server may do. */
  readonly ports: boolean;
}

export interface AuditServer {
  /** Of the audit API; undefined when it is not open. */
  readonly url: string | undefined;
  /** Resolves when the viewer thread is up, which nobody who sends events waits for; undefined when its port is not open. */
  readonly viewerUrl: Promise<string | undefined>;
  /** `stop` was asked for on the command line, or the server cannot go on. */
  readonly ended: Promise<'stop' | 'failed'>;
  /**
   * Within 5 s, also when a destination hangs: no more events, commit, flush files, close. May be called twice.
   * @returns false when a call into a dead disk still holds a thread: `process.exit` would wait for it
   */
  stop(): Promise<boolean>;
}

/** How often the threads hear how full the disk is. */
const DISK_NEWS_MS = 1000;
const DUE_WARNINGS_MS = 5000;
const STOP_MS = { all: 4700, http: 1500, delivery: 3000 };

/**
 * Brings everything up in the order that the rules ask for: lock, log (recovered), destinations registered and compared
 * with it (rules 11, 16), then the door. A crash between any two steps is followed by the same again.
 * @throws CodedError EVENT_LOG_IN_USE and what the parts throw, saying what to do
 */
export async function startAuditServer(loaded: LoadedConfig, options: AuditServerOptions): Promise<AuditServer> {
  const { config } = loaded;
  const { logger, clock } = options;
  const metrics = new PrometheusMetrics();
  const ended = Promise.withResolvers<'stop' | 'failed'>();
  if (options.ports) checkTlsFiles(loaded); // before anything is opened
  if (options.ports) startupNotices(loaded, logger, new Date(clock.now()));
  const lock = acquireLogLock(config.eventLog.directory, {
    pid: process.pid,
    host: hostname(),
    startedAt: toIsoString(clock.now()),
    version: PRODUCT.version,
  });
  if (lock.isOpenToAll) {
    logger.warn({ directory: config.eventLog.directory }, 'Everybody on this machine can read the event log.');
  }
  const unbound = boundHeapGrowth();
  const closing: (() => Promise<unknown>)[] = [async () => lock.release(), async () => unbound()];
  const closeAll = async () => {
    let isOver = true;
    for (const close of closing.splice(0).reverse()) {
      const result = await close().catch((error: unknown) =>
        logger.error({ error: messageOf(error) }, 'A part did not stop in order.'),
      );
      if (result === false) isOver = false;
    }
    return isOver;
  };
  const stop = () => {
    const late = new Promise<false>((resolve) => setTimeout(resolve, STOP_MS.all, false).unref());
    return Promise.race([closeAll(), late]);
  };
  try {
    let delivery: DeliveryThread | undefined;
    let viewer: ViewerThread | undefined;
    let queue: IngestQueue | undefined;
    const { log, recovery, disk } = await openEventLog({
      ...config.eventLog,
      clock,
      logger,
      metrics,
      onHead: (head) => {
        delivery?.head(head);
        viewer?.head(head);
      },
    });
    closing.push(() => log.close());
    lock.announce(); // the log has made room for it
    const threadStart = (): ThreadStart => ({
      config,
      ports: options.ports,
      logger: options.log,
      disk: disk(),
      log: { logId: recovery.logId, head: log.head(), firstRetained: recovery.firstRetained },
    });
    delivery = new DeliveryThread(threadStart, logger, {
      append: (entries) => log.append(entries),
      stopRequested: ({ actor }) => {
        logger.info({ actor }, 'Stopping, as asked on the command line.');
        ended.resolve('stop');
      },
      logBegins: (firstRetained) => viewer?.logBegins(firstRetained),
      reindexViewer: async () => {
        await viewer?.reindex();
      },
      queueInterval: () => queue?.interval(),
      queueIntervalWritten: () => queue?.endInterval(),
    });
    const running = delivery;
    closing.push(() => running.stop(STOP_MS.delivery));
    await delivery.start();
    const refused = openRefusedFile({ directory: config.eventLog.directory, clock, logger });
    closing.push(() => refused.close());
    const { ingest, queue: ingestQueue } = createIngest(config, { log, refused, clock, logger, metrics });
    queue = ingestQueue;
    const statusOf = async () => ({
      product: PRODUCT,
      log: { directory: config.eventLog.directory, logId: recovery.logId, head: log.head(), disk: disk() },
      queue: ingestQueue.snapshot(),
      ...(await running.status()),
    });
    viewer = new ViewerThread(threadStart, logger, {
      append: (entries) => log.append(entries),
      metrics: async () => [await metrics.snapshot(), await running.metrics()],
      status: statusOf,
      indexed: (upTo) => running.indexed(upTo),
      notReadyBecause: () => {
        const { isFailing, refusing = isFailing === true ? 'failed' : undefined } = log.pressure();
        return refusing === undefined ? running.notReadyBecause() : `the event log refuses events: ${refusing}`;
      },
    });
    const shown = viewer;
    const tellDisk = () => {
      running.disk(disk());
      shown.disk(disk());
    };
    const diskNews = setInterval(tellDisk, DISK_NEWS_MS);
    closing.push(async () => clearInterval(diskNews));
    closing.push(() => shown.stop());
    const viewerUrl = viewer.start().then((started) => started.url);
    let http: HttpApi | undefined;
    if (options.ports && config.enable) {
      http = createHttpApi(config.http, { ingest, clock, logger, metrics });
      const api = http;
      const dueWarnings = setInterval(() => {
        ingest.sayDueWarnings();
        api.sayDueWarnings();
      }, DUE_WARNINGS_MS);
      closing.push(async () => {
        clearInterval(dueWarnings);
        ingestQueue.close();
        await api.close(STOP_MS.http);
        ingest.close();
      });
    }
    const url = (await http?.listen())?.url;
    if (url !== undefined) logger.info({ url }, 'The audit API is listening.');
    return { url, viewerUrl, ended: ended.promise, stop };
  } catch (thrown) {
    await stop();
    throw thrown;
  }
}
