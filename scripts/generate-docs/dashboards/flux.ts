import {
  type Dialect,
  INFLUXDB,
  multiVariable,
  NEWEST,
  QUEUE_FIELDS,
  type Queries,
  type Query,
  SELECTION_TYPE,
  TOP,
  VIEW_TYPE,
} from './dialect.ts';
import type { Variable } from './model.ts';

const POINTS = `from(bucket: v.defaultBucket)
  |> range(start: v.timeRangeStart, stop: v.timeRangeStop)
  |> filter(fn: (r) => r._measurement == "\${measurement}")`;

const FILTERS = `
  |> filter(fn: (r) => r.userId =~ /^\${user:regex}$/ and r.appName =~ /^\${app:regex}$/ and r.eventType =~ /^\${type:regex}$/)`;

const VIEWS = `${POINTS}
  |> filter(fn: (r) => r.eventType == "${VIEW_TYPE}" and r.userId =~ /^\${user:regex}$/ and r.appName =~ /^\${app:regex}$/)`;

const VIEW_DURATIONS = `${VIEWS}
  |> filter(fn: (r) => r._field == "durationMs")`;

/** Ids that are tags in one profile and fields in the other are columns of a row in both. */
const IDS = ['eventId', 'correlationId', 'selectionTxnId'];

const only = (...fields: readonly string[]) => `
  |> filter(fn: (r) => ${fields.map((field) => `r._field == "${field}"`).join(' or ')})`;

const asRows = (...columns: readonly string[]) => `
  |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
  |> group()
  |> rename(columns: {_time: "time"})
  |> keep(columns: ${JSON.stringify(['time', ...columns])})`;

/** With the tag profile `documented` the tag finds the points at once; with the other one it is a field. */
const TRANSACTION = (...fields: readonly string[]) => `onlyTransaction = (tables=<-) =>
  if "\${profile}" == "documented" then tables |> filter(fn: (r) => r.selectionTxnId == \${txn:doublequote} and r.selectionTxnId != "") else tables

${POINTS}
  |> onlyTransaction()${fields.length === 0 ? '' : only(...fields, ...IDS)}
  |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
  |> group()
  |> filter(fn: (r) => r.selectionTxnId == \${txn:doublequote})
  |> rename(columns: {_time: "time"})
  |> sort(columns: ["time", "sequence"])`;

/** Views, total, median and longest of `_value`, by columns. */
const figures = (points: string, by: readonly string[]) => `points = ${points}
  |> group(columns: ${JSON.stringify(by)})

union(tables: [
  points |> count() |> toFloat() |> set(key: "figure", value: "views"),
  points |> sum() |> set(key: "figure", value: "totalMs"),
  points |> median() |> set(key: "figure", value: "medianMs"),
  points |> max() |> set(key: "figure", value: "longestMs"),
])
  |> group()
  |> pivot(rowKey: ${JSON.stringify(by)}, columnKey: ["figure"], valueColumn: "_value")
  |> sort(columns: ["totalMs"], desc: true)
  |> limit(n: ${TOP})`;

/** Durations with fields of their event beside them. */
const durationsWith = (...fields: readonly string[]) => `${VIEWS}${only('durationMs', ...fields)}
  |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
  |> filter(fn: (r) => exists r.durationMs)
  |> rename(columns: {durationMs: "_value"})`;

const named = (name: string) => `
  |> keep(columns: ["_value"])
  |> rename(columns: {_value: "${name}"})`;

const ONE_FIELD = only('sequence');

const ranking = (column: string) => `${POINTS}${ONE_FIELD}${FILTERS}
  |> group(columns: ["${column}"])
  |> count()
  |> group()
  |> rename(columns: {_value: "events"})
  |> sort(columns: ["events"], desc: true)
  |> limit(n: ${TOP})`;

const distinct = (column: string, name: string) => `${POINTS}${ONE_FIELD}${FILTERS}
  |> group()
  |> distinct(column: "${column}")
  |> count()${named(name)}`;

const queue = (fields: readonly string[], fn: 'mean' | 'sum' | 'max') => `from(bucket: v.defaultBucket)
  |> range(start: v.timeRangeStart, stop: v.timeRangeStop)
  |> filter(fn: (r) => r._measurement == "\${queueMeasurement}" and r.host =~ /^\${host:regex}$/)${only(...fields)}
  |> group(columns: ["_field"])
  |> aggregateWindow(every: v.windowPeriod, fn: ${fn}, createEmpty: false)
  |> keep(columns: ["_time", "_value", "_field"])`;

const TEXTS: Readonly<Record<keyof Queries, string>> = {
  trailWho: `${TRANSACTION('sequence', 'sheetName')}
  |> limit(n: 1)
  |> keep(columns: ["userId", "appName", "sheetName"])`,
  trailEvents: `${TRANSACTION('sequence')}
  |> count(column: "sequence")
  |> keep(columns: ["sequence"])
  |> rename(columns: {sequence: "events"})`,
  trailSpan: `${TRANSACTION('sequence')}
  |> map(fn: (r) => ({atMs: int(v: r.time) / 1000000}))
  |> spread(column: "atMs")
  |> rename(columns: {atMs: "spanMs"})`,
  trailSteps: `${TRANSACTION()}
  |> map(fn: (r) => ({r with gapMs: int(v: r.time) / 1000000}))
  |> difference(columns: ["gapMs"], keepFirst: true)
  |> drop(columns: ["_start", "_stop", "_measurement"])`,
  trailViews: `${POINTS}
  |> filter(fn: (r) => r.eventType == "${VIEW_TYPE}")${only('durationMs', 'objectId', 'sheetName', 'enteredAt', 'leftAt', 'enterSelectionTxnId', 'leaveSelectionTxnId')}
  |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
  |> group()
  |> filter(fn: (r) => r.enterSelectionTxnId == \${txn:doublequote} or r.leaveSelectionTxnId == \${txn:doublequote})
  |> rename(columns: {_time: "time"})
  |> keep(columns: ["time", "userId", "sheetName", "objectId", "durationMs", "enteredAt", "leftAt"])
  |> sort(columns: ["time"])`,
  recentSelections: `${POINTS}
  |> filter(fn: (r) => r.eventType == "${SELECTION_TYPE}")${only('sheetName', 'selectionDetails', ...IDS)}${asRows('userId', 'appName', 'sheetName', 'selectionDetails', 'selectionTxnId')}
  |> sort(columns: ["time"], desc: true)
  |> limit(n: ${NEWEST})`,
  eventCount: `${POINTS}${ONE_FIELD}${FILTERS}
  |> group()
  |> count()${named('events')}`,
  userCount: distinct('userId', 'users'),
  appCount: distinct('appName', 'apps'),
  eventsOverTime: `${POINTS}${ONE_FIELD}${FILTERS}
  |> group(columns: ["eventType"])
  |> aggregateWindow(every: v.windowPeriod, fn: count, createEmpty: false)
  |> keep(columns: ["_time", "_value", "eventType"])`,
  eventsByUser: ranking('userId'),
  eventsByApp: ranking('appName'),
  eventsBySheet: `${POINTS}${only('sheetName')}${FILTERS}
  |> rename(columns: {_value: "sheetName"})
  |> group(columns: ["appName", "sheetName"])
  |> count(column: "_field")
  |> group()
  |> rename(columns: {_field: "events"})
  |> sort(columns: ["events"], desc: true)
  |> limit(n: ${TOP})`,
  latestEvents: `${POINTS}${only('sequence', 'sheetName', 'objectId', 'durationMs', ...IDS)}${FILTERS}${asRows('eventType', 'userId', 'appName', 'sheetName', 'objectId', 'durationMs', 'selectionTxnId', 'eventId')}
  |> sort(columns: ["time"], desc: true)
  |> limit(n: ${NEWEST})`,
  viewTotal: `${VIEW_DURATIONS}
  |> group()
  |> sum()${named('total')}`,
  viewCount: `${VIEW_DURATIONS}
  |> group()
  |> count()${named('views')}`,
  viewMedian: `${VIEW_DURATIONS}
  |> group()
  |> median()${named('median')}`,
  viewsOverTime: `${VIEW_DURATIONS}
  |> group(columns: ["appName"])
  |> aggregateWindow(every: v.windowPeriod, fn: sum, createEmpty: false)
  |> keep(columns: ["_time", "_value", "appName"])`,
  viewsByUser: figures(VIEW_DURATIONS, ['userId']),
  viewsByApp: figures(VIEW_DURATIONS, ['appName']),
  viewsBySheet: figures(durationsWith('sheetName'), ['appName', 'sheetName']),
  viewsByObject: figures(durationsWith('sheetName', 'objectId'), ['appName', 'sheetName', 'objectId']),
  longestViews: `${VIEWS}${only('durationMs', 'sheetName', 'objectId', 'enteredAt', 'leftAt', ...IDS)}${asRows('userId', 'appName', 'sheetName', 'objectId', 'durationMs', 'enteredAt', 'leftAt', 'selectionTxnId')}
  |> sort(columns: ["durationMs"], desc: true)
  |> limit(n: ${TOP})`,
  queueFilled: queue(QUEUE_FIELDS.filled, 'max'),
  queueUtilization: queue(QUEUE_FIELDS.utilization, 'max'),
  queueMessages: queue(QUEUE_FIELDS.messages, 'sum'),
  queueDrops: queue(QUEUE_FIELDS.drops, 'sum'),
  queueTimes: queue(QUEUE_FIELDS.times, 'max'),
  queueLimits: queue(QUEUE_FIELDS.limits, 'max'),
};

/** `tagProfile` of the destination. */
const PROFILE: Variable = {
  name: 'profile',
  label: 'Tag profile',
  type: 'custom',
  query: 'documented,low-cardinality',
  current: { text: 'documented', value: 'documented' },
  options: [
    { text: 'documented', value: 'documented', selected: true },
    { text: 'low-cardinality', value: 'low-cardinality', selected: false },
  ],
  multi: false,
  includeAll: false,
  hide: 0,
  skipUrlSync: false,
};

export const flux: Dialect = {
  version: 2,
  language: 'Flux',
  queries: Object.fromEntries(Object.entries(TEXTS).map(([name, text]): [string, Query] => [name, { text }])) as {
    [name in keyof Queries]: Query;
  },
  target: (refId, { text }) => ({ refId, datasource: INFLUXDB, query: text }),
  tagVariable(name, label, tag) {
    const measurement = name === 'host' ? 'queueMeasurement' : 'measurement';
    const query = `import "influxdata/influxdb/schema"
schema.tagValues(bucket: v.defaultBucket, tag: "${tag}", predicate: (r) => r._measurement == "\${${measurement}}", start: v.timeRangeStart, stop: v.timeRangeStop)`;
    return multiVariable(name, label, { query, refId: name }, '.*', query);
  },
  trailVariables: [PROFILE],
};
