import { setImmediate } from 'node:timers/promises';
import { epochMillis } from '../../domain/epoch-millis.ts';
import type { SummaryOrder } from '../../domain/trail.ts';
import type { TrailCount, TrailCountBy, TrailCounts, TrailKey } from '../../pipeline/ports/trail-index.ts';
import type { LimitedFilter } from '../../pipeline/trail/limited-filter.ts';
import { numberOf, textOf } from './cells.ts';
import { type CountedRow, CountGroups, type Group, medianOf } from './search-count-groups.ts';
import { keyAt, type SearchMatch, samePerson, searchMatch, selection } from './search-match.ts';
import { canUseRollups, hasExactUsers, RollupCounts } from './search-rollup-counts.ts';
import type { SearchRows } from './search-rows.ts';
import { MOST_COUNTED_MS } from './search-tables.ts';
import { DURATION_TOKEN, hourToken, textToken, weekdayToken } from './search-tokens.ts';
import type { Row, SqliteFile } from './sqlite-file.ts';

/** Rows that are counted one by one; more than that are counted per day where that can be, else the newest of them. */
const MAX_ROWS = 200_000;
const ROWS_AT_ONCE = 2000;
/** A median is that of the newest so many views. */
const MEDIAN_VIEWS = 2000;
const DAY_MS = 86_400_000;

const COUNTED_MS = `min(max(e.duration_ms, 0), ${MOST_COUNTED_MS})`;
const COLUMNS = `CAST(e.key AS TEXT) AS key, e.time, e.event_type, e.user, e.app, e.sheet, e.object,
  ${COUNTED_MS} AS duration_ms`;
const IN_ORDER: readonly TrailCountBy[] = ['hour', 'weekday', 'day'];

/** Sums of what matches a filter, in pieces between which others run. */
export class SearchCounts {
  readonly #file: SqliteFile;
  readonly #rows: SearchRows;
  readonly #smallTable: number;
  readonly #named: (filter: LimitedFilter) => readonly TrailKey[];

  /** @param named what a filter finds besides, by the id of an event */
  constructor(
    file: SqliteFile,
    rows: SearchRows,
    smallTable: number,
    named: (filter: LimitedFilter) => readonly TrailKey[],
  ) {
    this.#smallTable = smallTable;
    this.#named = named;
    this.#file = file;
    this.#rows = rows;
  }

  async counts(
    filter: LimitedFilter,
    by: TrailCountBy,
    limit: number,
    order: SummaryOrder = 'events',
  ): Promise<TrailCounts> {
    const groups = new CountGroups(by, (user) => this.#rows.text(user));
    // who opened an app for the first time in May can only be told from all times
    const counted = by === 'first-open' ? withoutTimes(filter) : filter;
    const match = searchMatch(this.#file, counted);
    if (match === undefined) return NOTHING;
    const usesRollups = canUseRollups(counted, by) && !this.#isSmall();
    const isPartial = usesRollups ? await this.#sumUp(counted, match, by, groups) : await this.#scan(match, groups);
    const named = this.#named(counted);
    for (const key of named) this.#addNamed(key, groups);
    // an app has its name also where no word of `q` finds the event
    const naming = named.length === 0 ? match : (searchMatch(this.#file, { ...counted, q: '' }) ?? match);
    const within = by === 'first-open' ? isWithin(filter) : () => true;
    const shown = sorted(groups.groups, by, order).filter(within).slice(0, limit);
    const rows: TrailCount[] = [];
    for (const group of shown) {
      rows.push(this.#countOf(group, by, naming));
      if (rows.length % 10 === 0) await setImmediate();
    }
    return {
      rows,
      isPartial,
      hasApproximateMedians: shown.some(({ durations, views }) => durations === undefined && views > MEDIAN_VIEWS),
      hasApproximateUsers: usesRollups && !hasExactUsers(counted, by),
    };
  }

  #isSmall(): boolean {
    const sql = 'SELECT count(*) AS events FROM (SELECT 1 FROM events LIMIT ?)';
    return (this.#file.get((row) => numberOf(row, 'events'), sql, this.#smallTable) ?? 0) < this.#smallTable;
  }

  /** Whole days from the sums per day, what the filter's ends cut off from the events. @returns is something missing? */
  async #sumUp(filter: LimitedFilter, match: SearchMatch, by: TrailCountBy, groups: CountGroups): Promise<boolean> {
    const rollups = new RollupCounts(this.#file, filter);
    const { from, to } = filter;
    if (from === undefined && to === undefined) {
      await rollups.add(groups, by, undefined);
      return false;
    }
    const first = from === undefined ? -LAST_DAY : Math.ceil(from / DAY_MS);
    const last = to === undefined ? LAST_DAY : Math.floor(to / DAY_MS) - 1;
    if (last < first) return this.#scan(match, groups);
    await rollups.add(groups, by, { first, last });
    const before = from === undefined ? false : await this.#scan({ ...match, toKey: keyAt(first * DAY_MS) }, groups);
    const after =
      to === undefined ? false : await this.#scan({ ...match, fromKey: keyAt((last + 1) * DAY_MS) }, groups);
    return before || after;
  }

  async #scan(match: SearchMatch, groups: CountGroups): Promise<boolean> {
    let { toKey } = match;
    for (let left = MAX_ROWS; left > 0; left -= ROWS_AT_ONCE) {
      const [sql, cells] = selection({ ...match, toKey }, COLUMNS, 'DESC');
      const rows = this.#file.all((row) => row, sql, ...cells, ROWS_AT_ONCE);
      for (const row of rows) groups.addRow(countedRow(row));
      const last = rows.at(-1);
      if (last === undefined || rows.length < ROWS_AT_ONCE) return false;
      toKey = BigInt(textOf(last, 'key'));
      await setImmediate();
    }
    return true;
  }

  #addNamed(key: TrailKey, groups: CountGroups): void {
    const sql = `SELECT ${COLUMNS} FROM events e WHERE e.key = ?`;
    const row = this.#file.get(countedRow, sql, BigInt(key));
    if (row !== undefined) groups.addRow(row);
  }

  #countOf(group: Group, by: TrailCountBy, match: SearchMatch): TrailCount {
    const { key, user, events, views, totalMs, durations } = group;
    const isText = !IN_ORDER.includes(by);
    return {
      key: isText ? this.#rows.text(key) : key,
      name: this.#nameOf(group, by, match),
      userId: this.#rows.text(user),
      events,
      views,
      users: usersOf(group),
      totalMs,
      medianMs: medianOf(durations ?? this.#newestDurations(group, by, match)),
      firstTime: epochMillis(group.firstTime),
      lastTime: epochMillis(group.lastTime),
    };
  }

  /** Of an app or a sheet, as its newest event has it. */
  #nameOf({ key }: Group, by: TrailCountBy, { expression, ...keys }: SearchMatch): string | null {
    const column = by === 'sheet' ? 'sheet_name' : by === 'app' || by === 'first-open' ? 'app_name' : undefined;
    if (column === undefined) return null;
    const narrowed = { ...keys, expression: both(expression, `"${textToken(key)}"`) };
    const [sql, cells] = selection(narrowed, `e.${column} AS name`, 'DESC');
    return this.#file.get((row) => this.#rows.text(row.name), sql, ...cells, 1) ?? null;
  }

  #newestDurations({ key }: Group, by: TrailCountBy, match: SearchMatch): readonly number[] {
    const { expression } = match;
    const isDay = by === 'day';
    const tokens =
      by === 'hour' ? [hourToken(key)] : by === 'weekday' ? [weekdayToken(key)] : this.#alike(key, by).map(textToken);
    const either = tokens.map((token) => `"${token}"`).join(' OR ');
    const narrowed: SearchMatch = {
      expression: both(expression, isDay ? `"${DURATION_TOKEN}"` : `(${either}) AND "${DURATION_TOKEN}"`),
      fromKey: isDay ? keyAt(key * DAY_MS) : match.fromKey,
      toKey: isDay ? keyAt((key + 1) * DAY_MS) : match.toKey,
    };
    const [sql, cells] = selection(narrowed, `${COUNTED_MS} AS ms`, 'DESC');
    return this.#file.all((row) => numberOf(row, 'ms'), sql, ...cells, MEDIAN_VIEWS);
  }

  /** What is counted together: a user has several notations. One that was cut in the dictionary is not found by its text. */
  #alike(key: number, by: TrailCountBy): readonly number[] {
    const identity = by === 'user' ? this.#rows.text(key) : null;
    return identity === null ? [key] : [key, ...samePerson(this.#file, identity)];
  }
}

const NOTHING: TrailCounts = {
  rows: [],
  isPartial: false,
  hasApproximateMedians: false,
  hasApproximateUsers: false,
};
const LAST_DAY = 100_000_000;

function both(expression: string | null, other: string): string {
  return expression === null ? other : `(${expression}) AND ${other}`;
}

function countedRow(row: Row): CountedRow {
  const number = (column: string) => (row[column] === null ? null : numberOf(row, column));
  return {
    time: numberOf(row, 'time'),
    eventType: numberOf(row, 'event_type'),
    user: number('user'),
    app: number('app'),
    sheet: number('sheet'),
    object: number('object'),
    durationMs: number('duration_ms'),
  };
}

function sorted(groups: readonly Group[], by: TrailCountBy, order: SummaryOrder): readonly Group[] {
  const counted = groups.filter(({ events }) => events > 0);
  if (by === 'first-open') return counted.toSorted((a, b) => b.firstTime - a.firstTime);
  if (IN_ORDER.includes(by)) return counted.toSorted((a, b) => a.key - b.key);
  const amount = AMOUNTS[order];
  return counted.toSorted((a, b) => amount(b) - amount(a) || b.events - a.events || a.key - b.key);
}

const AMOUNTS: Readonly<Record<SummaryOrder, (group: Group) => number>> = {
  events: ({ events }) => events,
  views: ({ views }) => views,
  users: usersOf,
  time: ({ totalMs }) => totalMs,
};

/** Those of a stretch of time may be more than did this in it. */
function usersOf({ users, events }: Group): number {
  return Math.min(users.size, events);
}

function isWithin({ from, to }: LimitedFilter): (group: Group) => boolean {
  return ({ firstTime }) => firstTime >= (from ?? -Number.MAX_VALUE) && firstTime < (to ?? Number.MAX_VALUE);
}

function withoutTimes({ from: _from, to: _to, ...filter }: LimitedFilter): LimitedFilter {
  return filter;
}
