import type { CodedError } from '../../domain/errors.ts';
import type { Sequence } from '../../domain/sequence.ts';
import type { Clock } from '../../pipeline/ports/clock.ts';
import {
  ALL_ACCEPTED,
  type DestinationState,
  type DestinationStates,
  type StoredError,
} from '../../pipeline/ports/destination-states.ts';
import { numberOf, optional, sequenceOf, textOf, timeOf } from './cells.ts';
import type { SqliteDailyMerges } from './sqlite-daily-merges.ts';
import type { Row, SqliteFile } from './sqlite-file.ts';

const WITH_ATTEMPT = 'SELECT * FROM destinations LEFT JOIN attempts ON destination = name';

/** What people are told about each destination; `SqliteCursorStore` moves the cursors in the same rows. */
export class SqliteDestinationStates implements DestinationStates {
  readonly #file: SqliteFile;
  readonly #clock: Clock;
  readonly #dailyMerges: SqliteDailyMerges;

  constructor(file: SqliteFile, clock: Clock, dailyMerges: SqliteDailyMerges) {
    this.#file = file;
    this.#clock = clock;
    this.#dailyMerges = dailyMerges;
  }

  list(): readonly DestinationState[] {
    return this.#file.all(stateOf, `${WITH_ATTEMPT} ORDER BY name`);
  }

  get(name: string): DestinationState | undefined {
    return this.#file.get(stateOf, `${WITH_ATTEMPT} WHERE name = ?`, name);
  }

  markConfigured(names: readonly string[]): void {
    const now = this.#clock.now();
    this.#file.transaction(() => {
      for (const name of names) this.#file.run('UPDATE destinations SET configured_at = ? WHERE name = ?', now, name);
    });
  }

  recordFailure(name: string, error: CodedError): void {
    this.#write(
      'UPDATE destinations SET retried = retried + 1, error_code = ?, error_message = ?, error_at = ? WHERE name = ?',
      ...[error.code, error.message, this.#clock.now(), name],
    );
  }

  hold(name: string, error: CodedError): void {
    this.#write(
      'UPDATE destinations SET held_code = ?, held_message = ?, held_at = ? WHERE name = ?',
      ...[error.code, error.message, this.#clock.now(), name],
    );
  }

  restartAt(name: string, committed: Sequence): void {
    this.#file.transaction(() => {
      this.#file.run(
        `UPDATE destinations SET committed = ?, accepted_up_to = ?, held_code = NULL, held_message = NULL, held_at = NULL
         WHERE name = ?`,
        ...[committed, ALL_ACCEPTED, name],
      );
      this.#dailyMerges.keepPart(name, false);
      this.#file.run('DELETE FROM attempts WHERE destination = ?', name);
    });
  }

  accept(name: string, upTo: Sequence): void {
    this.#write('UPDATE destinations SET accepted_up_to = ? WHERE name = ?', upTo, name);
  }

  remove(name: string): void {
    // the attempt goes with it: foreign key
    this.#write('DELETE FROM destinations WHERE name = ?', name);
  }

  #write(sql: string, ...cells: readonly (string | number)[]): void {
    this.#file.transaction(() => this.#file.run(sql, ...cells));
  }
}

function stateOf(row: Row): DestinationState {
  const begun = row.number === null ? undefined : rangeOf(row);
  return {
    name: textOf(row, 'name'),
    type: textOf(row, 'type'),
    startFrom: textOf(row, 'start_from'),
    addedAt: timeOf(row, 'added_at'),
    ...optional('configuredAt', row, 'configured_at', timeOf),
    ...optional('target', row, 'target', textOf),
    ...optional('end', row, 'end_seq', sequenceOf),
    committed: sequenceOf(row, 'committed'),
    ...(begun === undefined ? {} : { begun }),
    delivered: numberOf(row, 'delivered'),
    rejected: numberOf(row, 'rejected'),
    retried: numberOf(row, 'retried'),
    ...optional('lastError', row, 'error_code', () => errorOf(row, 'error')),
    ...optional('lastSuccessAt', row, 'success_at', timeOf),
    ...optional('acceptedUpTo', row, 'accepted_up_to', sequenceOf),
    ...optional('held', row, 'held_code', () => errorOf(row, 'held')),
  };
}

function rangeOf(row: Row): DestinationState['begun'] {
  return { first: sequenceOf(row, 'first_seq'), last: sequenceOf(row, 'last_seq') };
}

function errorOf(row: Row, prefix: string): StoredError {
  return {
    code: textOf(row, `${prefix}_code`),
    message: textOf(row, `${prefix}_message`),
    at: timeOf(row, `${prefix}_at`),
  };
}
