import { nextUtcDay } from '../../domain/epoch-millis.ts';
import type { CodedError } from '../../domain/errors.ts';
import type { Clock } from '../../pipeline/ports/clock.ts';
import type { PreparedFile } from '../../pipeline/ports/cursor-store.ts';
import type { DailyMergeState, DailyMerges, PublishedPart, WaitingDay } from '../../pipeline/ports/daily-merges.ts';
import { numberOf, optional, textOf, timeOf } from './cells.ts';
import type { Row, SqliteFile } from './sqlite-file.ts';

/** `SqliteCursorStore` calls `keepPart` and `openDay` in transactions of its own. */
export class SqliteDailyMerges implements DailyMerges {
  readonly #file: SqliteFile;
  readonly #clock: Clock;

  constructor(file: SqliteFile, clock: Clock) {
    this.#file = file;
    this.#clock = clock;
  }

  remember(destination: string, today: string): void {
    this.#file.transaction(() => {
      const begun = 'SELECT 1 AS found FROM parts WHERE destination = ? AND day = ?';
      const isUntouched = this.#file.get(() => true, begun, destination, today) === undefined;
      this.#file.run(
        'INSERT INTO daily_merges (destination, first_day) VALUES (?, ?) ON CONFLICT (destination) DO NOTHING',
        ...[destination, isUntouched ? today : nextUtcDay(today)],
      );
    });
  }

  forget(destination: string): void {
    this.#file.transaction(() => {
      if (this.#file.run('DELETE FROM daily_merges WHERE destination = ?', destination) === 0) return;
      this.#file.run('DELETE FROM daily_parts WHERE destination = ?', destination);
      // a closed day stays closed: its file may be there
      this.#file.run(
        `UPDATE daily_files SET state = 'given-up', temporary_path = NULL, path = NULL, sha256 = NULL
         WHERE destination = ? AND state = 'waiting'`,
        destination,
      );
    });
  }

  closeDaysBefore(destination: string, today: string): void {
    this.#file.transaction(() =>
      this.#file.run(
        `INSERT INTO daily_files (destination, day, state, closed_at)
         SELECT DISTINCT p.destination, p.day, 'waiting', ? FROM daily_parts p WHERE p.destination = ? AND p.day < ?
           AND NOT EXISTS (SELECT 1 FROM daily_files f WHERE f.destination = p.destination AND f.day = p.day)
           AND NOT EXISTS (SELECT 1 FROM attempts a JOIN destinations d ON d.name = a.destination
                           WHERE d.parts_of = p.destination AND a.day = p.day)`,
        ...[this.#clock.now(), destination, today],
      ),
    );
  }

  state(destination: string): DailyMergeState | undefined {
    return this.#file.snapshot(() => {
      const firstDay = this.#file.get(
        (row) => textOf(row, 'first_day'),
        'SELECT first_day FROM daily_merges WHERE destination = ?',
        destination,
      );
      if (firstDay === undefined) return undefined;
      const waiting = this.#file.all(
        waitingDayOf,
        "SELECT * FROM daily_files WHERE destination = ? AND state = 'waiting' ORDER BY day",
        destination,
      );
      const merged = this.#file.get(
        (row) => optional('lastMergedDay', row, 'day', textOf),
        "SELECT max(day) AS day FROM daily_files WHERE destination = ? AND state = 'merged'",
        destination,
      );
      const givenUp = this.#file.all(
        (row) => textOf(row, 'day'),
        "SELECT day FROM daily_files WHERE destination = ? AND state = 'given-up' ORDER BY day DESC LIMIT 10",
        destination,
      );
      return { firstDay, ...merged, waiting, givenUp };
    });
  }

  parts(destination: string, day: string): readonly PublishedPart[] {
    return this.#file.all(
      partOf,
      'SELECT * FROM daily_parts WHERE destination = ? AND day = ? ORDER BY part',
      destination,
      day,
    );
  }

  prepare(destination: string, day: string, file: PreparedFile | undefined): void {
    const { temporaryPath = null, path = null, sha256 = null } = file ?? {};
    this.#update('temporary_path = ?, path = ?, sha256 = ?', temporaryPath, path, sha256, destination, day);
  }

  recordFailure(destination: string, day: string, { code, message }: CodedError): void {
    const set = 'error_code = ?, error_message = ?, error_at = ?';
    this.#update(set, code, message, this.#clock.now(), destination, day);
  }

  finish(destination: string, day: string, outcome: 'merged' | 'given-up'): void {
    this.#file.transaction(() => {
      this.#file.run('UPDATE daily_files SET state = ? WHERE destination = ? AND day = ?', outcome, destination, day);
      this.#file.run('DELETE FROM daily_parts WHERE destination = ? AND day = ?', destination, day);
    });
  }

  /** What this destination's open attempt has prepared, if its parts are remembered. Within the caller's transaction. */
  keepPart(destination: string, isCertain: boolean): void {
    this.#file.run(
      `INSERT OR REPLACE INTO daily_parts (destination, day, part, path, sha256, is_certain)
       SELECT d.parts_of, a.day, a.part, a.path, a.sha256, ? FROM attempts a JOIN destinations d ON d.name = a.destination
       JOIN daily_merges m ON m.destination = d.parts_of
       WHERE a.destination = ? AND a.path IS NOT NULL AND a.day >= m.first_day`,
      ...[isCertain ? 1 : 0, destination],
    );
  }

  /** `day`, or the first one after it that is not closed: a clock was set back. Within the caller's transaction. */
  openDay(partsOf: string, day: string): string {
    const sql = 'SELECT 1 AS found FROM daily_files WHERE destination = ? AND day = ?';
    const isClosed = this.#file.get(() => true, sql, partsOf, day) ?? false;
    return isClosed ? this.openDay(partsOf, nextUtcDay(day)) : day;
  }

  #update(set: string, ...cells: readonly (string | number | null)[]): void {
    this.#file.transaction(() =>
      this.#file.run(`UPDATE daily_files SET ${set} WHERE destination = ? AND day = ? AND state = 'waiting'`, ...cells),
    );
  }
}

function partOf(row: Row): PublishedPart {
  return {
    day: textOf(row, 'day'),
    part: numberOf(row, 'part'),
    path: textOf(row, 'path'),
    sha256: textOf(row, 'sha256'),
    isCertain: numberOf(row, 'is_certain') === 1,
  };
}

function waitingDayOf(row: Row): WaitingDay {
  return {
    day: textOf(row, 'day'),
    closedAt: timeOf(row, 'closed_at'),
    ...optional('prepared', row, 'path', () => ({
      temporaryPath: textOf(row, 'temporary_path'),
      path: textOf(row, 'path'),
      sha256: textOf(row, 'sha256'),
    })),
    ...optional('lastError', row, 'error_code', () => ({
      code: textOf(row, 'error_code'),
      message: textOf(row, 'error_message'),
      at: timeOf(row, 'error_at'),
    })),
  };
}
