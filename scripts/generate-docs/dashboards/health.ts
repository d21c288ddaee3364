import { type Dashboard, type DataSourceRef, dashboard, type Target, type Variable } from './model.ts';
import { column, heading, stat, type TimeSeriesPanel, table, timeSeries, unit } from './panels.ts';

const PROMETHEUS: DataSourceRef = { type: 'prometheus', uid: `\${ds}` };
const SERVER = 'instance=~"$instance"';
const PLACE = `${SERVER},destination=~"$destination"`;

/** States in the order of how much they matter. */
const STATES = [
  { state: 'idle', text: 'idle', color: 'green' },
  { state: 'waiting', text: 'waiting', color: 'green' },
  { state: 'delivering', text: 'delivering', color: 'blue' },
  { state: 'retrying', text: 'down, tried again', color: 'orange' },
  { state: 'stopped', text: 'stopped: somebody must act', color: 'red' },
  { state: 'held', text: 'held: somebody must decide', color: 'red' },
];

const metric = (name: string, labels = SERVER) => `butler_sos_audit_${name}{${labels}}`;
const rate = (name: string, labels?: string) => `rate(${metric(name, labels)}[$__rate_interval])`;
const inRange = (name: string, labels?: string) => `sum(increase(${metric(name, labels)}[$__range]))`;

function series(expr: string, legendFormat: string, refId = 'A'): Target {
  return { refId, datasource: PROMETHEUS, editorMode: 'code', expr, legendFormat, range: true };
}

function now(expr: string, refId = 'A'): Target {
  return { refId, datasource: PROMETHEUS, editorMode: 'code', expr, instant: true, range: false, format: 'table' };
}

function graph(title: string, targets: readonly Target[], more: Partial<TimeSeriesPanel> = {}) {
  return timeSeries({ title, datasource: PROMETHEUS, targets, width: 12, ...more });
}

function figure(title: string, expr: string, more: Partial<Parameters<typeof stat>[0]> = {}) {
  return stat({ title, datasource: PROMETHEUS, targets: [{ ...now(expr), format: 'time_series' }], width: 4, ...more });
}

const ABOVE_ZERO_IS_BAD = [
  { color: 'green', value: null },
  { color: 'red', value: 1 },
];

export function healthDashboard(): Dashboard {
  return dashboard({
    uid: 'butler-sos-audit-health',
    title: 'Audit server health (Prometheus)',
    description: 'Queue, event log and destinations, from /metrics of the viewer port.',
    from: 'now-6h',
    refresh: '30s',
    variables: variables(),
    panels: [...serverFigures(), ...serverGraphs(), ...destinationPanels(), ...picturePanels()],
  });
}

function variables(): readonly Variable[] {
  const listOf = (name: string, label: string, query: string): Variable => ({
    name,
    label,
    type: 'query',
    datasource: PROMETHEUS,
    definition: query,
    query: { query, refId: name },
    refresh: 2,
    sort: 1,
    multi: true,
    includeAll: true,
    allValue: '.*',
    current: { text: ['All'], value: ['$__all'] },
    options: [],
    hide: 0,
    regex: '',
    skipUrlSync: false,
  });
  return [
    {
      name: 'ds',
      label: 'Prometheus',
      type: 'datasource',
      query: 'prometheus',
      current: { text: 'Butler SOS Audit, Prometheus', value: 'butler-sos-audit-prometheus' },
      options: [],
      refresh: 1,
      regex: '',
      multi: false,
      includeAll: false,
      hide: 0,
      skipUrlSync: false,
    },
    listOf('instance', 'Server', 'label_values(butler_sos_audit_log_events_total, instance)'),
    listOf('destination', 'Destination', 'label_values(butler_sos_audit_destination_state, destination)'),
  ];
}

function serverFigures() {
  return [
    figure('Accepted', `sum(${rate('events_accepted_total')})`, { unit: 'ops' }),
    figure('Oldest event that waits', `max(${metric('destination_lag_seconds', PLACE)})`, {
      unit: 's',
      thresholds: [
        { color: 'green', value: null },
        { color: 'orange', value: 120 },
        { color: 'red', value: 600 },
      ],
    }),
    figure('Dead letters written', inRange('destination_rejected_total', PLACE), { thresholds: ABOVE_ZERO_IS_BAD }),
    figure('Refused: log cannot take them', inRange('queue_messages_failed_total'), { thresholds: ABOVE_ZERO_IS_BAD }),
    figure('Free on the disk of the log', `min(${metric('log_disk_free_bytes')})`, {
      unit: 'bytes',
      thresholds: [
        { color: 'red', value: null },
        { color: 'orange', value: 1e9 },
        { color: 'green', value: 5e9 },
      ],
    }),
    figure('Size of the log', `sum(${metric('event_log_bytes')})`, { unit: 'bytes' }),
  ];
}

const quantile = (q: number, histogram: string) =>
  `histogram_quantile(${q}, sum by (le) (${rate(`${histogram}_bucket`)}))`;

function serverGraphs() {
  return [
    heading('Receiving'),
    graph('Answers, by status', [series(`sum by (status) (${rate('http_responses_total')})`, '{{status}}')], {
      unit: 'ops',
      stacked: true,
    }),
    graph(
      'A write and sync of the log: what a 202 waits for',
      [series(quantile(0.5, 'log_commit_seconds'), 'median'), series(quantile(0.99, 'log_commit_seconds'), 'p99', 'B')],
      { unit: 's' },
    ),
    graph('Queue', [
      series(`sum(${metric('queue_waiting')})`, 'waiting'),
      series(`sum(${metric('queue_running')})`, 'in the write under way', 'B'),
      series(`sum(${metric('queue_max_size')})`, 'size', 'C'),
      series(`max(${metric('queue_backpressure_active')})`, 'back-pressure', 'D'),
    ]),
    graph(
      'Not taken',
      [
        series(`sum by (reason) (${rate('queue_messages_dropped_total')})`, '{{reason}}'),
        series(`sum(${rate('events_invalid_total')})`, 'invalid', 'B'),
      ],
      { unit: 'ops', stacked: true },
    ),
    graph(
      'Repeats and conflicts',
      [
        series(`sum(${rate('dedup_repeats_total')})`, 'received again'),
        series(`sum(${rate('dedup_conflicts_total')})`, 'another event under the same id', 'B'),
      ],
      { unit: 'ops' },
    ),
    graph(
      'Log',
      [
        series(`sum(${rate('log_events_total')})`, 'lines'),
        series(`sum(${rate('search_events_total')})`, 'indexed for the page', 'B'),
        series(`sum(${rate('log_write_failures_total')})`, 'failed writes', 'C'),
      ],
      { unit: 'ops' },
    ),
  ];
}

function destinationPanels() {
  const lag = (name: string) => [series(`max by (destination) (${metric(name, PLACE)})`, '{{destination}}')];
  const perSecond = (name: string) => [series(`sum by (destination) (${rate(name, PLACE)})`, '{{destination}}')];
  return [
    heading('Destinations'),
    stateTimeline(),
    table({
      title: 'Last errors',
      description: 'By code; docs/errors.md explains each, and the status of the server has the message.',
      datasource: PROMETHEUS,
      targets: [
        now(`max by (destination, code) (${metric('destination_last_error_timestamp_seconds', PLACE)}) * 1000`),
      ],
      width: 12,
      height: 8,
      columns: ['destination', 'code', 'Value'],
      sortBy: { column: 'when', descending: true },
      overrides: [column('Value', { id: 'displayName', value: 'when' }, unit('dateTimeFromNow'))],
    }),
    graph('Events that wait', lag('destination_lag_events')),
    graph('Age of the oldest one', lag('destination_lag_seconds'), { unit: 's' }),
    graph('Delivered', perSecond('destination_delivered_total'), { unit: 'ops' }),
    graph('Tried again', perSecond('destination_retries_total'), { unit: 'ops' }),
    graph('Log kept for it alone', lag('destination_held_bytes'), { unit: 'bytes' }),
    graph('Closed days without a daily file', lag('daily_files_waiting')),
  ];
}

/** Without numbers where no pictures are fetched. */
function picturePanels() {
  return [
    heading('Pictures'),
    graph('Events that await theirs', [
      series(`sum(${metric('screenshots_waiting')})`, 'waiting'),
      series(`sum(${metric('screenshots_in_flight')})`, 'fetched or edited now', 'B'),
    ]),
    graph(
      'Outcomes',
      [
        series(`sum(${rate('screenshots_saved_total')})`, 'saved'),
        series(`sum by (reason) (${rate('screenshots_failed_total')})`, 'failed: {{reason}}', 'B'),
      ],
      { unit: 'ops', stacked: true },
    ),
    graph('Tried again, by reason', [series(`sum by (reason) (${rate('screenshots_retried_total')})`, '{{reason}}')], {
      unit: 'ops',
      stacked: true,
    }),
    graph(
      'From the start of a download to its outcome',
      [series(quantile(0.5, 'screenshot_seconds'), 'median'), series(quantile(0.99, 'screenshot_seconds'), 'p99', 'B')],
      { unit: 's' },
    ),
  ];
}

function stateTimeline() {
  const terms = STATES.map(
    ({ state }, i) => `(${metric('destination_state', `${PLACE},state="${state}"`)} == 1) * ${i}`,
  );
  const options = Object.fromEntries(STATES.map(({ text, color }, i) => [String(i), { text, color, index: i }]));
  return {
    type: 'state-timeline',
    title: 'State',
    datasource: PROMETHEUS,
    targets: [series(`max by (destination) (${terms.join(' or ')})`, '{{destination}}')],
    fieldConfig: {
      defaults: {
        color: { mode: 'thresholds' },
        thresholds: { mode: 'absolute', steps: [{ color: 'text', value: null }] },
        mappings: [{ type: 'value', options }],
        custom: { fillOpacity: 70, lineWidth: 0 },
      },
      overrides: [],
    },
    options: {
      mergeValues: true,
      showValue: 'auto',
      rowHeight: 0.9,
      alignValue: 'left',
      legend: { showLegend: false },
    },
    width: 12,
    height: 8,
  };
}
