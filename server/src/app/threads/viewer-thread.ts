import { flushCompileCache } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';
import { PrometheusMetrics } from '../../adapters/metrics/prometheus-metrics.ts';
import { createPinoLogger } from '../../adapters/pino-logger/pino-logger.ts';
import { systemClock } from '../../adapters/system-clock/system-clock.ts';
import { ViewerEngine } from '../viewer-engine.ts';
import type { MainForViewer, ThreadStart, ViewerMethods } from './contracts.ts';
import { connectThread, type ThreadPort } from './thread-port.ts';
import { BELOW_INGEST, lowerThreadPriority } from './thread-priority.ts';

if (parentPort === null) throw new Error('this file runs as a thread of the server');
lowerThreadPriority(BELOW_INGEST.viewer);
const start = workerData as ThreadStart;
let engine: ViewerEngine | undefined;

const methods: ViewerMethods = {
  head: (seq) => engine?.head(seq),
  disk: (news) => engine?.disk(news),
  logBegins: (firstRetained) => engine?.logBegins(firstRetained),
  start: async () => {
    const started = await running().start();
    flushCompileCache(); // the next start finds it, however this one ends
    return started;
  },
  stop: async () => engine?.stop(),
  reindex: () => running().reindex(),
};
const main: ThreadPort<MainForViewer> = connectThread<ViewerMethods, MainForViewer>(parentPort, methods);

/** Made at the first call, so that what its making throws is answered to the caller. */
function running(): ViewerEngine {
  engine ??= new ViewerEngine({
    start,
    main,
    clock: systemClock,
    logger: createPinoLogger(start.logger),
    metrics: new PrometheusMetrics(),
  });
  return engine;
}
