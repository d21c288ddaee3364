import type { EpochMillis } from '../../domain/epoch-millis.ts';
import type { QueueSnapshot } from '../queue-statistics.ts';

/** The queue, which another thread may have. */
export interface QueueMetricsSource {
  /** Since the interval began; undefined while there is no queue yet. */
  interval(): Promise<QueueSnapshot | undefined>;
  /** What the last `interval` told has been written: a new one begins there. */
  endInterval(): Promise<void>;
}

/** Where the figures go. */
export interface QueueMetricsSink {
  /** Durable over there when it resolves. @throws CodedError saying why not */
  write(figures: QueueSnapshot, at: EpochMillis, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}
