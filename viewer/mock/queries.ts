import type {
  SummaryBy,
  TrailApp,
  TrailEvent,
  TrailHistogram,
  TrailPage,
  TrailSuggestion,
  TrailSummary,
  TrailSummaryRow,
  TrailTimeline,
  TrailTransaction,
} from '../../server/src/domain/trail.ts';
import { type Kept, sentenceOf } from './projection.ts';

/** Kept events, newest first, that a query's filter lets through. */
export function filtered(events: readonly Kept[], query: URLSearchParams): readonly Kept[] {
  const from = timeOf(query.get('from'), -Infinity);
  const to = timeOf(query.get('to'), Infinity);
  const words = (query.get('q') ?? '')
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  const tests = FIELDS.flatMap(([name, valuesOf]) => {
    const wanted = new Set(query.getAll(name).map((value) => value.toLowerCase()));
    return wanted.size === 0 ? [] : [(event: TrailEvent) => valuesOf(event).some((value) => wanted.has(value))];
  });
  return events.filter(
    ({ event, timeMs, text }) =>
      timeMs >= from &&
      timeMs < to &&
      tests.every((passes) => passes(event)) &&
      words.every((word) => text.includes(word)),
  );
}

const FIELDS: readonly (readonly [name: string, (event: TrailEvent) => readonly string[]])[] = [
  ['user', ({ user }) => (user === null ? [] : [user.id.toLowerCase(), user.name.toLowerCase()])],
  ['appId', ({ appId }) => [lower(appId)]],
  ['sheetId', ({ sheetId }) => [lower(sheetId)]],
  ['objectId', ({ objectId }) => [lower(objectId)]],
  ['eventType', ({ eventType }) => [lower(eventType)]],
  ['selectionTxnId', ({ selectionTxnId }) => [lower(selectionTxnId)]],
  ['correlationId', ({ correlationId }) => [lower(correlationId)]],
  ['hour', ({ time }) => [String(new Date(time).getUTCHours())]],
  ['weekday', ({ time }) => [String(new Date(time).getUTCDay() || 7)]],
];

const lower = (value: string | null) => (value ?? '').toLowerCase();

function timeOf(text: string | null, otherwise: number): number {
  const time = text === null ? Number.NaN : Date.parse(text);
  return Number.isNaN(time) ? otherwise : time;
}

export function page(events: readonly Kept[], query: URLSearchParams): TrailPage<TrailEvent> {
  const limit = Math.min(500, Number(query.get('limit') ?? 100));
  const cursor = query.get('cursor');
  const after = cursor === null ? events : events.filter(({ event }) => event.sequence < Number(cursor));
  const items = after.slice(0, limit).map(({ event }) => event);
  return { items, nextCursor: after.length > limit ? String(items.at(-1)?.sequence) : null };
}

export function transaction(events: readonly Kept[], id: string): TrailTransaction | undefined {
  const inOrder = events.filter(({ event }) => lower(event.selectionTxnId) === id.toLowerCase()).toReversed();
  const first = inOrder.find(({ event }) => event.eventType === 'selection.state.changed') ?? inOrder[0];
  if (first === undefined) return undefined;
  return {
    selectionTxnId: id,
    sentence: sentenceOf(first),
    steps: inOrder.map(({ event, timeMs }, at) => {
      const before = inOrder[at - 1];
      return { event, gapMs: before === undefined ? null : timeMs - before.timeMs };
    }),
  };
}

export function timeline(events: readonly Kept[], userId: string, query: URLSearchParams): TrailTimeline | undefined {
  const own = filtered(events, new URLSearchParams([['user', userId], ...query])).toReversed();
  const user = events.find(({ event }) => event.user?.id === userId)?.event.user;
  if (user === undefined || user === null) return undefined;
  const lanes = Map.groupBy(own, ({ event }) => `${event.appId}\n${event.sheetId}`);
  return {
    user,
    from: query.get('from') ?? '',
    to: query.get('to') ?? '',
    lanes: [...lanes.values()].map((lane) => {
      const [first] = lane;
      return {
        appId: first?.event.appId ?? null,
        appName: first?.event.appName ?? null,
        sheetId: first?.event.sheetId ?? null,
        sheetName: first?.event.sheetName ?? null,
        spans: lane
          .filter(({ event }) => event.durationMs !== null)
          .map(({ event, timeMs }) => ({
            from: new Date(timeMs - (event.durationMs ?? 0)).toISOString(),
            to: event.time,
            durationMs: event.durationMs ?? 0,
            objectId: event.objectId,
            eventId: event.eventId,
          })),
        events: lane.map(({ event }) => event),
      };
    }),
    isCut: false,
  };
}

export function appsOf(events: readonly Kept[]): readonly TrailApp[] {
  const groups = Map.groupBy(
    events.filter(({ event }) => event.appId !== null),
    ({ event }) => event.appId ?? '',
  );
  return [...groups].map(([appId, group]) => ({
    appId,
    appName: group[0]?.event.appName ?? null,
    events: group.length,
    users: new Set(group.map(({ event }) => event.user?.id)).size,
    firstSeen: group.at(-1)?.event.time ?? '',
    lastSeen: group[0]?.event.time ?? '',
  }));
}

export function usersOf(events: readonly Kept[], query: URLSearchParams) {
  const wanted = (query.get('q') ?? '').toLowerCase();
  const groups = Map.groupBy(
    events.filter(({ event }) => event.user !== null),
    ({ event }) => event.user?.id ?? '',
  );
  return [...groups.values()]
    .map((group) => ({
      ...group[0]?.event.user,
      events: group.length,
      firstSeen: group.at(-1)?.event.time,
      lastSeen: group[0]?.event.time,
    }))
    .filter(({ id }) => (id ?? '').toLowerCase().includes(wanted))
    .sort((a, b) => b.events - a.events)
    .slice(0, Number(query.get('limit') ?? 50));
}

type Key = (kept: Kept) => readonly [key: string | null, label: string | null];

const KEYS: Readonly<Record<Exclude<SummaryBy, 'first-open'>, Key>> = {
  app: ({ event }) => [event.appId, event.appName],
  sheet: ({ event }) => [event.sheetId, event.sheetName],
  object: ({ event }) => [event.objectId, event.objectId],
  user: ({ event }) => [event.user?.id ?? null, event.user?.name ?? null],
  hour: ({ event }) => same(String(new Date(event.time).getUTCHours())),
  weekday: ({ event }) => same(String(new Date(event.time).getUTCDay() || 7)),
  day: ({ event }) => same(event.time.slice(0, 10)),
  eventType: ({ event }) => same(event.eventType),
};

const same = (key: string) => [key, key] as const;

const AMOUNTS: Readonly<Record<string, (row: TrailSummaryRow) => number>> = {
  views: ({ views }) => views,
  users: ({ users }) => users,
  time: ({ totalMs }) => totalMs,
};

export function summary(events: readonly Kept[], by: SummaryBy, limit: number, order = 'events'): TrailSummary {
  if (by === 'first-open') return { by, rows: firstOpens(events).slice(0, limit) };
  const keyOf = KEYS[by];
  const groups = Map.groupBy(
    events.filter((kept) => keyOf(kept)[0] !== null),
    (kept) => keyOf(kept)[0] ?? '',
  );
  const rows = [...groups].map(([key, group]) =>
    rowOf(key, group[0] === undefined ? key : (keyOf(group[0])[1] ?? key), group),
  );
  const amount = AMOUNTS[order] ?? (({ events }) => events);
  rows.sort((a, b) => (by === 'day' ? a.key.localeCompare(b.key) : amount(b) - amount(a) || b.events - a.events));
  return { by, rows: rows.slice(0, limit) };
}

function rowOf(key: string, label: string, group: readonly Kept[]): TrailSummaryRow {
  const durations = group
    .map(({ event }) => event.durationMs)
    .filter((duration) => duration !== null)
    .sort((a, b) => a - b);
  return {
    key,
    label,
    user: null,
    firstAt: group.at(-1)?.event.time ?? null,
    events: group.length,
    views: durations.length,
    users: new Set(group.map(({ event }) => event.user?.id)).size,
    totalMs: durations.reduce((sum, duration) => sum + duration, 0),
    medianMs: durations[Math.floor(durations.length / 2)] ?? null,
  };
}

function firstOpens(events: readonly Kept[]): TrailSummaryRow[] {
  const opens = events.filter(({ event }) => event.user !== null && event.appId !== null);
  const groups = Map.groupBy(opens, ({ event }) => `${event.user?.id}\n${event.appId}`);
  return [...groups.values()]
    .map((group) => {
      const first = group.at(-1)?.event;
      return { ...rowOf(first?.appId ?? '', first?.appName ?? '', group), user: first?.user ?? null };
    })
    .sort((a, b) => (b.firstAt ?? '').localeCompare(a.firstAt ?? ''));
}

const STEPS_MS = [1, 5, 15, 60, 180, 360, 720, 1440, 10_080].map((minutes) => minutes * 60_000);

export function histogram(events: readonly Kept[], query: URLSearchParams, nowMs: number): TrailHistogram {
  const from = timeOf(query.get('from'), events.at(-1)?.timeMs ?? nowMs);
  const to = timeOf(query.get('to'), nowMs);
  const wanted = Number(query.get('buckets') ?? 60);
  const bucketMs = STEPS_MS.find((step) => (to - from) / step <= wanted) ?? 2_592_000_000;
  const groups = Map.groupBy(events, ({ timeMs }) => Math.floor(timeMs / bucketMs) * bucketMs);
  return {
    from: new Date(from).toISOString(),
    to: new Date(to).toISOString(),
    bucketMs,
    buckets: [...groups]
      .sort(([a], [b]) => a - b)
      .map(([at, group]) => ({ at: new Date(at).toISOString(), events: group.length })),
    total: events.length,
  };
}

export function suggestions(events: readonly Kept[], text: string): readonly TrailSuggestion[] {
  const wanted = text.trim().toLowerCase();
  if (wanted === '') return [];
  const byId = events.filter(({ event }) => lower(event.eventId).startsWith(wanted)).slice(0, 3);
  const byTxn = new Set(
    events
      .filter(({ event }) => lower(event.selectionTxnId).startsWith(wanted))
      .map(({ event }) => event.selectionTxnId),
  );
  return [
    ...byId.map((kept) => ({
      kind: 'event' as const,
      value: kept.event.eventId,
      label: sentenceOf(kept),
      events: null,
    })),
    ...[...byTxn]
      .slice(0, 3)
      .map((id) => ({ kind: 'transaction' as const, value: id ?? '', label: `Transaction ${id}`, events: null })),
    ...named(events, wanted, 'user'),
    ...named(events, wanted, 'app'),
    ...named(events, wanted, 'sheet'),
    ...named(events, wanted, 'eventType'),
  ];
}

function named(
  events: readonly Kept[],
  wanted: string,
  kind: 'user' | 'app' | 'sheet' | 'eventType',
): TrailSuggestion[] {
  return summary(events, kind, 1000)
    .rows.filter(({ label, key }) => label.toLowerCase().includes(wanted) || key.toLowerCase().startsWith(wanted))
    .slice(0, 4)
    .map(({ key, label, events: count }) => ({ kind, value: key, label, events: count }));
}
