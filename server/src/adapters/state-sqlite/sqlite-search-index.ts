import { setImmediate } from 'node:timers/promises';
import type { Sequence } from '../../domain/sequence.ts';
import type { SearchBatch, SearchEntry, SearchIndex } from '../../pipeline/ports/search-index.ts';
import { numberOf } from './cells.ts';
import { RebuildableFile, type RebuildableOptions } from './rebuildable-file.ts';
import { forgetRollupsBefore, RollupBatch } from './search-rollups.ts';
import {
  FLAGS,
  KEY_SEQUENCE_BITS,
  LAST_KEY_TIME,
  MOST_COUNTED_MS,
  SEARCH_SCHEMA,
  TEXT_KINDS,
} from './search-tables.ts';
import { dayOf, TextTokenCache, type TextTokens, tokensOf } from './search-tokens.ts';
import type { Cell, SqliteFile } from './sqlite-file.ts';
import { storedText, TextDictionary } from './text-dictionary.ts';
import { ViewerSets } from './viewer-sets.ts';

const CACHE_KIB = 8 * 1024;
const SEQUENCE_MASK = 2 ** KEY_SEQUENCE_BITS - 1;
/** Parameters 1 and 2: time and sequence. */
const KEY = `(?1 << ${KEY_SEQUENCE_BITS}) | (?2 & ${SEQUENCE_MASK})`;
const INSERT_EVENT = `INSERT INTO events VALUES (${KEY}, ?2, ${Array.from({ length: 16 }, (_, i) => `?${i + 3}`).join(', ')})
  ON CONFLICT (key) DO NOTHING`;
const INSERT_TOKENS = `INSERT INTO postings (rowid, tokens) VALUES (${KEY}, ?3)`;
const INSERT_PICTURE = 'INSERT OR REPLACE INTO pictures VALUES (?, ?, ?, ?, ?)';
const INSERT_WORD = 'INSERT OR IGNORE INTO words VALUES (?)';
const FORGOTTEN_AT_ONCE = 1000;

/** `search.sqlite`, written by the search indexer alone. */
export class SqliteSearchIndex implements SearchIndex {
  readonly #rebuildable: RebuildableFile;
  readonly #texts = new TextDictionary();
  readonly #tokens = new TextTokenCache();
  readonly #viewers = new ViewerSets();

  constructor(options: Omit<RebuildableOptions, 'cacheKib'>) {
    this.#rebuildable = new RebuildableFile(SEARCH_SCHEMA, { ...options, cacheKib: CACHE_KIB });
  }

  position(): Sequence {
    return this.#rebuildable.position();
  }

  lastDigest(): string | undefined {
    return this.#rebuildable.lastDigest();
  }

  record(batch: SearchBatch): void {
    const { file } = this.#rebuildable;
    try {
      file.transaction(() => {
        const rollups = new RollupBatch();
        // terms come in the order of keys: another order would begin a new segment of the term index each time
        const entries = [...batch.entries].sort((a, b) => keyTime(a) - keyTime(b) || slotOf(a) - slotOf(b));
        for (const entry of entries) this.#insert(file, entry, rollups);
        for (const { subject, sequence, status, reason, files } of batch.pictures) {
          file.run(INSERT_PICTURE, subject, sequence, status, reason, files);
        }
        rollups.write(file);
        this.#viewers.write(file);
        this.#rebuildable.moveTo(batch.position, batch.lastDigest);
      });
    } catch (thrown) {
      this.#forgetCached();
      throw thrown;
    }
  }

  async forgetBefore(firstRetained: Sequence): Promise<void> {
    const { file } = this.#rebuildable;
    for (let left = 1; left > 0; ) {
      file.transaction(() => {
        const old = 'SELECT key FROM events WHERE seq < ? ORDER BY seq LIMIT ?';
        file.run(`DELETE FROM postings WHERE rowid IN (${old})`, firstRetained, FORGOTTEN_AT_ONCE);
        left = file.run(`DELETE FROM events WHERE key IN (${old})`, firstRetained, FORGOTTEN_AT_ONCE);
      });
      await setImmediate();
    }
    file.transaction(() => file.run('DELETE FROM pictures WHERE subject < ?', firstRetained));
    const oldest = file.get((row) => numberOf(row, 'time'), 'SELECT time FROM events ORDER BY key LIMIT 1');
    if (oldest !== undefined) await forgetRollupsBefore(() => this.#rebuildable.file, dayOf(oldest));
  }

  startOver(reason: 'damaged' | 'other log' | 'reindex'): void {
    this.#forgetCached();
    this.#rebuildable.startOver(reason);
  }

  close(): void {
    this.#rebuildable.close();
  }

  #insert(file: SqliteFile, entry: SearchEntry, rollups: RollupBatch): void {
    const text = (kind: keyof typeof TEXT_KINDS, value: string | null) =>
      this.#texts.idOf(file, TEXT_KINDS[kind], value);
    // texts get their numbers in this order
    const eventType = text('eventType', entry.eventType) ?? 0;
    const user = text('user', entry.userId);
    const app = text('app', entry.appId);
    const appName = text('appName', entry.appName);
    const sheet = text('sheet', entry.sheetId);
    const sheetName = text('sheetName', entry.sheetName);
    const object = text('object', entry.objectId);
    const objectType = text('objectType', entry.objectType);
    const cells = [
      ...[entry.sequence, entry.time, entry.receivedAt, flagsOf(entry), eventType],
      ...[user, app, appName, sheet, sheetName, object, objectType],
      ...[storedOrNull(entry.selectionTxnId), storedOrNull(entry.correlationId)],
      ...[entry.durationMs, entry.selections, storedEventId(entry.eventId)],
    ];
    // events of one millisecond whose sequences are a multiple of 2^20 apart would have one key: the later one moves on
    let time = keyTime(entry);
    const insert = file.statement(INSERT_EVENT);
    while (insert.run(time, ...cells).changes === 0) time++;
    const texts = this.#tokens.of(entry);
    const ids = [eventType, user, app, appName, sheet, sheetName, object];
    file.statement(INSERT_TOKENS).run(time, entry.sequence, tokensOf(entry, ids, texts));
    this.#addWords(file, texts);
    if (entry.isHidden) return;
    const durationMs = entry.durationMs === null ? null : countableMs(entry.durationMs);
    const counted = { time: entry.time, eventType, user, app, sheet, object, durationMs };
    rollups.add(counted);
    this.#viewers.add(file, counted);
  }

  #addWords(file: SqliteFile, texts: readonly TextTokens[]): void {
    for (const text of texts) {
      if (text.isStored) continue;
      text.isStored = true;
      for (const word of text.words) file.statement(INSERT_WORD).run(word);
    }
  }

  #forgetCached(): void {
    this.#texts.forget();
    this.#tokens.forget();
    this.#viewers.forget();
  }
}

function keyTime({ time }: SearchEntry): number {
  return Math.min(LAST_KEY_TIME, Math.max(0, time));
}

function slotOf({ sequence }: SearchEntry): number {
  return sequence & SEQUENCE_MASK;
}

function flagsOf(entry: SearchEntry): number {
  return (
    (entry.origin === 'server' ? FLAGS.server : 0) |
    (entry.isConflict ? FLAGS.conflict : 0) |
    (entry.isHidden ? FLAGS.hidden : 0) |
    (entry.awaitsPicture ? FLAGS.awaitsPicture : 0) |
    (entry.visible === null ? 0 : FLAGS.hasVisible) |
    (entry.visible === true ? FLAGS.visible : 0)
  );
}

function storedOrNull(id: string | null): Cell {
  return id === null ? null : storedText(id);
}

/** In the spelling in which it was sent. */
function storedEventId(id: string): Cell {
  return id === id.toLowerCase() ? storedText(id) : id;
}

/** As queries count it that go from event to event. */
function countableMs(durationMs: bigint): number {
  return Math.min(Math.max(Number(durationMs), 0), MOST_COUNTED_MS);
}
