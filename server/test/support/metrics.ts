/** The real metrics are cheap enough to stand in for themselves. */
export { PrometheusMetrics, renderMetrics } from '../../src/adapters/metrics/prometheus-metrics.ts';
