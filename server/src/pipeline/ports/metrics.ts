/**
 * Numbers that operators watch. Names are `prom-client` style with the prefix `butler_sos_audit_`
 * (`butler_sos_audit_queue_waiting`); counters end in `_total`, units are part of the name (`_bytes`, `_seconds`).
 * Implementations are cheap enough for the ingest path.
 */
export interface Metrics {
  counter(name: string, help: string, labels?: Labels): Counter;
  gauge(name: string, help: string, labels?: Labels): Gauge;
  histogram(name: string, help: string, buckets: readonly number[], labels?: Labels): Histogram;
}
export type Labels = Readonly<Record<string, string>>;
export interface Counter {
  add(amount?: number): void;
  value(): number;
}
export interface Gauge {
  set(value: number): void;
  value(): number;
}
export interface Histogram {
  observe(value: number): void;
}
