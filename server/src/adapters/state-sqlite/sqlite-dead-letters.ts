import type { Sequence } from '../../domain/sequence.ts';
import type { Clock } from '../../pipeline/ports/clock.ts';
import type { Rejection } from '../../pipeline/ports/cursor-store.ts';
import type {
  DeadLetter,
  DeadLetterFilter,
  DeadLetters,
  DeadLettersInLogOrder,
} from '../../pipeline/ports/dead-letters.ts';
import { numberOf, optional, sequenceOf, textOf, timeOf } from './cells.ts';
import type { Row, SqliteFile } from './sqlite-file.ts';

const FILTERED = `
  SELECT * FROM dead_letters
  WHERE id > ?1
    AND (?2 IS NULL OR destination = ?2)
    AND (?3 IS NULL OR code = ?3)
    AND (?4 IS NULL OR event_id = ?4)
    AND (?5 IS NULL OR last_seq >= ?5)
    AND (?6 IS NULL OR first_seq <= ?6)
    AND (?7 IS NULL OR id IN (SELECT value FROM json_each(?7)))
  ORDER BY id LIMIT ?8`;

/** A destination has at most one dead letter for a position: the reason that came last. */
export class SqliteDeadLetters implements DeadLetters, DeadLettersInLogOrder {
  readonly #file: SqliteFile;
  readonly #clock: Clock;

  constructor(file: SqliteFile, clock: Clock) {
    this.#file = file;
    this.#clock = clock;
  }

  list(filter: DeadLetterFilter, page: { readonly afterId?: number; readonly limit: number }): readonly DeadLetter[] {
    const { destination, code, eventId, range, ids } = filter;
    return this.#file.all(
      deadLetterOf,
      FILTERED,
      ...[page.afterId ?? 0, destination ?? null, code ?? null, eventId?.toLowerCase() ?? null],
      ...[range?.first ?? null, range?.last ?? null, ids === undefined ? null : JSON.stringify(ids), page.limit],
    );
  }

  get(id: number): DeadLetter | undefined {
    return this.#file.get(deadLetterOf, 'SELECT * FROM dead_letters WHERE id = ?', id);
  }

  due(destination: string, after: Sequence, upTo: Sequence, limit: number): readonly DeadLetter[] {
    return this.#file.all(
      deadLetterOf,
      `SELECT * FROM dead_letters WHERE destination = ? AND first_seq > ? AND last_seq <= ?
       ORDER BY first_seq, last_seq LIMIT ?`,
      ...[destination, after, upTo, limit],
    );
  }

  countByDestination(): ReadonlyMap<string, number> {
    const sql = 'SELECT destination, count(*) AS letters FROM dead_letters GROUP BY destination';
    return new Map(
      this.#file.all((row): [string, number] => [textOf(row, 'destination'), numberOf(row, 'letters')], sql),
    );
  }

  /** Inside the transaction of a commit. */
  add(destination: string, rejected: readonly Rejection[]): void {
    const at = this.#clock.now();
    for (const { range, eventId, eventType, envelope, error } of rejected) {
      this.#file.run(
        `INSERT INTO dead_letters (destination, first_seq, last_seq, event_id, event_type, envelope, code, message, at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (destination, first_seq, last_seq) DO UPDATE SET code = excluded.code, message = excluded.message,
           at = excluded.at, envelope = coalesce(excluded.envelope, envelope)`,
        ...[destination, range.first, range.last, eventId?.toLowerCase() ?? null, eventType ?? null],
        ...[envelope ?? null, error.code, error.message, at],
      );
    }
  }

  /** Inside the transaction of the commit that delivered them. */
  remove(ids: readonly number[]): void {
    for (const id of ids) this.#file.run('DELETE FROM dead_letters WHERE id = ?', id);
  }
}

function deadLetterOf(row: Row): DeadLetter {
  return {
    id: numberOf(row, 'id'),
    destination: textOf(row, 'destination'),
    range: { first: sequenceOf(row, 'first_seq'), last: sequenceOf(row, 'last_seq') },
    ...optional('eventId', row, 'event_id', textOf),
    ...optional('eventType', row, 'event_type', textOf),
    ...optional('envelope', row, 'envelope', textOf),
    code: textOf(row, 'code'),
    message: textOf(row, 'message'),
    at: timeOf(row, 'at'),
  };
}
