import { satisfiesRange } from '../adapters/http-api/semver-range.ts';
import { Compatibility } from '../domain/compatibility.ts';
import { Ingest } from '../pipeline/ingest.ts';
import { IngestQueue } from '../pipeline/ingest-queue.ts';
import type { Clock } from '../pipeline/ports/clock.ts';
import type { EventLogWriter } from '../pipeline/ports/event-log.ts';
import type { Logger } from '../pipeline/ports/logger.ts';
import type { Metrics } from '../pipeline/ports/metrics.ts';
import type { RefusedStore } from '../pipeline/ports/refused-store.ts';
import { arePicturesFetched } from './config/are-pictures-fetched.ts';
import type { AuditConfig } from './config/config.ts';
import { PRODUCT } from './product.ts';

export interface IngestSurroundings {
  readonly log: EventLogWriter;
  readonly refused: RefusedStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** What stands between the ingest port and the log, as configured. */
export function createIngest(config: AuditConfig, parts: IngestSurroundings): { ingest: Ingest; queue: IngestQueue } {
  const { messageQueue, rateLimit } = config.http.queue;
  const { maxSize, backpressureThreshold } = messageQueue;
  const queue = new IngestQueue(
    {
      maxSize,
      backpressureThreshold,
      ...(rateLimit.enable ? { maxMessagesPerMinute: rateLimit.maxMessagesPerMinute } : {}),
    },
    parts,
  );
  const compatibility = new Compatibility(
    { butlerSosVersion: PRODUCT.version, ...config.http.compatibility },
    satisfiesRange,
  );
  return {
    ingest: new Ingest(
      { screenshotsEnabled: arePicturesFetched(config.screenshots) },
      { ...parts, queue, compatibility },
    ),
    queue,
  };
}
