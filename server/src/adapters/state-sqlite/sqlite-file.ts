import { closeSync, existsSync, openSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from 'node:sqlite';
import { CodedError, ERROR_CATALOGUE, type ErrorCode, messageOf } from '../../domain/errors.ts';
import { restrictToOwner } from '../shared/private-folder.ts';

export type Row = Readonly<Record<string, SQLOutputValue>>;
export type Cell = SQLInputValue;

export interface SqliteOptions {
  /** FULL: a commit is on disk when it returns. NORMAL: consistent after a crash, the last commits may be gone. */
  readonly synchronous: 'FULL' | 'NORMAL';
  /** How long a statement waits for another process or thread that writes. */
  readonly busyTimeoutMs?: number;
  readonly cacheKib?: number;
  /** How large the `-wal` file grows before its pages are written to their places. */
  readonly checkpointPages?: number;
  /** Pages of the file that are kept free, so that small commits find room on a full disk (rule 8). Default 0. */
  readonly sparePages?: number;
  /** Thrown for whatever SQLite reports, and for a file that is not a sound database. */
  readonly failed: ErrorCode;
  readonly damaged: ErrorCode;
}

// primary result codes of SQLite
const CORRUPT = 11;
const FULL = 13;
const NOT_A_DATABASE = 26;

const BUSY_TIMEOUT_MS = 5000;

/** One connection in WAL mode: cached statements, transactions that roll back on a throw, errors with our codes. */
export class SqliteFile {
  readonly path: string;
  readonly #options: SqliteOptions;
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(path: string, options: SqliteOptions) {
    this.path = path;
    this.#options = options;
    this.#database = this.#coded(() => {
      createPrivateFile(path);
      const database = new DatabaseSync(path, { timeout: options.busyTimeoutMs ?? BUSY_TIMEOUT_MS });
      try {
        database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${options.synchronous}`);
        database.exec(`PRAGMA cache_size = -${options.cacheKib ?? 2048}; PRAGMA temp_store = MEMORY`);
        database.exec(`PRAGMA wal_autocheckpoint = ${options.checkpointPages ?? 1000}`);
        // a file cut short shows here
        database.prepare('SELECT count(*) FROM sqlite_schema').get();
        return database;
      } catch (thrown) {
        database.close();
        throw thrown;
      }
    });
  }

  /**
   * Makes the file and its `-wal` larger than they need be: on a full disk both are written within what they have. With
   * too little space now, it stays as it is.
   */
  keepSparePages(): void {
    const { sparePages = 0 } = this.#options;
    const free = this.#database.prepare('PRAGMA freelist_count').get()?.freelist_count;
    if (typeof free !== 'number' || free >= sparePages) return;
    const bytes = 4096 * 2 * sparePages;
    try {
      this.#within('BEGIN IMMEDIATE', () => {
        this.#database.exec(
          `CREATE TABLE spare (x BLOB); INSERT INTO spare VALUES (zeroblob(${bytes})); DROP TABLE spare`,
        );
      });
      this.#database.exec('PRAGMA wal_checkpoint(PASSIVE)');
    } catch {
      // the disk is full already, or somebody else writes: the next start tries again
    }
  }

  exec(sql: string): void {
    this.#coded(() => this.#database.exec(sql));
  }

  /** @returns the number of rows changed */
  run(sql: string, ...cells: readonly Cell[]): number {
    return this.#coded(() => Number(this.statement(sql).run(...cells).changes));
  }

  /** @returns the rowid of the row inserted */
  insert(sql: string, ...cells: readonly Cell[]): number {
    return this.#coded(() => Number(this.statement(sql).run(...cells).lastInsertRowid));
  }

  get<T>(read: (row: Row) => T, sql: string, ...cells: readonly Cell[]): T | undefined {
    const row = this.#coded(() => this.statement(sql).get(...cells));
    return row === undefined ? undefined : read(row);
  }

  all<T>(read: (row: Row) => T, sql: string, ...cells: readonly Cell[]): T[] {
    return this.#coded(() => this.statement(sql).all(...cells)).map(read);
  }

  /** Prepared once. Its errors are coded only inside `transaction`. */
  statement(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const prepared = this.#database.prepare(sql);
    this.#statements.set(sql, prepared);
    return prepared;
  }

  /**
   * Takes the write lock at once, so that what `work` reads cannot change before it writes. Nothing stays of a throw. On a
   * full disk of a file with spare pages `work` is done a second time.
   */
  transaction<T>(work: () => T): T {
    try {
      return this.#within('BEGIN IMMEDIATE', work);
    } catch (thrown) {
      if (!this.#makeRoom(thrown)) throw thrown;
      return this.#within('BEGIN IMMEDIATE', work);
    }
  }

  /** The `-wal` begins from its start again, within the space that it has. @returns false: nothing to be gained */
  #makeRoom(thrown: unknown): boolean {
    const isFull = thrown instanceof CodedError && thrown.context.sqlite === FULL;
    if (!isFull || this.#options.sparePages === undefined) return false;
    return this.#database.prepare('PRAGMA wal_checkpoint(RESTART)').get()?.busy === 0;
  }

  /** All that `work` reads is of one moment; it holds nobody up. */
  snapshot<T>(work: () => T): T {
    return this.#within('BEGIN', work);
  }

  /** May be called twice. */
  close(): void {
    this.#statements.clear();
    if (this.#database.isOpen) this.#database.close();
  }

  #within<T>(begin: string, work: () => T): T {
    return this.#coded(() => {
      this.#database.exec(begin);
      try {
        const result = work();
        this.#database.exec('COMMIT');
        return result;
      } catch (thrown) {
        // some failures, a full disk say, have rolled back by themselves
        if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
        throw thrown;
      }
    });
  }

  #coded<T>(work: () => T): T {
    try {
      return work();
    } catch (thrown) {
      throw thrown instanceof CodedError ? thrown : this.#codedError(thrown);
    }
  }

  #codedError(thrown: unknown): unknown {
    const resultCode = resultCodeOf(thrown);
    if (resultCode === undefined && !(thrown instanceof Error && 'syscall' in thrown)) return thrown;
    const isDamaged = resultCode === CORRUPT || resultCode === NOT_A_DATABASE;
    const code = isDamaged ? this.#options.damaged : this.#options.failed;
    const advice = code === 'STATE_DATABASE_DAMAGED' ? `. ${ERROR_CATALOGUE[code].action}` : '';
    const message = `${this.path}: ${messageOf(thrown)}${advice}`;
    return new CodedError(code, message, { path: this.path, sqlite: resultCode }, thrown);
  }
}

/** The primary result code; undefined for what does not come from SQLite. */
function resultCodeOf(thrown: unknown): number | undefined {
  const code = thrown instanceof Error && 'errcode' in thrown ? thrown.errcode : undefined;
  return typeof code === 'number' ? code & 0xff : undefined;
}

/** Its `-wal` and `-shm` files inherit the permissions. */
export function createPrivateFile(path: string): void {
  if (existsSync(path)) return;
  closeSync(openSync(path, 'a', 0o600));
  restrictToOwner(path, 'file');
}
