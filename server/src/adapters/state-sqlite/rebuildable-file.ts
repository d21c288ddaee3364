import { renameSync, rmSync } from 'node:fs';
import { CodedError } from '../../domain/errors.ts';
import { BEFORE_FIRST, type Sequence } from '../../domain/sequence.ts';
import type { Logger } from '../../pipeline/ports/logger.ts';
import { whileInUseSync } from '../shared/file-in-use.ts';
import { numberOf, sequenceOf, textOf } from './cells.ts';
import { SqliteFile } from './sqlite-file.ts';

export interface RebuildableSchema {
  /** Raised with every change of `tables`; a file of another version is built again. */
  readonly version: number;
  /** CREATE statements. */
  readonly tables: string;
  readonly tableNames: readonly string[];
}

export interface RebuildableOptions {
  readonly path: string;
  /** A file built from another log is built again. */
  readonly logId: string;
  readonly logger: Logger;
  readonly cacheKib: number;
}

const CHECKPOINT_PAGES = 8000;
const PROGRESS = `CREATE TABLE progress (
  only INTEGER PRIMARY KEY CHECK (only = 0),
  log_id TEXT NOT NULL,
  position INTEGER NOT NULL,
  last_digest TEXT
) STRICT`;

/** All files of SQLite's that belong to `path`. */
const SUFFIXES = ['', '-wal', '-shm'];

/**
 * A database that follows from the log (rule 12): its position stands in it, changed by the transactions that change its
 * rows. A crash leaves the state of some earlier position, from which following goes on. Deleting the file loses nothing.
 */
export class RebuildableFile {
  readonly #options: RebuildableOptions;
  readonly #schema: RebuildableSchema;
  #file: SqliteFile;

  constructor(schema: RebuildableSchema, options: RebuildableOptions) {
    this.#schema = schema;
    this.#options = options;
    this.#file = this.#openOrReplace();
    const logId = this.#file.get((row) => textOf(row, 'log_id'), 'SELECT log_id FROM progress');
    if (logId !== options.logId) this.startOver('other log');
  }

  get file(): SqliteFile {
    return this.#file;
  }

  position(): Sequence {
    return this.#file.get((row) => sequenceOf(row, 'position'), 'SELECT position FROM progress') ?? BEFORE_FIRST;
  }

  lastDigest(): string | undefined {
    const sql = 'SELECT last_digest FROM progress';
    return this.#file.get((row) => (row.last_digest === null ? undefined : textOf(row, 'last_digest')), sql);
  }

  /** Inside the transaction that writes the rows up to there. */
  moveTo(position: Sequence, lastDigest: string | undefined): void {
    this.#file.run('UPDATE progress SET position = ?, last_digest = ?', position, lastDigest ?? null);
  }

  /** Empty, at position 0. Others may have the file open: its tables are emptied in place unless it cannot be read. */
  startOver(reason: 'damaged' | 'other log' | 'reindex'): void {
    const { path, logger } = this.#options;
    if (reason === 'damaged') {
      this.#file.close();
      this.#moveAside();
      this.#file = this.#open();
      return;
    }
    logger.info({ path, reason }, 'The tables are built again from the log.');
    this.#file.transaction(() => {
      for (const table of [...this.#schema.tableNames, 'progress']) this.#file.exec(`DROP TABLE IF EXISTS ${table}`);
      this.#create(this.#file);
    });
  }

  close(): void {
    this.#file.close();
  }

  #openOrReplace(): SqliteFile {
    try {
      return this.#open();
    } catch (thrown) {
      if (!(thrown instanceof CodedError) || thrown.code !== 'INDEX_DAMAGED') throw thrown;
      this.#moveAside();
      return this.#open();
    }
  }

  #open(): SqliteFile {
    const { path, cacheKib } = this.#options;
    const options = { synchronous: 'NORMAL', cacheKib, checkpointPages: CHECKPOINT_PAGES } as const;
    const file = new SqliteFile(path, { ...options, failed: 'STATE_DATABASE_FAILED', damaged: 'INDEX_DAMAGED' });
    try {
      const version = file.get((row) => numberOf(row, 'user_version'), 'PRAGMA user_version');
      if (version === this.#schema.version) return file;
      file.transaction(() => {
        const tables = file.all((row) => textOf(row, 'name'), `SELECT name FROM sqlite_schema WHERE type = 'table'`);
        // a virtual table takes its own tables along
        for (const table of tables) file.exec(`DROP TABLE IF EXISTS "${table}"`);
        this.#create(file);
      });
      return file;
    } catch (thrown) {
      file.close();
      throw thrown;
    }
  }

  #create(file: SqliteFile): void {
    file.exec(this.#schema.tables);
    file.exec(PROGRESS);
    file.run('INSERT INTO progress VALUES (0, ?, 0, NULL)', this.#options.logId);
    file.exec(`PRAGMA user_version = ${this.#schema.version}`);
  }

  /** The last damaged file is kept as evidence; an earlier one gives way. A crash in between leaves no file: empty. */
  #moveAside(): void {
    const { path, logger } = this.#options;
    for (const suffix of SUFFIXES) {
      rmSync(`${path}.damaged${suffix}`, { force: true });
      try {
        whileInUseSync(() => renameSync(path + suffix, `${path}.damaged${suffix}`));
      } catch (thrown) {
        if (!isMissing(thrown)) rmSync(path + suffix, { force: true });
      }
    }
    logger.warn({ path, kept: `${path}.damaged` }, 'A damaged table was moved aside and is built again from the log.');
  }
}

function isMissing(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT';
}
