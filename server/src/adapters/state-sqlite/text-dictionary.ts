import { isUuid } from '../../domain/event-id.ts';
import { searchWords } from '../../domain/search-words.ts';
import { parseUserIdentity } from '../../domain/user-identity.ts';
import { sequenceOf } from './cells.ts';
import { TEXT_KINDS, type TextKind } from './search-tables.ts';
import type { SqliteFile } from './sqlite-file.ts';

/** Per kind; a kind that holds more begins anew. Most events repeat a few users, apps and sheets. */
const CACHED_TEXTS = 20_000;
const CACHED_LENGTH = 300;
/** So that a hostile name does not fill the dictionary; the log has all of it. */
const MAX_TEXT_LENGTH = 10_000;
/** What `names` finds. */
const NAMED_KINDS: readonly TextKind[] = [TEXT_KINDS.user, TEXT_KINDS.appName, TEXT_KINDS.sheetName];

/** Texts by number. Numbers are given in the order in which the log first has the texts, so a rebuild gives the same. */
export class TextDictionary {
  readonly #cache = new Map<TextKind, Map<string, number>>();

  /** Inside a transaction. */
  idOf(file: SqliteFile, kind: TextKind, text: string | null): number | null {
    if (text === null) return null;
    const known = this.#cache.get(kind)?.get(text);
    if (known !== undefined) return known;
    const id = storedId(file, kind, text);
    if (text.length <= CACHED_LENGTH) this.#remember(kind, text, id);
    return id;
  }

  /** After a transaction that was rolled back, what it added is not there. */
  forget(): void {
    this.#cache.clear();
  }

  #remember(kind: TextKind, text: string, id: number): void {
    const texts = this.#cache.get(kind);
    if (texts === undefined || texts.size >= CACHED_TEXTS) this.#cache.set(kind, new Map([[text, id]]));
    else texts.set(text, id);
  }
}

/** UUIDs as 16 bytes, found in any letter case; anything else as it is. */
export function storedText(text: string): string | Uint8Array {
  const isId: boolean = isUuid(text);
  return isId ? Buffer.from(text.replaceAll('-', ''), 'hex') : text.slice(0, MAX_TEXT_LENGTH).toWellFormed();
}

/** Of `storedText`. */
export function textOfStored(stored: unknown): string {
  if (!(stored instanceof Uint8Array)) return String(stored);
  const hex = Buffer.from(stored).toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** What a user is called in a filter: the identity as stored, its name, or `DIRECTORY\name`; in small letters. */
function userNames(identity: string): readonly string[] {
  const { directory, user } = parseUserIdentity(identity);
  const names = [identity, ...(user === null ? [] : [user]), ...(directory === null ? [] : [`${directory}\\${user}`])];
  return [...new Set(names.map((name) => name.toLowerCase()))];
}

function storedId(file: SqliteFile, kind: TextKind, text: string): number {
  const stored = storedText(text);
  const insert = 'INSERT INTO texts (kind, text) VALUES (?, ?) ON CONFLICT DO NOTHING';
  const { changes, lastInsertRowid } = file.statement(insert).run(kind, stored);
  if (changes === 1) {
    addNames(file, kind, text, Number(lastInsertRowid));
    return Number(lastInsertRowid);
  }
  const sql = 'SELECT id FROM texts WHERE kind = ? AND text = ?';
  return file.get((row) => sequenceOf(row, 'id'), sql, kind, stored) ?? 0;
}

function addNames(file: SqliteFile, kind: TextKind, text: string, id: number): void {
  if (!NAMED_KINDS.includes(kind)) return;
  file.statement('INSERT INTO names (rowid, words) VALUES (?, ?)').run(id, nameWords(kind, text).join(' '));
  if (kind !== TEXT_KINDS.user) return;
  const insert = file.statement('INSERT OR IGNORE INTO user_names VALUES (?, ?)');
  for (const name of userNames(text)) insert.run(name, id);
}

/** The words of a name; those of an identity without its keys, which every user has. */
export function nameWords(kind: TextKind, text: string): readonly string[] {
  if (kind !== TEXT_KINDS.user) return searchWords(text, MAX_WORDS);
  const { directory, user } = parseUserIdentity(text);
  return searchWords(`${directory ?? ''} ${user ?? ''}`, MAX_WORDS);
}

const MAX_WORDS = 60;
