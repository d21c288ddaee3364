import { flushCompileCache } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';
import { PrometheusMetrics } from '../../adapters/metrics/prometheus-metrics.ts';
import { createPinoLogger } from '../../adapters/pino-logger/pino-logger.ts';
import { systemClock } from '../../adapters/system-clock/system-clock.ts';
import { DeliveryEngine } from '../delivery-engine.ts';
import type { DeliveryMethods, MainForDelivery, ThreadStart } from './contracts.ts';
import { connectThread, type ThreadPort } from './thread-port.ts';
import { BELOW_INGEST, lowerThreadPriority } from './thread-priority.ts';

if (parentPort === null) throw new Error('this file runs as a thread of the server');
lowerThreadPriority(BELOW_INGEST.delivery);
const start = workerData as ThreadStart;
let engine: DeliveryEngine | undefined;

const methods: DeliveryMethods = {
  head: (seq) => engine?.head(seq),
  disk: (news) => engine?.disk(news),
  indexed: (upTo) => engine?.indexed(upTo),
  start: async () => {
    const started = await running().start();
    flushCompileCache(); // the next start finds it, however this one ends
    return started;
  },
  metrics: () => running().metricsSnapshot(),
  status: () => running().status(),
  stop: async ({ deadlineMs }) => engine?.stop(deadlineMs),
};
const main: ThreadPort<MainForDelivery> = connectThread<DeliveryMethods, MainForDelivery>(parentPort, methods);

/** Made at the first call, so that what its making throws is answered to the caller. */
function running(): DeliveryEngine {
  engine ??= new DeliveryEngine({
    start,
    appender: { append: (entries) => main.call('append', entries) },
    clock: systemClock,
    logger: createPinoLogger(start.logger),
    metrics: new PrometheusMetrics(),
    stopRequested: (actor) => main.tell('stopRequested', { actor }),
    logBegins: (firstRetained) => main.tell('logBegins', firstRetained),
    reindexViewer: () => main.call('reindexViewer', undefined),
    queue: {
      interval: () => main.call('queueInterval', undefined),
      endInterval: () => main.call('queueIntervalWritten', undefined),
    },
  });
  return engine;
}
