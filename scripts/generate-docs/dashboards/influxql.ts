import {
  type Dialect,
  INFLUXDB,
  multiVariable,
  NEWEST,
  QUEUE_FIELDS,
  type Queries,
  type Query,
  SELECTION_TYPE,
  VIEW_TYPE,
} from './dialect.ts';
import type { Transformation } from './model.ts';

const FROM = `FROM "\${measurement}"`;
const FILTERS = `"userId" =~ /^\${user:regex}$/ AND "appName" =~ /^\${app:regex}$/ AND "eventType" =~ /^\${type:regex}$/`;
const WHERE = `${FROM} WHERE $timeFilter AND ${FILTERS}`;
const VIEWS = `${FROM} WHERE $timeFilter AND "eventType" = '${VIEW_TYPE}' AND "userId" =~ /^\${user:regex}$/ AND "appName" =~ /^\${app:regex}$/`;
const TRANSACTION = `${FROM} WHERE $timeFilter AND "selectionTxnId" = \${txn:singlequote} AND "selectionTxnId" != ''`;

/** What Grafana groups holds so many rows at most. */
const GROUPED_ROWS = 20_000;

const columns = (...names: readonly string[]) => names.map((name) => `"${name}"`).join(', ');

const FIGURES =
  'count("durationMs") AS "views", sum("durationMs") AS "totalMs", median("durationMs") AS "medianMs", max("durationMs") AS "longestMs"';

const queue = (fields: readonly string[], fn: string): Query => ({
  text: `SELECT ${fields.map((field) => `${fn}("${field}") AS "${field}"`).join(', ')} FROM "\${queueMeasurement}" WHERE $timeFilter AND "host" =~ /^\${host:regex}$/ GROUP BY time($__interval) fill(none)`,
});

/** A name that is a field cannot be grouped by in InfluxQL: Grafana does it. */
function grouped(
  by: readonly string[],
  value: string,
  names: Readonly<Record<string, string>>,
): readonly Transformation[] {
  return [
    {
      id: 'groupBy',
      options: {
        fields: {
          ...Object.fromEntries(by.map((name) => [name, { aggregations: [], operation: 'groupby' }])),
          [value]: { aggregations: Object.keys(names), operation: 'aggregate' },
        },
      },
    },
    {
      id: 'organize',
      options: {
        excludeByName: {},
        indexByName: {},
        renameByName: Object.fromEntries(Object.entries(names).map(([calc, name]) => [`${value} (${calc})`, name])),
      },
    },
  ];
}

const viewsBy = (...by: readonly string[]): Query => ({
  text: `SELECT ${columns('durationMs', ...by)} ${VIEWS} ORDER BY time DESC LIMIT ${GROUPED_ROWS}`,
  transformations: grouped(by, 'durationMs', { count: 'views', sum: 'totalMs', median: 'medianMs', max: 'longestMs' }),
});

const distinct = (tag: string, name: string): Query => ({
  text: `SELECT count("n") AS "${name}" FROM (SELECT count("sequence") AS "n" ${WHERE} GROUP BY "${tag}")`,
});

const queries: Queries = {
  trailWho: { text: `SELECT ${columns('userId', 'appName', 'sheetName')} ${TRANSACTION} ORDER BY time LIMIT 1` },
  trailEvents: { text: `SELECT count("sequence") AS "events" ${TRANSACTION}` },
  trailSpan: {
    text: `SELECT sum("gap") AS "spanMs" FROM (SELECT elapsed("sequence", 1ms) AS "gap" ${TRANSACTION})`,
  },
  trailSteps: { text: `SELECT * ${TRANSACTION} ORDER BY time` },
  trailViews: {
    text: `SELECT ${columns('userId', 'sheetName', 'objectId', 'durationMs', 'enteredAt', 'leftAt')} ${FROM} WHERE $timeFilter AND "eventType" = '${VIEW_TYPE}' AND ("enterSelectionTxnId" = \${txn:singlequote} OR "leaveSelectionTxnId" = \${txn:singlequote}) ORDER BY time`,
  },
  recentSelections: {
    text: `SELECT ${columns('userId', 'appName', 'sheetName', 'selectionDetails', 'selectionTxnId')} ${FROM} WHERE $timeFilter AND "eventType" = '${SELECTION_TYPE}' ORDER BY time DESC LIMIT ${NEWEST}`,
  },
  eventCount: { text: `SELECT count("sequence") AS "events" ${WHERE}` },
  userCount: distinct('userId', 'users'),
  appCount: distinct('appName', 'apps'),
  eventsOverTime: {
    text: `SELECT count("sequence") AS "events" ${WHERE} GROUP BY time($__interval), "eventType" fill(none)`,
  },
  eventsByUser: { text: `SELECT count("sequence") AS "events" ${WHERE} GROUP BY "userId"` },
  eventsByApp: { text: `SELECT count("sequence") AS "events" ${WHERE} GROUP BY "appName"` },
  eventsBySheet: {
    text: `SELECT ${columns('sequence', 'appName', 'sheetName')} ${WHERE} ORDER BY time DESC LIMIT ${GROUPED_ROWS}`,
    transformations: grouped(['appName', 'sheetName'], 'sequence', { count: 'events' }),
  },
  latestEvents: {
    text: `SELECT ${columns('sequence', 'eventType', 'userId', 'appName', 'sheetName', 'objectId', 'durationMs', 'selectionTxnId', 'eventId')} ${WHERE} ORDER BY time DESC LIMIT ${NEWEST}`,
  },
  viewTotal: { text: `SELECT sum("durationMs") AS "total" ${VIEWS}` },
  viewCount: { text: `SELECT count("durationMs") AS "views" ${VIEWS}` },
  viewMedian: { text: `SELECT median("durationMs") AS "median" ${VIEWS}` },
  viewsOverTime: {
    text: `SELECT sum("durationMs") AS "viewed" ${VIEWS} GROUP BY time($__interval), "appName" fill(none)`,
  },
  viewsByUser: { text: `SELECT ${FIGURES} ${VIEWS} GROUP BY "userId"` },
  viewsByApp: { text: `SELECT ${FIGURES} ${VIEWS} GROUP BY "appName"` },
  viewsBySheet: viewsBy('appName', 'sheetName'),
  viewsByObject: viewsBy('appName', 'sheetName', 'objectId'),
  longestViews: {
    text: `SELECT top("durationMs", 100) AS "durationMs", ${columns('userId', 'appName', 'sheetName', 'objectId', 'enteredAt', 'leftAt', 'selectionTxnId')} ${VIEWS}`,
  },
  queueFilled: queue(QUEUE_FIELDS.filled, 'max'),
  queueUtilization: queue(QUEUE_FIELDS.utilization, 'max'),
  queueMessages: queue(QUEUE_FIELDS.messages, 'sum'),
  queueDrops: queue(QUEUE_FIELDS.drops, 'sum'),
  queueTimes: queue(QUEUE_FIELDS.times, 'max'),
  queueLimits: queue(QUEUE_FIELDS.limits, 'max'),
};

export const influxql: Dialect = {
  version: 1,
  language: 'InfluxQL',
  queries,
  target: (refId, { text }, shape) => ({
    refId,
    datasource: INFLUXDB,
    query: text,
    rawQuery: true,
    resultFormat: shape,
    ...(shape === 'time_series' ? { alias: '$col' } : {}),
  }),
  tagVariable(name, label, tag) {
    const measurement = name === 'host' ? 'queueMeasurement' : 'measurement';
    const query = `SHOW TAG VALUES FROM "\${${measurement}}" WITH KEY = "${tag}"`;
    return multiVariable(name, label, { query, refId: name }, '.*', query);
  },
  trailVariables: [],
};
