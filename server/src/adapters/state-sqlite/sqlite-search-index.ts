import type { Sequence } from '../../domain/sequence.ts';
import type { SearchBatch, SearchEntry, SearchIndex } from '../../pipeline/ports/search-index.ts';
import { RebuildableFile, type RebuildableOptions } from './rebuildable-file.ts';
import { SEARCH_SCHEMA, TEXT_KINDS } from './search-tables.ts';
import type { Cell, SqliteFile } from './sqlite-file.ts';
import { TextDictionary } from './text-dictionary.ts';

const CACHE_KIB = 8 * 1024;
const INSERT_EVENT = 'INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)';
const INSERT_PICTURE = 'INSERT OR REPLACE INTO pictures VALUES (?, ?, ?, ?, ?)';

/** `search.sqlite`, written by the search indexer alone. */
export class SqliteSearchIndex implements SearchIndex {
  readonly #rebuildable: RebuildableFile;
  readonly #texts = new TextDictionary();

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
        const insert = file.statement(INSERT_EVENT);
        for (const entry of batch.entries) insert.run(...this.#cellsOf(file, entry));
        for (const { subject, sequence, status, reason, paths } of batch.pictures) {
          file.run(INSERT_PICTURE, subject, sequence, status, reason, paths);
        }
        this.#rebuildable.moveTo(batch.position, batch.lastDigest);
      });
    } catch (thrown) {
      this.#texts.forget();
      throw thrown;
    }
  }

  forgetBefore(firstRetained: Sequence): void {
    const { file } = this.#rebuildable;
    file.transaction(() => {
      file.run('DELETE FROM events WHERE seq < ?', firstRetained);
      file.run('DELETE FROM pictures WHERE subject < ?', firstRetained);
    });
  }

  startOver(reason: 'damaged' | 'other log' | 'reindex'): void {
    this.#texts.forget();
    this.#rebuildable.startOver(reason);
  }

  close(): void {
    this.#rebuildable.close();
  }

  /** In the order of the columns; texts get their numbers in this order, too. */
  #cellsOf(file: SqliteFile, entry: SearchEntry): Cell[] {
    const text = (kind: keyof typeof TEXT_KINDS, value: string | null) =>
      this.#texts.idOf(file, TEXT_KINDS[kind], value);
    return [
      entry.sequence,
      entry.time,
      entry.receivedAt,
      entry.origin === 'server' ? 1 : 0,
      entry.isConflict ? 1 : 0,
      text('eventType', entry.eventType),
      text('user', entry.userId),
      text('app', entry.appId),
      text('appName', entry.appName),
      text('sheet', entry.sheetId),
      text('sheetName', entry.sheetName),
      text('object', entry.objectId),
      text('transaction', entry.selectionTxnId),
      text('transaction', entry.correlationId),
      entry.durationMs,
    ];
  }
}
