import { statSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { type EpochMillis, epochMillis } from '../../domain/epoch-millis.ts';
import { CodedError } from '../../domain/errors.ts';
import { BEFORE_FIRST, type Sequence } from '../../domain/sequence.ts';
import type { SummaryOrder } from '../../domain/trail.ts';
import type {
  TrailCountBy,
  TrailCounts,
  TrailIndex,
  TrailKey,
  TrailName,
  TrailRow,
} from '../../pipeline/ports/trail-index.ts';
import type { LimitedFilter } from '../../pipeline/trail/limited-filter.ts';
import { numberOf, sequenceOf, textOf } from './cells.ts';
import { SearchCounts } from './search-counts.ts';
import { keyAt, type SearchMatch, searchMatch, selection } from './search-match.ts';
import { matchingNames } from './search-names.ts';
import { canUseRollups, RollupCounts } from './search-rollup-counts.ts';
import { ROW_COLUMNS, SearchRows } from './search-rows.ts';
import { FLAGS, SEARCH_SCHEMA, TEXT_KINDS } from './search-tables.ts';
import { type Row, SqliteFile } from './sqlite-file.ts';

const CACHE_KIB = 16 * 1024;
/** Of a few milliseconds each. */
const COUNTS_AT_ONCE = 8;
const SMALL_TABLE = 50_000;
const HOUR_MS = 3_600_000;

interface OpenIndex {
  readonly file: SqliteFile;
  readonly inode: bigint;
  /** Changes when the tables are made again: the numbers of texts may mean others then. */
  readonly schema: number | undefined;
  readonly rows: SearchRows;
}

/**
 * `search.sqlite` as the trail reads it: a connection of its own, so that it may live in any thread. Follows the file
 * when it is replaced.
 */
export class SqliteTrailIndex implements TrailIndex {
  readonly #path: string;
  readonly #smallTable: number;
  #open: OpenIndex | undefined;

  /** @param smallTable tables of fewer events are counted one by one, with exact medians */
  constructor(path: string, smallTable = SMALL_TABLE) {
    this.#path = path;
    this.#smallTable = smallTable;
  }

  position(): Sequence {
    return this.#file().get((row) => sequenceOf(row, 'position'), 'SELECT position FROM progress') ?? BEFORE_FIRST;
  }

  page(filter: LimitedFilter, before: TrailKey | undefined, limit: number): readonly TrailRow[] {
    const found = this.#matching(filter, before, limit);
    const named = this.#named(filter);
    if (named.length === 0) return found;
    const later = named.filter(({ key }) => before === undefined || BigInt(key) < BigInt(before));
    const all = new Map([...found, ...later].map((row) => [row.key, row]));
    return [...all.values()].sort(newestFirst).slice(0, limit);
  }

  rows(filter: LimitedFilter, sequences: readonly Sequence[]): readonly TrailRow[] {
    const match = searchMatch(this.#file(), filter);
    if (match === undefined) return [];
    const sql = `SELECT ${ROW_COLUMNS} FROM events e WHERE e.seq IN (SELECT value FROM json_each(?))`;
    const rows = this.#file().all(this.#reader(), sql, JSON.stringify(sequences));
    return this.#accepted(rows, match, filter).toSorted((a, b) => newestFirst(b, a));
  }

  after(filter: LimitedFilter, after: Sequence, limit: number) {
    const sql = `SELECT ${ROW_COLUMNS} FROM events e WHERE e.seq > ? ORDER BY e.seq LIMIT ?`;
    const position = this.position();
    const looked = this.#file().all(this.#reader(), sql, after, limit);
    const match = searchMatch(this.#file(), filter);
    const upTo = looked.length === limit ? (looked.at(-1)?.sequence ?? position) : position;
    return { rows: match === undefined ? [] : this.#accepted(looked, match, filter), upTo };
  }

  span(filter: LimitedFilter): { readonly first: EpochMillis; readonly last: EpochMillis } | undefined {
    const match = searchMatch(this.#file(), filter);
    const end = (order: string): readonly number[] => {
      if (match === undefined) return [];
      const [sql, cells] = selection(match, 'e.time', order);
      return this.#file().all((row) => numberOf(row, 'time'), sql, ...cells, 1);
    };
    const times = [...end('ASC'), ...end('DESC'), ...this.#named(filter).map(({ time }) => time)];
    if (times.length === 0) return undefined;
    return { first: epochMillis(Math.min(...times)), last: epochMillis(Math.max(...times)) };
  }

  async histogram(filter: LimitedFilter, starts: readonly EpochMillis[], end: EpochMillis): Promise<readonly number[]> {
    const hours = await this.#hours(filter, starts[0] ?? end, end);
    const named = this.#named(filter);
    const counts: number[] = [];
    for (const [i, start] of starts.entries()) {
      if (i % COUNTS_AT_ONCE === COUNTS_AT_ONCE - 1) await setImmediate();
      const next = starts[i + 1] ?? end;
      const others = named.filter(({ time }) => time >= start && time < next).length;
      counts.push(this.#countBetween(filter, start, next, hours) + others);
    }
    return counts;
  }

  counts(filter: LimitedFilter, by: TrailCountBy, limit: number, order?: SummaryOrder): Promise<TrailCounts> {
    const { file, rows } = this.#opened();
    const named = (asked: LimitedFilter) => this.#named(asked).map(({ key }) => key);
    return new SearchCounts(file, rows, this.#smallTable, named).counts(filter, by, limit, order);
  }

  names(
    filter: LimitedFilter,
    words: readonly string[],
    kinds: readonly TrailName['kind'][],
    limit: number,
  ): readonly TrailName[] {
    const { file, rows } = this.#opened();
    return matchingNames(file, rows, filter, { words, kinds, limit });
  }

  eventTypes(filter: LimitedFilter): readonly string[] {
    const sql = 'SELECT text FROM texts WHERE kind = ? ORDER BY id LIMIT 500';
    const types = this.#file().all((row) => textOf(row, 'text'), sql, TEXT_KINDS.eventType);
    return types.filter((type) => this.page({ ...filter, eventType: [type] }, undefined, 1).length > 0);
  }

  close(): void {
    this.#open?.file.close();
    this.#open = undefined;
  }

  /** What was typed is the id of an event, too: those that the words of `q` do not find. */
  #named(filter: LimitedFilter): readonly TrailRow[] {
    const { q, sequences } = filter;
    if (q === '' || sequences.length === 0) return [];
    const rows = this.rows({ ...filter, q: '' }, sequences as readonly Sequence[]);
    const match = searchMatch(this.#file(), filter);
    const found = new Set(match === undefined ? [] : this.#accepted(rows, match, filter).map(({ key }) => key));
    return rows.filter(({ key }) => !found.has(key));
  }

  #matching(filter: LimitedFilter, before: TrailKey | undefined, limit: number): readonly TrailRow[] {
    const match = searchMatch(this.#file(), filter);
    if (match === undefined) return [];
    const toKey = before === undefined || BigInt(before) > match.toKey ? match.toKey : BigInt(before);
    const [sql, cells] = selection({ ...match, toKey }, ROW_COLUMNS, 'DESC');
    return this.#file().all(this.#reader(), sql, ...cells, limit);
  }

  /** Of these rows, those that match: the same expression decides for lists and for single rows. */
  #accepted(rows: readonly TrailRow[], match: SearchMatch, filter: LimitedFilter): readonly TrailRow[] {
    const { expression, fromKey, toKey } = match;
    const inTime = rows.filter(({ key }) => BigInt(key) >= fromKey && BigInt(key) < toKey);
    if (expression === null) return inTime.filter(({ isHidden }) => filter.withHidden || !isHidden);
    const sql = 'SELECT 1 FROM postings WHERE postings MATCH ? AND rowid = ?';
    return inTime.filter(({ key }) => this.#file().get(() => true, sql, expression, BigInt(key)) === true);
  }

  /** Sums of whole hours, where they tell what the filter asks. */
  async #hours(filter: LimitedFilter, from: number, to: number): Promise<ReadonlyMap<number, number> | undefined> {
    if (!canUseRollups(filter, 'histogram') || to - from < 2 * HOUR_MS) return undefined;
    return new RollupCounts(this.#file(), filter).hours(Math.floor(from / HOUR_MS), Math.floor(to / HOUR_MS));
  }

  /** Whole hours from the sums, what remains at either end from the events. */
  #countBetween(
    filter: LimitedFilter,
    start: number,
    end: number,
    hours: ReadonlyMap<number, number> | undefined,
  ): number {
    const from = Math.max(start, filter.from ?? start);
    const to = Math.min(end, filter.to ?? end);
    const first = Math.ceil(from / HOUR_MS);
    const last = Math.floor(to / HOUR_MS);
    if (hours === undefined || first >= last) return this.#count(filter, keyAt(from), keyAt(to));
    let count = 0;
    for (let hour = first; hour < last; hour++) count += hours.get(hour) ?? 0;
    if (from < first * HOUR_MS) count += this.#count(filter, keyAt(from), keyAt(first * HOUR_MS));
    if (last * HOUR_MS < to) count += this.#count(filter, keyAt(last * HOUR_MS), keyAt(to));
    return count;
  }

  #count(filter: LimitedFilter, fromKey: bigint, toKey: bigint): number {
    const match = searchMatch(this.#file(), filter);
    if (match === undefined) return 0;
    const from = fromKey > match.fromKey ? fromKey : match.fromKey;
    const to = toKey < match.toKey ? toKey : match.toKey;
    if (from >= to) return 0;
    const count = (row: Row) => numberOf(row, 'events');
    if (match.expression === null) {
      const sql = `SELECT count(*) AS events FROM events e WHERE e.key >= ? AND e.key < ? AND e.flags & ${FLAGS.hidden} = 0`;
      return this.#file().get(count, sql, from, to) ?? 0;
    }
    const sql = 'SELECT count(*) AS events FROM postings WHERE postings MATCH ? AND rowid >= ? AND rowid < ?';
    return this.#file().get(count, sql, match.expression, from, to) ?? 0;
  }

  #reader(): (row: Row) => TrailRow {
    const { rows } = this.#opened();
    return (row) => rows.read(row);
  }

  #file(): SqliteFile {
    return this.#opened().file;
  }

  #opened(): OpenIndex {
    const inode = statSync(this.#path, { bigint: true, throwIfNoEntry: false })?.ino;
    if (inode === undefined) throw rebuilding();
    const known = this.#open;
    if (known?.inode === inode && known.schema === schemaOf(known.file)) return known;
    this.close();
    const options = { synchronous: 'NORMAL', failed: 'INDEX_REBUILDING', damaged: 'INDEX_REBUILDING' } as const;
    const file = new SqliteFile(this.#path, { ...options, cacheKib: CACHE_KIB });
    const version = file.get((row) => numberOf(row, 'user_version'), 'PRAGMA user_version');
    if (version !== SEARCH_SCHEMA.version) {
      file.close();
      throw rebuilding();
    }
    this.#open = { file, inode, schema: schemaOf(file), rows: new SearchRows(file) };
    return this.#open;
  }
}

function schemaOf(file: SqliteFile): number | undefined {
  return file.get((row) => numberOf(row, 'schema_version'), 'PRAGMA schema_version');
}

function newestFirst(a: TrailRow, b: TrailRow): number {
  const [x, y] = [BigInt(a.key), BigInt(b.key)];
  return x < y ? 1 : x > y ? -1 : 0;
}

function rebuilding(): CodedError {
  return new CodedError('INDEX_REBUILDING', 'The search table is being built from the log. Try again in a moment.');
}
