import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import type { Panel } from '../../../scripts/generate-docs/dashboards/model.ts';
import { OWN_NAMES, pointOf } from '../../src/adapters/destinations/influxdb/encode.ts';
import { influxdbDestination } from '../../src/adapters/destinations/influxdb/index.ts';
import { queuePoint } from '../../src/adapters/queue-metrics-influxdb/queue-point.ts';
import { settingsSchema } from '../../src/app/config/schema/settings-schema.ts';
import { destinations } from '../../src/app/destination-registry.ts';
import { epochMillis } from '../../src/domain/epoch-millis.ts';
import { defineDestination } from '../../src/pipeline/ports/destination.ts';
import { plainRows } from '../conformance/destination.ts';
import { DASHBOARDS, dashboardFiles, queriesOf } from '../support/grafana.ts';

const FILES = dashboardFiles('*');
const INFLUXDB_FILES = FILES.filter(({ path }) => path.startsWith('influxdb-'));

/** Of points as the encoder makes them, and what it says of those that this event does not have. */
const EVENT_NAMES = new Set([...OWN_NAMES, ...namesOfPoints()]);
const QUEUE_NAMES = new Set(
  namesOf(queuePoint(noFigures(), epochMillis(0), { measurementName: 'x', host: 'x', tags: [] })),
);

/** What queries call their own answers. */
const COMPUTED = new Set([
  ...['gapMs', 'spanMs', 'atMs', 'sinceMs', 'gap', 'n', 'steps', 'events', 'users', 'apps', 'total', 'views', 'median'],
  ...['viewed', 'totalMs', 'medianMs', 'longestMs', 'figure', 'time', '_time', '_value', '_field', '_start', '_stop'],
  ...['_measurement', 'json'],
]);

function namesOf(point: ReturnType<typeof pointOf>): readonly string[] {
  return [...point.tags, ...point.fields].map(([name]) => name);
}

function namesOfPoints(): readonly string[] {
  const [row] = plainRows(1, 1);
  assert.ok(row !== undefined);
  const options = { measurementName: 'x', auditEventSchemaVersion: '1', staticTags: [] };
  const record = { ...row.record, screenshotSavedPaths: '[]', asSent: { x: '1' } };
  return (['documented', 'low-cardinality'] as const).flatMap((tagProfile) =>
    namesOf(pointOf(record, { ...options, tagProfile })),
  );
}

function noFigures(): Parameters<typeof queuePoint>[0] {
  const zero = {
    ...{ queueSize: 0, queueMaxSize: 0, queueRunning: 0, utilizationPct: 0, backpressureActive: false },
    ...{ rateLimitCurrent: 0, messagesReceived: 0, messagesQueued: 0, messagesProcessed: 0, messagesFailed: 0 },
    ...{ messagesDroppedTotal: 0, messagesDroppedRateLimit: 0, messagesDroppedQueueFull: 0, messagesDroppedSize: 0 },
    ...{ processingTimeAvgMs: 0, processingTimeP95Ms: 0, processingTimeMaxMs: 0 },
  };
  return zero;
}

/** The names of tags, fields and answers in a query, whatever its language. */
function namesIn(text: string, path: string): readonly string[] {
  const patterns = path.startsWith('influxdb-2')
    ? [
        /\br\.(\w+)/g,
        /_field == "(\w+)"/g,
        /(?:column|key): "(\w+)"/g,
        /columns: \{(\w+):/g,
        /columns: \{\w+: "(\w+)"/g,
      ]
    : [/"(\w+)"/g];
  const lists = [...text.matchAll(/columns: \[([^\]]*)\]/g)].flatMap(([, list = '']) => list.match(/\w+/g) ?? []);
  return [...lists, ...patterns.flatMap((pattern) => [...text.matchAll(pattern)].map(([, name = '']) => name))];
}

/** Columns that a table shows, and those to which something special is done. */
function columnsOf(panel: Panel): readonly string[] {
  const included = (panel.transformations ?? []).flatMap(({ id, options }) =>
    id === 'filterFieldsByName' ? (options.include as { readonly names: readonly string[] }).names : [],
  );
  const matched = (panel.fieldConfig?.overrides ?? []).flatMap(({ matcher }) =>
    matcher.id === 'byName' ? [matcher.options] : [],
  );
  return [...included, ...matched];
}

test('InfluxDB: dashboards name only tags and fields that are written', () => {
  for (const file of INFLUXDB_FILES) {
    const known = file.path.endsWith('queue.json') ? QUEUE_NAMES : EVENT_NAMES;
    for (const { where, text, panel } of queriesOf(file)) {
      const names = namesIn(text, file.path);
      const unknown = names.filter((name) => !known.has(name) && !COMPUTED.has(name));
      assert.deepEqual(unknown, [], where);
      if (panel === undefined) continue;
      assert.ok(
        names.some((name) => known.has(name)),
        `${where}: no names were found`,
      );
      const columns = columnsOf(panel).filter((name) => name !== 'Time' && !known.has(name) && !COMPUTED.has(name));
      assert.deepEqual(columns, [], where);
    }
  }
});

test('InfluxDB: all fields of the queue metrics are shown', () => {
  for (const file of INFLUXDB_FILES.filter(({ path }) => path.endsWith('queue.json'))) {
    const shown = new Set(queriesOf(file).flatMap(({ text }) => namesIn(text, file.path)));
    assert.deepEqual(
      [...QUEUE_NAMES].filter((name) => !shown.has(name)),
      ['queue_type'],
      file.path,
    );
  }
});

test('InfluxDB: measurements have the names that the configuration gives them when it says nothing', () => {
  const { properties } = defineDestination(influxdbDestination).jsonSchema as {
    readonly properties?: { readonly measurementName?: { readonly default?: string } };
  };
  const queue = JSON.stringify(settingsSchema(destinations));
  assert.equal(properties?.measurementName?.default, 'audit_event');
  assert.match(queue, /"measurementName":\{[^}]*"default":"audit_events_queue"/);
  for (const { path, board } of INFLUXDB_FILES) {
    const isQueue = path.endsWith('queue.json');
    const variable = board.templating.list.find(({ name }) => name === (isQueue ? 'queueMeasurement' : 'measurement'));
    assert.equal(variable?.query, isQueue ? 'audit_events_queue' : 'audit_event', path);
  }
});

test('dashboards are whole: numbers, places, variables, links', () => {
  const uids = FILES.map(({ board }) => board.uid);
  assert.equal(FILES.length, 13);
  assert.equal(new Set(uids).size, uids.length);
  assert.equal(new Set(FILES.map(({ board }) => board.title)).size, uids.length);
  const addresses = new Set<string>();
  for (const { path, board } of FILES) {
    assert.equal(board.schemaVersion, 42, path);
    assert.ok(board.uid.length <= 40, path);
    const cells = new Set<string>();
    for (const { gridPos, title } of board.panels) {
      assert.ok(gridPos.x + gridPos.w <= 24, `${path}: ${title}`);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          assert.ok(!cells.has(`${x},${y}`), `${path}: ${title} lies over another panel`);
          cells.add(`${x},${y}`);
        }
      }
    }
    assert.equal(new Set(board.panels.map(({ id }) => id)).size, board.panels.length, path);
    const names = new Set([
      ...board.templating.list.map(({ name }) => name),
      '__interval',
      '__timeFilter',
      '__dateBin',
      'timeFilter',
    ]);
    const used = JSON.stringify([board.panels, board.templating]).matchAll(/\$\{?(\w+)/g);
    const unknown = [...used]
      .map(([, name = '']) => name)
      .filter((name) => !names.has(name) && !GRAFANAS_OWN.has(name));
    assert.deepEqual(unknown, [], path);
    for (const [, uid = ''] of JSON.stringify(board).matchAll(/\/d\/([\w-]+)/g)) addresses.add(uid);
  }
  assert.ok(addresses.size >= 9);
  assert.deepEqual(
    [...addresses].filter((uid) => !uids.includes(uid)),
    [],
  );
});

const GRAFANAS_OWN = new Set(['__value', '__field', '__url_time_range', '__rate_interval', '__range', '__all', 'col']);

interface Provisioned {
  readonly apiVersion: number;
  readonly datasources?: readonly { readonly uid: string; readonly name: string; readonly type: string }[];
  readonly providers?: readonly { readonly options: { readonly path: string } }[];
}

test('provisioning: each dashboard finds its data source, each folder its dashboards', () => {
  const read = (path: string) => parse(readFileSync(join(DASHBOARDS, path), 'utf8')) as Provisioned;
  const files = (kind: string) => globSync(`provisioning/${kind}/*.yaml`, { cwd: DASHBOARDS }).map(read);
  const sources = files('datasources').flatMap(({ datasources }) => datasources ?? []);
  const folders = files('dashboards').flatMap(({ providers }) => (providers ?? []).map(({ options }) => options.path));
  assert.equal(sources.length, 4);
  assert.deepEqual(
    folders.sort(),
    ['influxdb-1', 'influxdb-2', 'influxdb-3', 'prometheus'].map((name) => `$BUTLER_SOS_AUDIT_DASHBOARDS/${name}`),
  );
  for (const { path, board } of FILES) {
    const [variable] = board.templating.list;
    assert.ok(variable !== undefined);
    const { text, value } = variable.current as { readonly text: string; readonly value: string };
    const source = sources.find(({ uid }) => uid === value);
    assert.equal(source?.name, text, path);
    assert.equal(source?.type, variable.query, path);
    assert.match(value, new RegExp(`${path.split(/[\\/]/)[0]}$`));
  }
});
