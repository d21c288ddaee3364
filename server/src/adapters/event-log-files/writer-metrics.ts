import type { Metrics } from '../../pipeline/ports/metrics.ts';

/** What operators see of the log's writing. */
export interface WriterMetrics {
  committed(events: number, bytes: number, ms: number): void;
  failed(): void;
}

const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 1, 5];

export function writerMetrics(metrics: Metrics): WriterMetrics {
  const events = metrics.counter('butler_sos_audit_log_events_total', 'Lines made durable in the event log');
  const bytes = metrics.counter('butler_sos_audit_log_bytes_total', 'Bytes made durable in the event log');
  const failures = metrics.counter(
    'butler_sos_audit_log_write_failures_total',
    'Writes or syncs of the log that failed',
  );
  const seconds = metrics.histogram(
    'butler_sos_audit_log_commit_seconds',
    'Time of one write and sync of the event log',
    SECONDS,
  );
  return {
    committed(eventCount, byteCount, ms) {
      events.add(eventCount);
      bytes.add(byteCount);
      seconds.observe(ms / 1000);
    },
    failed: () => failures.add(),
  };
}
