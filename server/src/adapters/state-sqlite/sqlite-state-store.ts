import { CodedError } from '../../domain/errors.ts';
import { sequence } from '../../domain/sequence.ts';
import type { Clock } from '../../pipeline/ports/clock.ts';
import type { SeenLog, StateStore } from '../../pipeline/ports/state-store.ts';
import { numberOf, textOf } from './cells.ts';
import { DURABLE_MIGRATIONS } from './durable-migrations.ts';
import { SqliteCursorStore } from './sqlite-cursor-store.ts';
import { SqliteDailyMerges } from './sqlite-daily-merges.ts';
import { SqliteDeadLetters } from './sqlite-dead-letters.ts';
import { SqliteDestinationStates } from './sqlite-destination-states.ts';
import { SqliteFile } from './sqlite-file.ts';
import { SqliteQlikSessions } from './sqlite-qlik-sessions.ts';
import { SqliteRequestQueue } from './sqlite-request-queue.ts';

/** For cursors, requests and dead letters of a few hours on a full disk: 256 KiB. */
const SPARE_PAGES = 64;

/**
 * `durable.sqlite`: what does not follow from the log (rule 15). Server and command line may have it open at once.
 * @throws CodedError STATE_DATABASE_FAILED, STATE_DATABASE_DAMAGED, STATE_DATABASE_NEWER
 */
export class SqliteStateStore implements StateStore {
  readonly cursors: SqliteCursorStore;
  readonly destinations: SqliteDestinationStates;
  readonly deadLetters: SqliteDeadLetters;
  readonly requests: SqliteRequestQueue;
  readonly qlikSessions: SqliteQlikSessions;
  readonly dailyMerges: SqliteDailyMerges;
  readonly #file: SqliteFile;

  constructor(path: string, clock: Clock) {
    this.#file = new SqliteFile(path, {
      synchronous: 'FULL',
      sparePages: SPARE_PAGES,
      failed: 'STATE_DATABASE_FAILED',
      damaged: 'STATE_DATABASE_DAMAGED',
    });
    try {
      migrate(this.#file);
      this.#file.keepSparePages();
    } catch (thrown) {
      this.#file.close();
      throw thrown;
    }
    this.deadLetters = new SqliteDeadLetters(this.#file, clock);
    this.dailyMerges = new SqliteDailyMerges(this.#file, clock);
    this.cursors = new SqliteCursorStore(this.#file, clock, this.deadLetters, this.dailyMerges);
    this.destinations = new SqliteDestinationStates(this.#file, clock, this.dailyMerges);
    this.requests = new SqliteRequestQueue(this.#file, clock);
    this.qlikSessions = new SqliteQlikSessions(this.#file);
  }

  seenLog(): SeenLog | undefined {
    const stored = this.#value('seen-log');
    if (stored === undefined) return undefined;
    const seen = JSON.parse(stored) as SeenLog;
    return { ...seen, head: sequence(seen.head) };
  }

  recordSeenLog(seen: SeenLog): void {
    this.#setValue('seen-log', JSON.stringify(seen));
  }

  endedInOrder(): boolean {
    return this.#value('ended-in-order') === 'true';
  }

  markEndedInOrder(inOrder: boolean): void {
    this.#setValue('ended-in-order', String(inOrder));
  }

  close(): void {
    this.#file.close();
  }

  #value(key: string): string | undefined {
    return this.#file.get((row) => textOf(row, 'value'), 'SELECT value FROM key_values WHERE key = ?', key);
  }

  #setValue(key: string, value: string): void {
    this.#file.transaction(() => this.#file.run('INSERT OR REPLACE INTO key_values VALUES (?, ?)', key, value));
  }
}

/** Two processes that open a new file at once: the second waits for the lock and finds nothing left to do. */
function migrate(file: SqliteFile): void {
  const version = () => file.get((row) => numberOf(row, 'user_version'), 'PRAGMA user_version') ?? 0;
  if (version() === DURABLE_MIGRATIONS.length) return;
  file.transaction(() => {
    const from = version();
    if (from > DURABLE_MIGRATIONS.length) {
      throw new CodedError(
        'STATE_DATABASE_NEWER',
        `${file.path} has version ${from}; this program knows ${DURABLE_MIGRATIONS.length}. Start the later version.`,
        { path: file.path, version: from },
      );
    }
    for (const step of DURABLE_MIGRATIONS.slice(from)) file.exec(step);
    file.exec(`PRAGMA user_version = ${DURABLE_MIGRATIONS.length}`);
  });
}
