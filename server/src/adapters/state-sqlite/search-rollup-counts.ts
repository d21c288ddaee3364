import { setImmediate } from 'node:timers/promises';
import type { TrailCountBy } from '../../pipeline/ports/trail-index.ts';
import type { LimitedFilter } from '../../pipeline/trail/limited-filter.ts';
import { numberOf } from './cells.ts';
import type { CountGroups, Group } from './search-count-groups.ts';
import { appIds, eventTypeIds, userIds } from './search-match.ts';
import { NONE, ROLLUP_DIMENSIONS, type RollupDimension } from './search-tables.ts';
import { weekdayOf } from './search-tokens.ts';
import type { Row, SqliteFile } from './sqlite-file.ts';
import { viewersOf } from './viewer-sets.ts';

const DAY_MS = 86_400_000;
const DAYS_AT_ONCE = 3;

/** Whole days since 1970, both ends included. */
export interface DayRange {
  readonly first: number;
  readonly last: number;
}

const EVERY_DAY: DayRange = { first: -100_000_000, last: 100_000_000 };

const DIMENSIONS: Readonly<Record<TrailCountBy, RollupDimension>> = {
  app: ROLLUP_DIMENSIONS.eventType,
  day: ROLLUP_DIMENSIONS.eventType,
  weekday: ROLLUP_DIMENSIONS.eventType,
  eventType: ROLLUP_DIMENSIONS.eventType,
  hour: ROLLUP_DIMENSIONS.hour,
  sheet: ROLLUP_DIMENSIONS.sheet,
  object: ROLLUP_DIMENSIONS.object,
  user: ROLLUP_DIMENSIONS.user,
  'first-open': ROLLUP_DIMENSIONS.user,
};

/** Filters by app always; by event type or user where the rollup has them; anything else needs the events. */
export function canUseRollups(filter: LimitedFilter, by: TrailCountBy | 'histogram'): boolean {
  const { user, sheetId, objectId, eventType, selectionTxnId, correlationId, hour, weekday, q, withHidden } = filter;
  const other = [sheetId, objectId, selectionTxnId, correlationId, hour, weekday];
  if (other.some(({ length }) => length > 0) || q !== '' || withHidden) return false;
  if (by === 'histogram') return user.length === 0 && eventType.length === 0;
  if (user.length > 0 && DIMENSIONS[by] !== ROLLUP_DIMENSIONS.user) return false;
  // hidden types are not in the rollups
  if (eventType.some((type) => type.startsWith('server.') || type.endsWith('*'))) return false;
  return eventType.length === 0 || DIMENSIONS[by] === ROLLUP_DIMENSIONS.eventType;
}

/** Else `users` are those who were ever seen there and did anything in the time: never too few. */
export function hasExactUsers({ from, to, eventType }: LimitedFilter, by: TrailCountBy): boolean {
  const hasTimes = from !== undefined || to !== undefined;
  switch (by) {
    case 'user':
    case 'first-open':
      return true;
    case 'app':
      return eventType.length === 0 || !hasTimes;
    case 'day':
    case 'weekday':
      return eventType.length === 0;
    default:
      return !hasTimes;
  }
}

/** Counts from the sums per day: how many events there are does not matter, only how many days. */
export class RollupCounts {
  readonly #file: SqliteFile;
  readonly #filter: LimitedFilter;

  constructor(file: SqliteFile, filter: LimitedFilter) {
    this.#file = file;
    this.#filter = filter;
  }

  async add(groups: CountGroups, by: TrailCountBy, days: DayRange | undefined): Promise<void> {
    const dimension = DIMENSIONS[by];
    const [where, cells] = this.#where(dimension);
    const read = (row: Row) => this.#addRow(groups, by, row);
    const needsDays = by === 'day' || by === 'weekday';
    for (const { first, last } of this.#slices(dimension, days)) {
      const sql = `SELECT ${needsDays ? 'day' : '0 AS day'}, id, app, sum(events) AS events,
        sum(views) AS views, sum(total_ms) AS total_ms, min(first_time) AS first_time, max(last_time) AS last_time
        FROM rollups WHERE dim = ? AND day BETWEEN ? AND ? ${where} GROUP BY 1, id, app`;
      this.#file.all(read, sql, dimension, first, last, ...cells);
      await setImmediate();
    }
    await this.#addUsers(groups, by, days);
  }

  /** Events per hour; the whole hours of the filter's apps. */
  async hours(firstHour: number, lastHour: number): Promise<ReadonlyMap<number, number>> {
    const [where, cells] = this.#where(ROLLUP_DIMENSIONS.hour);
    const counts = new Map<number, number>();
    const days = { first: Math.floor(firstHour / 24), last: Math.floor(lastHour / 24) };
    for (const { first, last } of this.#slices(ROLLUP_DIMENSIONS.hour, days)) {
      const sql = `SELECT day * 24 + id AS hour, sum(events) AS events FROM rollups
        WHERE dim = ? AND day BETWEEN ? AND ? ${where} GROUP BY 1`;
      this.#file.all(
        (row) => counts.set(numberOf(row, 'hour'), numberOf(row, 'events')),
        sql,
        ...[ROLLUP_DIMENSIONS.hour, first, last, ...cells],
      );
      await setImmediate();
    }
    return counts;
  }

  #addRow(groups: CountGroups, by: TrailCountBy, row: Row): void {
    const [id, app, day] = [numberOf(row, 'id'), numberOf(row, 'app'), numberOf(row, 'day')];
    const key =
      by === 'app' || by === 'first-open' ? app : by === 'day' ? day : by === 'weekday' ? weekdayOf(day * DAY_MS) : id;
    if (key === NONE && by !== 'hour' && by !== 'day') return;
    if (by === 'first-open' && id === NONE) return;
    const ofUsers = by === 'user' || by === 'first-open';
    const person = ofUsers ? groups.person(id) : NONE;
    const group = groups.group(by === 'user' ? person : key, by === 'first-open' ? person : null);
    const number = (column: string) => numberOf(row, column);
    groups.addSums(
      group,
      number('events'),
      number('views'),
      number('total_ms'),
      number('first_time'),
      number('last_time'),
    );
    if (ofUsers) group.users.add(person);
  }

  /**
   * Per app and day from the rollup of users; elsewhere from who was ever seen there, of those who did anything in these
   * days: never too few.
   */
  async #addUsers(groups: CountGroups, by: TrailCountBy, days: DayRange | undefined): Promise<void> {
    if (by === 'user' || by === 'first-open') return;
    if (by === 'app' || by === 'day' || by === 'weekday') {
      const [where, cells] = this.#where(ROLLUP_DIMENSIONS.user);
      const ofTypes = this.#usersOfTypes();
      for (const { first, last } of this.#slices(ROLLUP_DIMENSIONS.user, days)) {
        const sql = `SELECT DISTINCT ${by === 'app' ? 'app' : 'day'} AS key, app, id FROM rollups
          WHERE dim = ? AND day BETWEEN ? AND ? AND id <> ${NONE} ${where}`;
        const add = (row: Row) => {
          const [key, app, id] = [numberOf(row, 'key'), numberOf(row, 'app'), numberOf(row, 'id')];
          if (ofTypes !== undefined && ofTypes.get(app)?.has(id) !== true) return;
          this.#known(groups, by === 'weekday' ? weekdayOf(key * DAY_MS) : key)?.users.add(groups.person(id));
        };
        this.#file.all(add, sql, ROLLUP_DIMENSIONS.user, first, last, ...cells);
        await setImmediate();
      }
      return;
    }
    const [where, cells] = this.#where(DIMENSIONS[by]);
    const seen = days === undefined ? undefined : await this.#usersOf(days);
    const sql = `SELECT id, users FROM viewers WHERE dim = ? ${where}`;
    this.#file.all(
      (row) => {
        const users = this.#known(groups, numberOf(row, 'id'))?.users;
        if (users === undefined) return;
        for (const user of viewersOf(row.users)) {
          if (seen === undefined || seen.has(user)) users.add(groups.person(user));
        }
      },
      sql,
      ...[DIMENSIONS[by], ...cells],
    );
  }

  /** Per app who was ever seen with a type of the filter, which the rollup of users does not know. Undefined: any type. */
  #usersOfTypes(): ReadonlyMap<number, ReadonlySet<number>> | undefined {
    if (this.#filter.eventType.length === 0) return undefined;
    const [where, cells] = this.#where(ROLLUP_DIMENSIONS.eventType);
    const found = new Map<number, Set<number>>();
    const add = (row: Row) => {
      const app = numberOf(row, 'app');
      const users = found.get(app) ?? new Set<number>();
      for (const user of viewersOf(row.users)) users.add(user);
      found.set(app, users);
    };
    this.#file.all(add, `SELECT app, users FROM viewers WHERE dim = ? ${where}`, ROLLUP_DIMENSIONS.eventType, ...cells);
    return found;
  }

  /** Who did anything in these days, in the filter's apps. */
  async #usersOf(days: DayRange): Promise<ReadonlySet<number>> {
    const [where, cells] = this.#where(ROLLUP_DIMENSIONS.user);
    const users = new Set<number>();
    for (const { first, last } of this.#slices(ROLLUP_DIMENSIONS.user, days)) {
      const sql = `SELECT DISTINCT id FROM rollups WHERE dim = ? AND day BETWEEN ? AND ? ${where}`;
      this.#file.all((row) => users.add(numberOf(row, 'id')), sql, ROLLUP_DIMENSIONS.user, first, last, ...cells);
      await setImmediate();
    }
    return users;
  }

  /** A few days each that have events, so that nobody waits for all of them, and clocks that are far off cost nothing. */
  #slices(dimension: RollupDimension, { first, last }: DayRange = EVERY_DAY): readonly DayRange[] {
    const sql = 'SELECT min(day) AS day FROM rollups WHERE dim = ? AND day > ?';
    const days: number[] = [];
    for (let day: number | null = first - 1; ; ) {
      day = this.#file.get((row) => (row.day === null ? null : numberOf(row, 'day')), sql, dimension, day) ?? null;
      if (day === null || day > last) break;
      days.push(day);
    }
    const slices: DayRange[] = [];
    for (let i = 0; i < days.length; i += DAYS_AT_ONCE) {
      slices.push({ first: days[i] ?? 0, last: days[Math.min(i + DAYS_AT_ONCE, days.length) - 1] ?? 0 });
    }
    return slices;
  }

  #known(groups: CountGroups, key: number): Group | undefined {
    const group = groups.group(key);
    return group.events === 0 ? undefined : group;
  }

  #where(dimension: RollupDimension): readonly [sql: string, cells: readonly string[]] {
    const { onlyApps, appId, eventType, user } = this.#filter;
    const lists: [column: string, ids: readonly number[]][] = [];
    if (onlyApps !== null) lists.push(['app', appIds(this.#file, onlyApps)]);
    if (appId.length > 0) lists.push(['app', appIds(this.#file, appId)]);
    if (eventType.length > 0 && dimension === ROLLUP_DIMENSIONS.eventType) {
      lists.push(['id', eventType.flatMap((type) => eventTypeIds(this.#file, type))]);
    }
    if (user.length > 0) lists.push(['id', user.flatMap((name) => userIds(this.#file, name))]);
    const sql = lists.map(([column]) => `AND ${column} IN (SELECT value FROM json_each(?))`).join(' ');
    return [sql, lists.map(([, ids]) => JSON.stringify(ids))];
  }
}
