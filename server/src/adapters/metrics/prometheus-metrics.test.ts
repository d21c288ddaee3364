import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PrometheusMetrics, renderMetrics } from './prometheus-metrics.ts';

test('snapshots of several threads render as one Prometheus text', async () => {
  const main = new PrometheusMetrics();
  const delivery = new PrometheusMetrics();
  main.counter('butler_sos_audit_events_accepted_total', 'Events acknowledged.').add(3);
  main.gauge('butler_sos_audit_queue_waiting', 'Events waiting.').set(7);
  delivery.counter('butler_sos_audit_delivered_total', 'Delivered.', { destination: 'parquet' }).add(2);
  delivery.counter('butler_sos_audit_delivered_total', 'Delivered.', { destination: 'json' }).add();
  main.histogram('butler_sos_audit_append_seconds', 'Append.', [0.01, 0.1]).observe(0.05);
  const text = await renderMetrics(structuredClone([await main.snapshot(), await delivery.snapshot()]));
  assert.match(text, /^butler_sos_audit_events_accepted_total 3$/m);
  assert.match(text, /^butler_sos_audit_queue_waiting 7$/m);
  assert.match(text, /^butler_sos_audit_delivered_total\{destination="parquet"\} 2$/m);
  assert.match(text, /^butler_sos_audit_delivered_total\{destination="json"\} 1$/m);
  assert.match(text, /^butler_sos_audit_append_seconds_bucket\{le="0.1"\} 1$/m);
});

test('asking twice for the same name and labels gives the same counter, and collecting does not change it', async () => {
  const metrics = new PrometheusMetrics();
  metrics.counter('butler_sos_audit_x_total', 'X.').add();
  metrics.counter('butler_sos_audit_x_total', 'X.').add();
  await metrics.snapshot();
  assert.match(await renderMetrics([await metrics.snapshot()]), /^butler_sos_audit_x_total 2$/m);
});
