import type { DataSourceRef, Target, Transformation, Variable } from './model.ts';

/** How Grafana shall take an answer. */
export type Shape = 'table' | 'time_series';

/** A query, with what Grafana must still do where the language cannot. */
export interface Query {
  readonly text: string;
  readonly transformations?: readonly Transformation[];
}

/** The questions of all dashboards on InfluxDB, each in one language. Answers have the columns that are named here. */
export interface Queries {
  /** userId, appName, sheetName: one row */
  readonly trailWho: Query;
  /** events: one row */
  readonly trailEvents: Query;
  /** spanMs: one row, from the first event to the last */
  readonly trailSpan: Query;
  /** time, gapMs, eventType, and the fields of the event; in order of time */
  readonly trailSteps: Query;
  /** time, userId, objectId, durationMs, sheetName, enteredAt, leftAt: what was on screen before or after the selection */
  readonly trailViews: Query;
  /** time, userId, appName, sheetName, selectionDetails, selectionTxnId: newest first */
  readonly recentSelections: Query;
  readonly eventCount: Query;
  readonly userCount: Query;
  readonly appCount: Query;
  /** Series by label eventType. */
  readonly eventsOverTime: Query;
  /** userId, events */
  readonly eventsByUser: Query;
  /** appName, events */
  readonly eventsByApp: Query;
  /** appName, sheetName, events */
  readonly eventsBySheet: Query;
  readonly latestEvents: Query;
  readonly viewTotal: Query;
  readonly viewCount: Query;
  readonly viewMedian: Query;
  /** Series by label appName, milliseconds. */
  readonly viewsOverTime: Query;
  /** userId and VIEW_FIGURES; the others alike */
  readonly viewsByUser: Query;
  readonly viewsByApp: Query;
  readonly viewsBySheet: Query;
  readonly viewsByObject: Query;
  readonly longestViews: Query;
  /** Series, each named like its field. */
  readonly queueFilled: Query;
  readonly queueUtilization: Query;
  readonly queueMessages: Query;
  readonly queueDrops: Query;
  readonly queueTimes: Query;
  readonly queueLimits: Query;
}

export const VIEW_FIGURES = ['views', 'totalMs', 'medianMs', 'longestMs'];

export interface Dialect {
  /** Of InfluxDB. */
  readonly version: 1 | 2 | 3;
  readonly language: 'InfluxQL' | 'Flux' | 'SQL';
  readonly queries: Queries;
  target(refId: string, query: Query, shape: Shape): Target;
  /** A list of the values of a tag. */
  tagVariable(name: string, label: string, tag: string): Variable;
  /** Those that this language needs for the trail. */
  readonly trailVariables: readonly Variable[];
}

/** Of the data source variable that every dashboard has. */
export const INFLUXDB: DataSourceRef = { type: 'influxdb', uid: `\${ds}` };

/** `uid` in provisioning/datasources. */
export function dataSourceUid(version: Dialect['version']): string {
  return `butler-sos-audit-influxdb-${version}`;
}

export const VIEW_TYPE = 'object.view.duration';
export const SELECTION_TYPE = 'selection.state.changed';
/** Rows of a list. */
export const NEWEST = 500;
/** Rows of a ranking. */
export const TOP = 100;

export const QUEUE_FIELDS = {
  filled: ['queue_size', 'queue_running', 'queue_max_size'],
  utilization: ['queue_utilization_pct'],
  messages: ['messages_received', 'messages_queued', 'messages_processed', 'messages_failed', 'messages_dropped_total'],
  drops: ['messages_dropped_rate_limit', 'messages_dropped_queue_full', 'messages_dropped_size'],
  times: ['processing_time_avg_ms', 'processing_time_p95_ms', 'processing_time_max_ms'],
  limits: ['rate_limit_current', 'backpressure_active'],
} as const;

/** A constant of a dashboard: not shown, `var-NAME=` in its address sets it. */
export function hiddenText(name: string, value: string): Variable {
  return {
    name,
    type: 'textbox',
    label: name,
    hide: 2,
    query: value,
    current: { text: value, value },
    options: [{ text: value, value, selected: true }],
    skipUrlSync: false,
  };
}

/** A drop-down of several values, all of them at first. */
export function multiVariable(
  name: string,
  label: string,
  query: unknown,
  allValue: string,
  definition: string,
): Variable {
  return {
    name,
    label,
    type: 'query',
    datasource: INFLUXDB,
    query,
    definition,
    refresh: 2,
    sort: 5,
    multi: true,
    includeAll: true,
    allValue,
    current: { text: ['All'], value: ['$__all'] },
    options: [],
    hide: 0,
    regex: '',
    skipUrlSync: false,
  };
}
