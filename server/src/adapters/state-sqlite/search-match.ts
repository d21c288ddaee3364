import { CodedError } from '../../domain/errors.ts';
import { isUuid } from '../../domain/event-id.ts';
import { searchWords } from '../../domain/search-words.ts';
import { parseUserIdentity, userKey } from '../../domain/user-identity.ts';
import type { LimitedFilter } from '../../pipeline/trail/limited-filter.ts';
import { sequenceOf, textOf } from './cells.ts';
import { FLAGS, KEY_SEQUENCE_BITS, LAST_KEY_TIME, TEXT_KINDS, type TextKind } from './search-tables.ts';
import {
  beginningToken,
  HIDDEN_TOKEN,
  hourToken,
  textToken,
  transactionKey,
  weekdayToken,
  wordToken,
} from './search-tokens.ts';
import type { SqliteFile } from './sqlite-file.ts';
import { storedText, textOfStored } from './text-dictionary.ts';

/** A filter as an expression over `postings`. */
export interface SearchMatch {
  /** Null: everything that is not hidden. */
  readonly expression: string | null;
  readonly fromKey: bigint;
  /** Exclusive. */
  readonly toKey: bigint;
}

/** Nobody types as many; each is a list to go through. */
const MAX_WORDS = 32;
/** More words than these begin so: the query would visit as many lists. */
const MAX_COMPLETIONS = 1500;
const FIRST_KEY = 0n;
const END_KEY = BigInt(LAST_KEY_TIME + 1) << BigInt(KEY_SEQUENCE_BITS);

/**
 * @returns undefined when nothing can match: a value that no event has
 * @throws CodedError TRAIL_QUERY_TOO_BROAD
 */
export function searchMatch(file: SqliteFile, filter: LimitedFilter): SearchMatch | undefined {
  const groups = [...limitGroups(file, filter), ...filterGroups(file, filter), ...queryGroups(file, filter.q)].map(
    (terms) => [...new Set(terms)],
  );
  // a clock that is far off is found at either end, rather than nowhere
  const fromKey = filter.from === undefined ? FIRST_KEY : keyAt(Math.min(LAST_KEY_TIME, filter.from));
  const toKey = filter.to === undefined ? END_KEY : keyAt(Math.max(1, filter.to));
  if (groups.some((terms) => terms.length === 0) || fromKey >= toKey) return undefined;
  if (groups.length === 0) return { expression: null, fromKey, toKey };
  const all = groups.map((terms) => `(${terms.map((term) => `"${term}"`).join(' OR ')})`).join(' AND ');
  return { expression: showsHidden(filter) ? all : `(${all}) NOT "${HIDDEN_TOKEN}"`, fromKey, toKey };
}

/** Columns of matching `events e` in the order of time; the last parameter is how many. */
export function selection(
  { expression, fromKey, toKey }: SearchMatch,
  columns: string,
  order: string,
): readonly [sql: string, cells: readonly (string | bigint)[]] {
  if (expression === null) {
    const hidden = `e.flags & ${FLAGS.hidden} = 0`;
    const sql = `SELECT ${columns} FROM events e WHERE e.key >= ? AND e.key < ? AND ${hidden} ORDER BY e.key ${order} LIMIT ?`;
    return [sql, [fromKey, toKey]];
  }
  const sql = `SELECT ${columns} FROM postings p CROSS JOIN events e ON e.key = p.rowid
    WHERE p.postings MATCH ? AND p.rowid >= ? AND p.rowid < ? ORDER BY p.rowid ${order} LIMIT ?`;
  return [sql, [expression, fromKey, toKey]];
}

/** The lowest key of events at this time or later. */
export function keyAt(time: number): bigint {
  return BigInt(Math.min(LAST_KEY_TIME + 1, Math.max(0, Math.ceil(time)))) << BigInt(KEY_SEQUENCE_BITS);
}

function showsHidden({ eventType, withHidden }: LimitedFilter): boolean {
  return withHidden || eventType.length > 0;
}

/** Numbers of the dictionary. */
export function appIds(file: SqliteFile, apps: readonly string[]): readonly number[] {
  return apps.flatMap((app) => textIds(file, TEXT_KINDS.app, app));
}

/** Numbers of everybody who is called so, in any letter case; of an identity with its directory, all notations of it. */
export function userIds(file: SqliteFile, name: string): readonly number[] {
  if (parseUserIdentity(name).directory !== null) return samePerson(file, name);
  const sql = 'SELECT id FROM user_names WHERE name = ?';
  return file.all((row) => sequenceOf(row, 'id'), sql, name.toLowerCase());
}

/** All notations of one identity, and nobody else's. */
export function samePerson(file: SqliteFile, identity: string): readonly number[] {
  const { directory, user } = parseUserIdentity(identity);
  const name = directory === null ? (user ?? identity) : `${directory}\\${user}`;
  const sql = `SELECT DISTINCT n.id, t.text FROM user_names n CROSS JOIN texts t ON t.id = n.id WHERE n.name IN (?, ?)`;
  const key = userKey(textOfStored(storedText(identity)));
  return file
    .all(
      (row): [number, string] => [sequenceOf(row, 'id'), textOfStored(row.text)],
      sql,
      identity.toLowerCase(),
      name.toLowerCase(),
    )
    .filter(([, text]) => userKey(text) === key)
    .map(([id]) => id);
}

/** The same; `event.*` stands for all types that begin so. */
export function eventTypeIds(file: SqliteFile, type: string): readonly number[] {
  if (!type.endsWith('*')) return textIds(file, TEXT_KINDS.eventType, type);
  const begins = type.slice(0, -1);
  return file
    .all(
      (row): [number, string] => [sequenceOf(row, 'id'), textOf(row, 'text')],
      'SELECT id, text FROM texts WHERE kind = ?',
      TEXT_KINDS.eventType,
    )
    .filter(([, text]) => text.startsWith(begins))
    .map(([id]) => id);
}

function limitGroups(file: SqliteFile, { onlyApps }: LimitedFilter): readonly (readonly string[])[] {
  return onlyApps === null ? [] : [appIds(file, onlyApps).map(textToken)];
}

function filterGroups(file: SqliteFile, filter: LimitedFilter): readonly (readonly string[])[] {
  const group = <T>(values: readonly T[], terms: (value: T) => readonly string[]) =>
    values.length === 0 ? [] : [values.flatMap(terms)];
  const texts = (kind: TextKind) => (value: string) => textIds(file, kind, value).map(textToken);
  return [
    ...group(filter.user, (user) => userIds(file, user).map(textToken)),
    ...group(filter.appId, texts(TEXT_KINDS.app)),
    ...group(filter.sheetId, texts(TEXT_KINDS.sheet)),
    ...group(filter.objectId, texts(TEXT_KINDS.object)),
    ...group(filter.eventType, (type) => eventTypeIds(file, type).map(textToken)),
    ...group(filter.selectionTxnId, (id) => [`b${transactionKey(id)}`, `x${transactionKey(id)}`]),
    ...group(filter.correlationId, (id) => [`b${transactionKey(id)}`, `c${transactionKey(id)}`]),
    ...group(filter.hour, (hour) => [hourToken(hour)]),
    ...group(filter.weekday, (weekday) => [weekdayToken(weekday)]),
  ];
}

/** What stands between blanks is an id as a whole, or words: `anna.öberg` is two. All must occur. */
function queryGroups(file: SqliteFile, q: string): readonly (readonly string[])[] {
  const pieces = [...new Set(q.split(/\s+/u).filter((piece) => piece !== ''))];
  const groups = pieces.flatMap((piece) => {
    const ids = idTerms(file, piece);
    const words = searchWords(piece);
    if (words.length <= 1) return [[...ids, ...words.flatMap((word) => wordTerms(file, word))]];
    return isId(file, ids, piece) ? [ids] : words.map((word) => wordTerms(file, word));
  });
  if (groups.length <= MAX_WORDS) return groups;
  throw new CodedError('TRAIL_QUERY_TOO_BROAD', `These are more than ${MAX_WORDS} words. Leave some out.`);
}

/** As an id of an app, a sheet, an object, or of what ties events together. */
function idTerms(file: SqliteFile, id: string): readonly string[] {
  const key = transactionKey(id);
  const ids = ID_KINDS.flatMap((kind) => textIds(file, kind, id)).map(textToken);
  return [...ids, `b${key}`, `x${key}`, `c${key}`];
}

/** Of several words: does some event have it as an id? */
function isId(file: SqliteFile, terms: readonly string[], id: string): boolean {
  if (isUuid(id)) return true;
  const expression = terms.map((term) => `"${term}"`).join(' OR ');
  return file.get(() => true, 'SELECT 1 FROM postings WHERE postings MATCH ? LIMIT 1', expression) ?? false;
}

const ID_KINDS: readonly TextKind[] = [TEXT_KINDS.app, TEXT_KINDS.sheet, TEXT_KINDS.object];

/** Terms of the words that begin with `word`. */
function wordTerms(file: SqliteFile, word: string): readonly string[] {
  if ([...word].length <= 2) return [beginningToken(word)];
  const sql = 'SELECT word FROM words WHERE word >= ? AND word < ? LIMIT ?';
  const end = `${word}\u{10ffff}`;
  const found = file.all((row) => textOf(row, 'word'), sql, word, end, MAX_COMPLETIONS + 1);
  if (found.length > MAX_COMPLETIONS) {
    throw new CodedError(
      'TRAIL_QUERY_TOO_BROAD',
      `More than ${MAX_COMPLETIONS} words begin with "${word}". Type one more letter.`,
    );
  }
  return found.map(wordToken);
}

function textIds(file: SqliteFile, kind: TextKind, text: string): readonly number[] {
  const sql = 'SELECT id FROM texts WHERE kind = ? AND text = ?';
  return file.all((row) => sequenceOf(row, 'id'), sql, kind, storedText(text));
}
