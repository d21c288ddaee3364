import { hostname } from 'node:os';
import { InfluxdbQueueMetrics } from '../adapters/queue-metrics-influxdb/influxdb-queue-metrics.ts';
import { CodedError } from '../domain/errors.ts';
import type { Clock } from '../pipeline/ports/clock.ts';
import type { Logger } from '../pipeline/ports/logger.ts';
import type { QueueMetricsSource } from '../pipeline/ports/queue-metrics.ts';
import { QueueMetricsWriter } from '../pipeline/queue-metrics-writer.ts';
import type { AuditConfig } from './config/config.ts';
import { queueMetricsConnection } from './config/queue-metrics-connection.ts';

export interface QueueMetricsParts {
  readonly source: QueueMetricsSource;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Undefined when they are not asked for, or have nowhere to go: the start warns of that. */
export function queueMetricsWriter(config: AuditConfig, parts: QueueMetricsParts): QueueMetricsWriter | undefined {
  const { enable, writeFrequency, measurementName, tags } = config.http.queue.queueMetrics.influxdb;
  const connection = enable ? queueMetricsConnection(config) : undefined;
  if (connection === undefined || connection instanceof CodedError) return undefined;
  const { clock } = parts;
  const sink = new InfluxdbQueueMetrics(
    connection,
    { measurementName, host: hostname(), tags },
    { root: config.root, clock },
  );
  return new QueueMetricsWriter({ ...parts, sink, everyMs: writeFrequency });
}
