import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { influxdbDestination } from '../../src/adapters/destinations/influxdb/index.ts';
import { sequence } from '../../src/domain/sequence.ts';
import { defineDestination } from '../../src/pipeline/ports/destination.ts';
import { plainRows } from '../conformance/destination.ts';
import { findTool, skipWithout, VICTORIA_METRICS } from '../support/external-tools.ts';
import { AttemptMemory } from '../support/file-attempts.ts';
import { FilePlace } from '../support/file-place.ts';
import { withDefaults } from '../support/schema-defaults.ts';
import { VictoriaMetrics } from '../support/victoria-metrics.ts';

const registered = defineDestination(influxdbDestination);
const NEVER = new AbortController().signal;

/** It takes writes of version 2, knows neither organisations nor buckets, and keeps the numbers alone. */
describe('influxdb destination, version 2, against a real VictoriaMetrics', {
  skip: skipWithout(VICTORIA_METRICS),
}, () => {
  let server: VictoriaMetrics;
  const place = new FilePlace();
  before(async () => {
    server = await VictoriaMetrics.start(findTool(VICTORIA_METRICS) ?? '');
  });
  after(async () => {
    await server.remove();
    place.remove();
  });

  it('every point is there, and its numbers are what was sent', async () => {
    const v2Config = { org: 'any', bucket: 'any', token: 'any' };
    const raw = { host: '127.0.0.1', port: server.port, version: 2, tagProfile: 'low-cardinality', v2Config };
    const { destination } = registered.open(withDefaults(registered.jsonSchema, raw), place.context('influxdb'));
    const rows = plainRows(1, 300).map(({ position, record }) => ({
      position,
      record: { ...record, timestamp: BigInt(1_766_814_400_000 + position * 10), durationMs: BigInt(position * 7) },
    }));
    await destination.check(NEVER);
    assert.deepEqual(await destination.deliver(new AttemptMemory().batch(rows), NEVER), {
      kind: 'delivered',
      rejected: [],
    });
    await destination.close();

    const named = new Map((await server.series()).map((series) => [series.metric.__name__, series]));
    const sequences = named.get('audit_event_sequence');
    const durations = named.get('audit_event_durationMs');
    const times = rows.map(({ record }) => String(record.timestamp));
    assert.deepEqual(
      sequences?.values.map(Number).map(sequence),
      rows.map(({ position }) => position),
    );
    assert.deepEqual(sequences?.timestamps, times);
    assert.deepEqual(
      durations?.values,
      rows.map(({ record }) => String(record.durationMs)),
    );
    assert.deepEqual(durations?.timestamps, times);
    const { appId, appName, eventType, userId } = rows[0]?.record ?? {};
    const { __name__, db, ...tags } = durations?.metric ?? {};
    assert.deepEqual(tags, { appId, appName, eventType, userId, auditEventSchemaVersion: '1' });
  });
});
