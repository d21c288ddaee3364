import type { HttpApiOptions } from '../../src/adapters/http-api/options.ts';
import { satisfiesRange } from '../../src/adapters/http-api/semver-range.ts';
import { createHttpApi, type HttpApi } from '../../src/adapters/http-api/server.ts';
import { PrometheusMetrics } from '../../src/adapters/metrics/prometheus-metrics.ts';
import { systemClock } from '../../src/adapters/system-clock/system-clock.ts';
import { Compatibility, type CompatibilityOptions } from '../../src/domain/compatibility.ts';
import { Ingest, type IngestOptions } from '../../src/pipeline/ingest.ts';
import { IngestQueue, type IngestQueueOptions } from '../../src/pipeline/ingest-queue.ts';
import type { Clock } from '../../src/pipeline/ports/clock.ts';
import type { RefusedEvent, RefusedStore } from '../../src/pipeline/ports/refused-store.ts';
import { RecordingLogger } from '../support/recording-logger.ts';
import { MemoryAppender } from './memory-appender.ts';

export const TOKEN = 'test-token-0123456789';
export const ORIGIN = 'https://qlik.example';

class MemoryRefused implements RefusedStore {
  readonly events: RefusedEvent[] = [];
  add(event: RefusedEvent): void {
    this.events.push(event);
  }
  async close(): Promise<void> {}
}

export interface IngestServerOptions {
  readonly http?: Partial<HttpApiOptions>;
  readonly queue?: Partial<IngestQueueOptions>;
  readonly ingest?: IngestOptions;
  readonly compatibility?: Partial<CompatibilityOptions>;
  readonly clock?: Clock;
  /** How long a commit takes. */
  readonly write?: () => Promise<void>;
}

/** The ingest port over a log in memory, and everything that a test may look at. */
export class IngestServer {
  readonly logger = new RecordingLogger();
  readonly metrics = new PrometheusMetrics();
  readonly refused = new MemoryRefused();
  readonly log: MemoryAppender;
  readonly queue: IngestQueue;
  readonly ingest: Ingest;
  readonly api: HttpApi;
  url = '';
  port = 0;

  constructor(options: IngestServerOptions = {}) {
    const { logger, metrics, refused } = this;
    const clock = options.clock ?? systemClock;
    this.log = new MemoryAppender(clock, options.write);
    const parts = { clock, logger, metrics };
    this.queue = new IngestQueue(
      { maxSize: 200, backpressureThreshold: 80, ...options.queue },
      { ...parts, log: this.log },
    );
    const compatibility = new Compatibility(
      { butlerSosVersion: '15.0.0', onIncompatible: 'reject', ...options.compatibility },
      satisfiesRange,
    );
    this.ingest = new Ingest(options.ingest ?? {}, { ...parts, queue: this.queue, compatibility, refused });
    this.api = createHttpApi({ ...DEFAULTS, ...options.http }, { ...parts, ingest: this.ingest });
  }

  async start(): Promise<this> {
    const { url, port } = await this.api.listen();
    this.url = url;
    this.port = port;
    return this;
  }

  async stop(): Promise<void> {
    this.log.release();
    this.queue.close();
    await this.api.close(1000);
  }
}

const DEFAULTS: HttpApiOptions = {
  host: '127.0.0.1',
  port: 0,
  apiTokens: [TOKEN],
  cors: { allowedOrigins: [ORIGIN] },
  tls: { enable: false, minVersion: 'TLSv1.2', hsts: false },
  trustProxy: false,
  maxBodyBytes: 64 * 1024,
  rateLimit: { enable: false, maxPerMinute: 600_000 },
};
