import type { EpochMillis } from '../../domain/epoch-millis.ts';
import type { StaticTag } from '../../domain/table-row.ts';
import type { QueueSnapshot } from '../../pipeline/queue-statistics.ts';
import type { FieldValue, Point } from '../shared/influxdb/line-protocol.ts';

export interface QueuePointOptions {
  readonly measurementName: string;
  /** The machine, for the tag `host`. */
  readonly host: string;
  /** One that is named like a tag of ours takes its place. */
  readonly tags: readonly StaticTag[];
}

const NANOSECONDS = 1_000_000n;

/** One point per interval, with the names that Butler SOS gives. */
export function queuePoint(figures: QueueSnapshot, at: EpochMillis, options: QueuePointOptions): Point {
  const tags = new Map([
    ['queue_type', 'audit_events'],
    ['host', options.host],
    ...options.tags.map(({ name, value }) => [name, value] as const),
  ]);
  return {
    measurement: options.measurementName,
    tags: [...tags],
    fields: fieldsOf(figures),
    timeNanoseconds: BigInt(at) * NANOSECONDS,
  };
}

function fieldsOf(figures: QueueSnapshot): Point['fields'] {
  return [
    ['queue_size', integer(figures.queueSize)],
    ['queue_max_size', integer(figures.queueMaxSize)],
    ['queue_utilization_pct', float(figures.utilizationPct)],
    ['queue_running', integer(figures.queueRunning)],
    ['messages_received', integer(figures.messagesReceived)],
    ['messages_queued', integer(figures.messagesQueued)],
    ['messages_processed', integer(figures.messagesProcessed)],
    ['messages_failed', integer(figures.messagesFailed)],
    ['messages_dropped_total', integer(figures.messagesDroppedTotal)],
    ['messages_dropped_rate_limit', integer(figures.messagesDroppedRateLimit)],
    ['messages_dropped_queue_full', integer(figures.messagesDroppedQueueFull)],
    ['messages_dropped_size', integer(figures.messagesDroppedSize)],
    ['processing_time_avg_ms', float(figures.processingTimeAvgMs)],
    ['processing_time_p95_ms', float(figures.processingTimeP95Ms)],
    ['processing_time_max_ms', float(figures.processingTimeMaxMs)],
    ['rate_limit_current', integer(figures.rateLimitCurrent)],
    ['backpressure_active', integer(figures.backpressureActive ? 1 : 0)],
  ];
}

function integer(value: number): FieldValue {
  return { kind: 'integer', value: BigInt(Math.round(value)) };
}

/** Three digits are as exact as it was measured. */
function float(value: number): FieldValue {
  return { kind: 'float', value: Math.round(value * 1000) / 1000 };
}
