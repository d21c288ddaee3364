import type { EpochMillis } from '../../domain/epoch-millis.ts';

/** The only source of time and of waiting. */
export interface Clock {
  /** Wall clock; may step back. Use for what people read. */
  now(): EpochMillis;
  /** Never steps back; milliseconds from an arbitrary start. Use for durations and deadlines. */
  monotonicMs(): number;
  /** Resolves after `ms`, or at once (without throwing) when the signal aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}
