import { type Dialect, dataSourceUid, hiddenText, INFLUXDB, type Query, type Shape, VIEW_FIGURES } from './dialect.ts';
import { type Dashboard, dashboard, type FieldOverride, type PanelDraft, type Target, type Variable } from './model.ts';
import { bar, column, heading, links, stat, table, timeSeries, unit, width } from './panels.ts';

const PAGE_AND_MEASUREMENT = [hiddenText('measurement', 'audit_event'), hiddenText('page', 'http://127.0.0.1:8182')];

type Name = 'trail' | 'activity' | 'viewing' | 'queue';

/** Short, because it stands in every link. */
function uidOf(name: Name, { version }: Dialect): string {
  return `butler-sos-audit-${name}-${version}`;
}

/** The dashboards on one version of InfluxDB. */
export function influxdbDashboards(dialect: Dialect): readonly { readonly name: Name; readonly board: Dashboard }[] {
  return [
    { name: 'trail', board: trail(dialect) },
    { name: 'activity', board: activity(dialect) },
    { name: 'viewing', board: viewing(dialect) },
    { name: 'queue', board: queue(dialect) },
  ];
}

function trail(dialect: Dialect): Dashboard {
  const { queries } = dialect;
  const ask = asker(dialect);
  return dashboard({
    uid: uidOf('trail', dialect),
    title: `Audit trail (InfluxDB ${dialect.version})`,
    description: 'One selection from the click to the picture. Choose it below, or paste its selectionTxnId above.',
    variables: [
      dataSource(dialect),
      { ...hiddenText('txn', ''), label: 'selectionTxnId', hide: 0 },
      ...dialect.trailVariables,
      ...PAGE_AND_MEASUREMENT,
    ],
    panels: [
      stat({ ...ask('Who, and where', queries.trailWho), width: 12, showsTexts: true }),
      stat({ ...ask('Events', queries.trailEvents), width: 6 }),
      stat({ ...ask('From the first to the last', queries.trailSpan), width: 6, unit: 'ms' }),
      table({
        ...ask('What happened', queries.trailSteps),
        description: 'All events with this selectionTxnId, in order.',
        width: 24,
        height: 10,
        columns: [
          ...['time', 'gapMs', 'eventType', 'userId', 'appName', 'sheetName', 'objectId', 'selectionDetails'],
          ...['durationMs', 'screenshotSavedPaths', 'screenshotUrl', 'dataStateId', 'receivedAt', 'eventId'],
        ],
        overrides: [
          column('gapMs', unit('ms'), width(90), { id: 'displayName', value: 'after' }),
          column('durationMs', unit('ms')),
          eventLink(),
          userLink(dialect),
        ],
      }),
      table({
        ...ask('On screen before or after it', queries.trailViews),
        description: 'Objects that came into view or left it while this selection was the newest.',
        width: 24,
        height: 7,
        columns: ['time', 'userId', 'sheetName', 'objectId', 'durationMs', 'enteredAt', 'leftAt'],
        overrides: [column('durationMs', unit('ms'))],
      }),
      table({
        ...ask('Newest selections', queries.recentSelections),
        description: 'A click on selectionTxnId shows it above.',
        width: 24,
        columns: ['time', 'userId', 'appName', 'sheetName', 'selectionDetails', 'selectionTxnId'],
        overrides: [trailLink(dialect), userLink(dialect)],
      }),
    ],
  });
}

function activity(dialect: Dialect): Dashboard {
  const { queries } = dialect;
  const ask = asker(dialect);
  const events = [column('events', bar())];
  const byMost = { column: 'events', descending: true };
  return dashboard({
    uid: uidOf('activity', dialect),
    title: `Audit activity (InfluxDB ${dialect.version})`,
    description: 'Who did what, when, in which app and sheet.',
    variables: [
      dataSource(dialect),
      ...people(dialect),
      dialect.tagVariable('type', 'Event type', 'eventType'),
      ...PAGE_AND_MEASUREMENT,
    ],
    panels: [
      stat({ ...ask('Events', queries.eventCount), width: 8, unit: 'short' }),
      stat({ ...ask('Users', queries.userCount), width: 8 }),
      stat({ ...ask('Apps', queries.appCount), width: 8 }),
      timeSeries({
        ...ask('Events by type', queries.eventsOverTime, 'time_series'),
        width: 24,
        bars: true,
        stacked: true,
        seriesName: `\${__field.labels.eventType}`,
      }),
      table({
        ...ask('Users', queries.eventsByUser),
        width: 8,
        columns: ['userId', 'events'],
        sortBy: byMost,
        overrides: [...events, userLink(dialect)],
      }),
      table({
        ...ask('Apps', queries.eventsByApp),
        width: 8,
        columns: ['appName', 'events'],
        sortBy: byMost,
        overrides: [...events, appLink(dialect, 'activity')],
      }),
      table({
        ...ask('Sheets', queries.eventsBySheet),
        width: 8,
        columns: ['appName', 'sheetName', 'events'],
        sortBy: byMost,
        overrides: events,
      }),
      table({
        ...ask('Newest events', queries.latestEvents),
        width: 24,
        height: 12,
        columns: [
          ...['time', 'eventType', 'userId', 'appName', 'sheetName', 'objectId', 'durationMs', 'selectionTxnId'],
          'eventId',
        ],
        overrides: [column('durationMs', unit('ms')), trailLink(dialect), eventLink()],
      }),
    ],
  });
}

function viewing(dialect: Dialect): Dashboard {
  const { queries } = dialect;
  const ask = asker(dialect);
  const ranking = (title: string, query: Query, by: readonly string[], ...more: readonly FieldOverride[]): PanelDraft =>
    table({
      ...ask(title, query),
      width: 12,
      columns: [...by, ...VIEW_FIGURES],
      sortBy: { column: 'totalMs', descending: true },
      overrides: [
        column('totalMs', unit('ms'), bar()),
        column('medianMs', unit('ms')),
        column('longestMs', unit('ms')),
        ...more,
      ],
    });
  return dashboard({
    uid: uidOf('viewing', dialect),
    title: `Viewing time (InfluxDB ${dialect.version})`,
    description: 'How long objects were on screen: events of type object.view.duration.',
    from: 'now-7d',
    variables: [dataSource(dialect), ...people(dialect), ...PAGE_AND_MEASUREMENT],
    panels: [
      stat({ ...ask('Viewed in all', queries.viewTotal), width: 8, unit: 'ms' }),
      stat({ ...ask('Views', queries.viewCount), width: 8, unit: 'short' }),
      stat({ ...ask('Median view', queries.viewMedian), width: 8, unit: 'ms' }),
      timeSeries({
        ...ask('Viewed by app', queries.viewsOverTime, 'time_series'),
        width: 24,
        unit: 'ms',
        bars: true,
        stacked: true,
        seriesName: `\${__field.labels.appName}`,
      }),
      ranking('Users', queries.viewsByUser, ['userId'], userLink(dialect)),
      ranking('Apps', queries.viewsByApp, ['appName'], appLink(dialect, 'viewing')),
      ranking('Sheets', queries.viewsBySheet, ['appName', 'sheetName']),
      ranking('Objects', queries.viewsByObject, ['appName', 'sheetName', 'objectId']),
      table({
        ...ask('Longest views', queries.longestViews),
        width: 24,
        columns: [
          'durationMs',
          'time',
          'userId',
          'appName',
          'sheetName',
          'objectId',
          'enteredAt',
          'leftAt',
          'selectionTxnId',
        ],
        sortBy: { column: 'durationMs', descending: true },
        overrides: [column('durationMs', unit('ms')), trailLink(dialect), userLink(dialect)],
      }),
    ],
  });
}

function queue(dialect: Dialect): Dashboard {
  const { queries } = dialect;
  const ask = asker(dialect);
  return dashboard({
    uid: uidOf('queue', dialect),
    title: `Audit queue (InfluxDB ${dialect.version})`,
    description: 'The queue in front of the event log: queue.queueMetrics.influxdb writes these points.',
    from: 'now-6h',
    refresh: '30s',
    variables: [
      dataSource(dialect),
      dialect.tagVariable('host', 'Server', 'host'),
      hiddenText('queueMeasurement', 'audit_events_queue'),
    ],
    panels: [
      heading('Filled'),
      timeSeries({ ...ask('Events in the queue', queries.queueFilled, 'time_series'), width: 12 }),
      timeSeries({ ...ask('Of its size', queries.queueUtilization, 'time_series'), width: 12, unit: 'percent' }),
      heading('Messages'),
      timeSeries({ ...ask('In an interval', queries.queueMessages, 'time_series'), width: 12, bars: true }),
      timeSeries({
        ...ask('Not taken, by reason', queries.queueDrops, 'time_series'),
        description: 'Clients were told (429, 503, 413) and send again; nothing acknowledged is among them.',
        width: 12,
        bars: true,
        stacked: true,
      }),
      heading('Time and limits'),
      timeSeries({
        ...ask('From arrival to on disk', queries.queueTimes, 'time_series'),
        description: 'What a 202 waited for.',
        width: 12,
        unit: 'ms',
      }),
      timeSeries({
        ...ask('Messages of this minute, and back-pressure', queries.queueLimits, 'time_series'),
        description: 'backpressure_active is 1 while the queue is filled above its threshold.',
        width: 12,
      }),
    ],
  });
}

/** A panel's title and query. */
function asker(dialect: Dialect) {
  return (title: string, query: Query, shape: Shape = 'table') => {
    const targets: readonly Target[] = [dialect.target('A', query, shape)];
    const { transformations } = query;
    return { title, datasource: INFLUXDB, targets, ...(transformations === undefined ? {} : { transformations }) };
  };
}

function dataSource({ version, language }: Dialect): Variable {
  return {
    name: 'ds',
    label: `InfluxDB (${language})`,
    type: 'datasource',
    query: 'influxdb',
    current: { text: `Butler SOS Audit, InfluxDB ${version}`, value: dataSourceUid(version) },
    options: [],
    refresh: 1,
    regex: '',
    multi: false,
    includeAll: false,
    hide: 0,
    skipUrlSync: false,
  };
}

function people(dialect: Dialect): readonly Variable[] {
  return [dialect.tagVariable('user', 'User', 'userId'), dialect.tagVariable('app', 'App', 'appName')];
}

const KEEP = `\${__url_time_range}&\${ds:queryparam}`;
const VALUE = `\${__value.raw:percentencode}`;

function trailLink(dialect: Dialect): FieldOverride {
  return column(
    'selectionTxnId',
    links(
      { title: 'The whole selection', url: `/d/${uidOf('trail', dialect)}?var-txn=${VALUE}&${KEEP}` },
      { title: 'With its pictures, in the audit-trail page', url: `\${page}/transactions/${VALUE}`, targetBlank: true },
    ),
  );
}

function eventLink(): FieldOverride {
  const url = `\${page}/events/${VALUE}`;
  return column('eventId', links({ title: 'In the audit-trail page', url, targetBlank: true }));
}

function userLink(dialect: Dialect): FieldOverride {
  return column(
    'userId',
    links(
      { title: 'Activity of this user', url: `/d/${uidOf('activity', dialect)}?var-user=${VALUE}&${KEEP}` },
      { title: 'Viewing time of this user', url: `/d/${uidOf('viewing', dialect)}?var-user=${VALUE}&${KEEP}` },
    ),
  );
}

function appLink(dialect: Dialect, to: Name): FieldOverride {
  return column('appName', links({ title: 'Only this app', url: `/d/${uidOf(to, dialect)}?var-app=${VALUE}&${KEEP}` }));
}
