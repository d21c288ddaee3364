import {
  type Dialect,
  INFLUXDB,
  multiVariable,
  NEWEST,
  QUEUE_FIELDS,
  type Queries,
  SELECTION_TYPE,
  TOP,
  VIEW_TYPE,
} from './dialect.ts';

const FROM = `FROM "\${measurement}" WHERE $__timeFilter(time)`;

/** With all values, Grafana puts `'*'` here as it is. */
const among = (column: string, variable: string) =>
  `('*' IN (\${${variable}:sqlstring}) OR "${column}" IN (\${${variable}:sqlstring}))`;

const PEOPLE = `${among('userId', 'user')} AND ${among('appName', 'app')}`;
const WHERE = `${FROM} AND ${PEOPLE} AND ${among('eventType', 'type')}`;
const VIEWS = `${FROM} AND "eventType" = '${VIEW_TYPE}' AND ${PEOPLE}`;
const TRANSACTION = `${FROM} AND "selectionTxnId" = \${txn:sqlstring}`;

const FIGURES =
  'count("durationMs") AS "views", sum("durationMs") AS "totalMs", median("durationMs") AS "medianMs", max("durationMs") AS "longestMs"';

const columns = (...names: readonly string[]) => names.map((name) => `"${name}"`).join(', ');

const eventsBy = (...by: readonly string[]) => ({
  text: `SELECT ${columns(...by)}, count(*) AS "events" ${WHERE} GROUP BY ${columns(...by)} ORDER BY "events" DESC LIMIT ${TOP}`,
});
const viewsBy = (...by: readonly string[]) => ({
  text: `SELECT ${columns(...by)}, ${FIGURES} ${VIEWS} GROUP BY ${columns(...by)} ORDER BY "totalMs" DESC LIMIT ${TOP}`,
});
const queue = (fields: readonly string[], fn: string) => ({
  text: `SELECT $__dateBin(time) AS "time", ${fields.map((field) => `${fn}("${field}") AS "${field}"`).join(', ')} FROM "\${queueMeasurement}" WHERE $__timeFilter(time) AND ${among('host', 'host')} GROUP BY 1 ORDER BY 1`,
});

/**
 * Lists select every column and leave the choice to the panel: InfluxDB 3 refuses a query that names a column which no
 * point has had so far, such as `screenshotSavedPaths` where there are no screenshots.
 */
const queries: Queries = {
  trailWho: { text: `SELECT ${columns('userId', 'appName', 'sheetName')} ${TRANSACTION} ORDER BY time LIMIT 1` },
  trailEvents: { text: `SELECT count(*) AS "events" ${TRANSACTION}` },
  trailSpan: {
    text: `SELECT (max("sinceMs") - min("sinceMs")) AS "spanMs" FROM (SELECT date_part('epoch', time) * 1000 AS "sinceMs" ${TRANSACTION}) AS steps`,
  },
  trailSteps: {
    text: `SELECT *, (date_part('epoch', time) - lag(date_part('epoch', time)) OVER (ORDER BY time, "sequence")) * 1000 AS "gapMs" ${TRANSACTION} ORDER BY time, "sequence"`,
  },
  trailViews: {
    text: `SELECT * ${FROM} AND "eventType" = '${VIEW_TYPE}' AND ("enterSelectionTxnId" = \${txn:sqlstring} OR "leaveSelectionTxnId" = \${txn:sqlstring}) ORDER BY time`,
  },
  recentSelections: {
    text: `SELECT * ${FROM} AND "eventType" = '${SELECTION_TYPE}' ORDER BY time DESC LIMIT ${NEWEST}`,
  },
  eventCount: { text: `SELECT count(*) AS "events" ${WHERE}` },
  userCount: { text: `SELECT count(DISTINCT "userId") AS "users" ${WHERE}` },
  appCount: { text: `SELECT count(DISTINCT "appName") AS "apps" ${WHERE}` },
  eventsOverTime: {
    text: `SELECT $__dateBin(time) AS "time", "eventType", count(*) AS "events" ${WHERE} GROUP BY 1, 2 ORDER BY 1`,
  },
  eventsByUser: eventsBy('userId'),
  eventsByApp: eventsBy('appName'),
  eventsBySheet: eventsBy('appName', 'sheetName'),
  latestEvents: { text: `SELECT * ${WHERE} ORDER BY time DESC LIMIT ${NEWEST}` },
  viewTotal: { text: `SELECT sum("durationMs") AS "total" ${VIEWS}` },
  viewCount: { text: `SELECT count("durationMs") AS "views" ${VIEWS}` },
  viewMedian: { text: `SELECT median("durationMs") AS "median" ${VIEWS}` },
  viewsOverTime: {
    text: `SELECT $__dateBin(time) AS "time", "appName", sum("durationMs") AS "viewed" ${VIEWS} GROUP BY 1, 2 ORDER BY 1`,
  },
  viewsByUser: viewsBy('userId'),
  viewsByApp: viewsBy('appName'),
  viewsBySheet: viewsBy('appName', 'sheetName'),
  viewsByObject: viewsBy('appName', 'sheetName', 'objectId'),
  longestViews: { text: `SELECT * ${VIEWS} AND "durationMs" IS NOT NULL ORDER BY "durationMs" DESC LIMIT ${TOP}` },
  queueFilled: queue(QUEUE_FIELDS.filled, 'max'),
  queueUtilization: queue(QUEUE_FIELDS.utilization, 'max'),
  queueMessages: queue(QUEUE_FIELDS.messages, 'sum'),
  queueDrops: queue(QUEUE_FIELDS.drops, 'sum'),
  queueTimes: queue(QUEUE_FIELDS.times, 'max'),
  queueLimits: queue(QUEUE_FIELDS.limits, 'max'),
};

export const sql: Dialect = {
  version: 3,
  language: 'SQL',
  queries,
  target: (refId, { text }, shape) => ({
    refId,
    datasource: INFLUXDB,
    rawSql: text,
    rawQuery: true,
    editorMode: 'code',
    format: shape,
    resultFormat: shape,
  }),
  tagVariable(name, label, tag) {
    const measurement = name === 'host' ? 'queueMeasurement' : 'measurement';
    const query = `SELECT DISTINCT "${tag}" FROM "\${${measurement}}" WHERE $__timeFilter(time)`;
    return multiVariable(name, label, { query, refId: name }, "'*'", query);
  },
  trailVariables: [],
};
