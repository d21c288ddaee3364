/** What is looked for, as it stands in the address of the page. Pure: the same for tests and browsers. */

export const LIST_NAMES = [
  'user',
  'appId',
  'sheetId',
  'objectId',
  'eventType',
  'selectionTxnId',
  'correlationId',
  'hour',
  'weekday',
] as const;

export type ListName = (typeof LIST_NAMES)[number];

export const PRESETS = ['1h', '24h', '7d', '30d', '90d', '1y'] as const;
export type Preset = (typeof PRESETS)[number];

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const PRESET_MS: Readonly<Record<Preset, number>> = {
  '1h': HOUR_MS,
  '24h': DAY_MS,
  '7d': 7 * DAY_MS,
  '30d': 30 * DAY_MS,
  '90d': 90 * DAY_MS,
  '1y': 365 * DAY_MS,
};

export type Range =
  | { readonly kind: 'all' }
  | { readonly kind: 'last'; readonly preset: Preset }
  /** ISO 8601 in UTC; `from` inclusive, `to` exclusive; null: open. */
  | { readonly kind: 'between'; readonly from: string | null; readonly to: string | null };

export interface Filter {
  readonly q: string;
  readonly range: Range;
  readonly lists: Readonly<Partial<Record<ListName, readonly string[]>>>;
}

export const ALL_TIME: Range = { kind: 'all' };
export const NO_FILTER: Filter = { q: '', range: ALL_TIME, lists: {} };

/** Reads an address; what it does not understand it leaves out. */
export function filterFromQuery(query: URLSearchParams): Filter {
  const lists: Partial<Record<ListName, readonly string[]>> = {};
  for (const name of LIST_NAMES) {
    const values = [...new Set(query.getAll(name))].filter((value) => value !== '');
    if (values.length > 0) lists[name] = values;
  }
  return { q: (query.get('q') ?? '').trim(), range: rangeFromQuery(query), lists };
}

function rangeFromQuery(query: URLSearchParams): Range {
  const preset = PRESETS.find((one) => one === query.get('range'));
  if (preset !== undefined) return { kind: 'last', preset };
  const from = isoOrNull(query.get('from'));
  const to = isoOrNull(query.get('to'));
  return from === null && to === null ? ALL_TIME : { kind: 'between', from, to };
}

function isoOrNull(text: string | null): string | null {
  const time = text === null ? Number.NaN : Date.parse(text);
  return Number.isNaN(time) ? null : new Date(time).toISOString();
}

/** The same filter gives the same text, so that it can be a key. */
export function filterToQuery(filter: Filter): URLSearchParams {
  const query = new URLSearchParams();
  if (filter.q !== '') query.set('q', filter.q);
  const { range } = filter;
  if (range.kind === 'last') query.set('range', range.preset);
  if (range.kind === 'between') {
    if (range.from !== null) query.set('from', range.from);
    if (range.to !== null) query.set('to', range.to);
  }
  appendLists(filter, query);
  return query;
}

/** What the API is asked: times instead of presets. */
export function filterToApi(filter: Filter, nowMs: number): URLSearchParams {
  const query = new URLSearchParams();
  const { from, to } = boundsOf(filter.range, nowMs);
  if (from !== null) query.set('from', from);
  if (to !== null) query.set('to', to);
  if (filter.q !== '') query.set('q', filter.q);
  appendLists(filter, query);
  return query;
}

function appendLists(filter: Filter, query: URLSearchParams): void {
  for (const name of LIST_NAMES) for (const value of filter.lists[name] ?? []) query.append(name, value);
}

export function boundsOf(range: Range, nowMs: number): { readonly from: string | null; readonly to: string | null } {
  if (range.kind === 'between') return range;
  if (range.kind === 'all') return { from: null, to: null };
  return { from: new Date(nowMs - PRESET_MS[range.preset]).toISOString(), to: null };
}

export function isEmpty(filter: Filter): boolean {
  return filterToQuery(filter).size === 0;
}

export function withValue(filter: Filter, name: ListName, value: string): Filter {
  const values = filter.lists[name] ?? [];
  return values.includes(value) ? filter : { ...filter, lists: { ...filter.lists, [name]: [...values, value] } };
}

export function withoutValue(filter: Filter, name: ListName, value: string): Filter {
  const { [name]: values = [], ...others } = filter.lists;
  const left = values.filter((one) => one !== value);
  return { ...filter, lists: left.length === 0 ? others : { ...others, [name]: left } };
}
