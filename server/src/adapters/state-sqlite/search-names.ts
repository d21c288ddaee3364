import { parseUserIdentity, userKey } from '../../domain/user-identity.ts';
import type { TrailName } from '../../pipeline/ports/trail-index.ts';
import type { LimitedFilter } from '../../pipeline/trail/limited-filter.ts';
import { numberOf, sequenceOf } from './cells.ts';
import { searchMatch, userIds } from './search-match.ts';
import type { SearchRows } from './search-rows.ts';
import { FLAGS, TEXT_KINDS } from './search-tables.ts';
import { textToken } from './search-tokens.ts';
import type { Row, SqliteFile } from './sqlite-file.ts';

const CANDIDATES_AT_ONCE = 200;
/** Most of them may be of apps that the reader may not see. */
const MAX_CANDIDATES = 3000;
const KINDS = { user: TEXT_KINDS.user, app: TEXT_KINDS.appName, sheet: TEXT_KINDS.sheetName } as const;

interface Candidate {
  readonly id: number;
  readonly kind: number;
}

interface Wanted {
  readonly words: readonly string[];
  readonly kinds: readonly TrailName['kind'][];
  readonly limit: number;
}

/** What has these words, or beginnings of them; only names of events that the filter lets through. */
export function matchingNames(
  file: SqliteFile,
  rows: SearchRows,
  filter: LimitedFilter,
  { words, kinds, limit }: Wanted,
): readonly TrailName[] {
  if (words.length === 0) return [];
  const found: TrailName[] = [];
  const seen = new Set<string>();
  // whoever else begins so need not be looked for in the events
  const users = filter.user.length === 0 ? undefined : new Set(filter.user.flatMap((user) => userIds(file, user)));
  for (const candidate of candidates(file, words, kinds)) {
    if (found.length >= limit) break;
    if (candidate.kind === TEXT_KINDS.user && users?.has(candidate.id) === false) continue;
    const name = nameOf(file, rows, filter, candidate);
    if (name === undefined) continue;
    const place = `${name.kind} ${name.kind === 'user' ? userKey(name.value) : name.value}`;
    if (seen.has(place)) continue;
    seen.add(place);
    found.push(name);
  }
  return found;
}

function* candidates(
  file: SqliteFile,
  words: readonly string[],
  kinds: readonly TrailName['kind'][],
): Generator<Candidate> {
  const sql = `SELECT t.id, t.kind FROM names CROSS JOIN texts t ON t.id = names.rowid
    WHERE names MATCH ? AND names.rowid > ? AND t.kind IN (SELECT value FROM json_each(?)) ORDER BY names.rowid LIMIT ?`;
  const expression = words.map((word) => `"${word}"*`).join(' AND ');
  const wanted = JSON.stringify(kinds.map((kind) => KINDS[kind]));
  const read = (row: Row): Candidate => ({ id: sequenceOf(row, 'id'), kind: numberOf(row, 'kind') });
  for (let after = 0, left = MAX_CANDIDATES; left > 0; left -= CANDIDATES_AT_ONCE) {
    const some = file.all(read, sql, expression, after, wanted, CANDIDATES_AT_ONCE);
    yield* some;
    if (some.length < CANDIDATES_AT_ONCE) return;
    after = some.at(-1)?.id ?? after;
  }
}

/** From the newest event that has it. */
function nameOf(
  file: SqliteFile,
  rows: SearchRows,
  filter: LimitedFilter,
  { id, kind }: Candidate,
): TrailName | undefined {
  const match = searchMatch(file, filter);
  if (match === undefined) return undefined;
  const { expression, fromKey, toKey } = match;
  const token = `"${textToken(id)}"`;
  const all = expression === null ? token : `(${expression}) AND ${token}`;
  const sql = `SELECT e.app, e.sheet FROM postings p CROSS JOIN events e ON e.key = p.rowid
    WHERE p.postings MATCH ? AND p.rowid >= ? AND p.rowid < ? AND e.flags & ${FLAGS.hidden} = 0
    ORDER BY p.rowid DESC LIMIT 1`;
  return file.get(
    (row) => {
      const text = rows.text(id) ?? '';
      if (kind === TEXT_KINDS.user) return { kind: 'user', value: text, label: parseUserIdentity(text).user ?? text };
      const value = rows.text(kind === TEXT_KINDS.appName ? row.app : row.sheet);
      return value === null ? undefined : { kind: kind === TEXT_KINDS.appName ? 'app' : 'sheet', value, label: text };
    },
    sql,
    ...[all, fromKey, toKey],
  );
}
