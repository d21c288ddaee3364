import { isUuid } from '../../domain/event-id.ts';
import { sequenceOf } from './cells.ts';
import type { TextKind } from './search-tables.ts';
import type { SqliteFile } from './sqlite-file.ts';

/** Per kind; a kind that holds more begins anew. Most events repeat a few users, apps and sheets. */
const CACHED_TEXTS = 20_000;

/** Texts by number. Numbers are given in the order in which the log first has the texts, so a rebuild gives the same. */
export class TextDictionary {
  readonly #cache = new Map<TextKind, Map<string, number>>();

  /** Inside a transaction. */
  idOf(file: SqliteFile, kind: TextKind, text: string | null): number | null {
    if (text === null) return null;
    const known = this.#cache.get(kind)?.get(text);
    if (known !== undefined) return known;
    const id = storedId(file, kind, text);
    this.#remember(kind, text, id);
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
  return isUuid(text) ? Buffer.from(text.replaceAll('-', ''), 'hex') : text;
}

function storedId(file: SqliteFile, kind: TextKind, text: string): number {
  const stored = storedText(text);
  const insert = 'INSERT INTO texts (kind, text) VALUES (?, ?) ON CONFLICT DO NOTHING';
  const { changes, lastInsertRowid } = file.statement(insert).run(kind, stored);
  if (changes === 1) return Number(lastInsertRowid);
  const sql = 'SELECT id FROM texts WHERE kind = ? AND text = ?';
  return file.get((row) => sequenceOf(row, 'id'), sql, kind, stored) ?? 0;
}
