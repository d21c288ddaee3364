import { CodedError } from '../../domain/errors.ts';
import type { Sequence, SequenceRange } from '../../domain/sequence.ts';
import type { Clock } from '../../pipeline/ports/clock.ts';
import type {
  Attempt,
  CommitDetails,
  Cursor,
  CursorStore,
  FilePart,
  PreparedFile,
  Registration,
  Rejection,
} from '../../pipeline/ports/cursor-store.ts';
import { numberOf, sequenceOf, textOf } from './cells.ts';
import type { SqliteDailyMerges } from './sqlite-daily-merges.ts';
import type { SqliteDeadLetters } from './sqlite-dead-letters.ts';
import type { Row, SqliteFile } from './sqlite-file.ts';

interface DestinationRow {
  readonly committed: Sequence;
  readonly target: string | null;
  readonly partsOf: string;
}

/** Rules 16-21. Every method is one transaction: a crash leaves what was before it or what is after it. */
export class SqliteCursorStore implements CursorStore {
  readonly #file: SqliteFile;
  readonly #clock: Clock;
  readonly #deadLetters: SqliteDeadLetters;
  readonly #dailyMerges: SqliteDailyMerges;

  constructor(file: SqliteFile, clock: Clock, deadLetters: SqliteDeadLetters, dailyMerges: SqliteDailyMerges) {
    this.#file = file;
    this.#clock = clock;
    this.#deadLetters = deadLetters;
    this.#dailyMerges = dailyMerges;
  }

  load(destination: string): Cursor | undefined {
    return this.#file.get(
      (row) => {
        const committed = sequenceOf(row, 'committed');
        return row.number === null ? { committed } : { committed, begun: attemptOf(row) };
      },
      'SELECT * FROM destinations LEFT JOIN attempts ON destination = name WHERE name = ?',
      destination,
    );
  }

  register(destination: string, committed: Sequence, details: Registration = {}): void {
    const { type = destination, startFrom = 'earliest', end = null, target = null } = details;
    const partsOf = details.sharesPartsOfTarget === true && target !== null ? target : destination;
    this.#file.transaction(() =>
      this.#file.run(
        `INSERT INTO destinations (name, type, start_from, added_at, target, parts_of, end_seq, committed)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO NOTHING`,
        ...[destination, type, startFrom, this.#clock.now(), target, partsOf, end, committed],
      ),
    );
  }

  begin(destination: string, range: SequenceRange, reserve?: { readonly day: string }): Attempt {
    return this.#file.transaction(() => {
      const { partsOf } = this.#destinationAt(destination, range);
      const open = this.#openAttempt(destination);
      const isSame = open?.range.first === range.first && open.range.last === range.last;
      if (open?.prepared !== undefined && !isSame) throw preparedForAnother(open, range);
      const part = open?.part ?? (reserve === undefined ? undefined : this.#reserve(partsOf, reserve.day, 1));
      const attempt: Attempt = {
        destination,
        range,
        number: isSame ? open.number + 1 : 1,
        ...(part === undefined ? {} : { part }),
        ...(open?.prepared === undefined ? {} : { prepared: open.prepared }),
      };
      return this.#store(attempt);
    });
  }

  prepare(attempt: Attempt, file: PreparedFile): Attempt {
    return this.#file.transaction(() => {
      this.#requireOpen(attempt);
      return this.#store({ ...attempt, prepared: file });
    });
  }

  reserveNext(attempt: Attempt, atLeast = 1): Attempt {
    return this.#file.transaction(() => {
      const { partsOf } = this.#requireOpen(attempt);
      if (attempt.part === undefined) throw new CodedError('DEFECT', `${attempt.destination} reserves no part`);
      const { prepared: _, ...unprepared } = attempt;
      return this.#store({ ...unprepared, part: this.#reserve(partsOf, attempt.part.day, atLeast) });
    });
  }

  raisePartTo(destination: string, day: string, atLeast: number): void {
    this.#file.transaction(() => {
      const partsOf = this.#destination(destination).partsOf;
      this.#setNextPart(partsOf, day, Math.max(this.#nextPart(partsOf, day), atLeast));
    });
  }

  commit(destination: string, range: SequenceRange, rejected: readonly Rejection[], details: CommitDetails = {}): void {
    this.#file.transaction(() => {
      const { target } = this.#destinationAt(destination, range);
      this.#deadLetters.remove(details.resolvedDeadLetters ?? []);
      this.#deadLetters.add(target ?? destination, rejected);
      const delivered = details.delivered ?? 0;
      const successAt = delivered > 0 ? this.#clock.now() : null;
      this.#file.run(
        `UPDATE destinations SET committed = ?, delivered = delivered + ?, rejected = rejected + ?,
           success_at = coalesce(?, success_at) WHERE name = ?`,
        ...[range.last, delivered, rejected.length, successAt, destination],
      );
      this.#dailyMerges.keepPart(destination, delivered > 0);
      this.#file.run('DELETE FROM attempts WHERE destination = ?', destination);
    });
  }

  #destination(name: string): DestinationRow {
    const found = this.#file.get(
      (row) => ({
        committed: sequenceOf(row, 'committed'),
        target: row.target === null ? null : textOf(row, 'target'),
        partsOf: textOf(row, 'parts_of'),
      }),
      'SELECT committed, target, parts_of FROM destinations WHERE name = ?',
      name,
    );
    if (found === undefined) throw new CodedError('DESTINATION_UNKNOWN', `No position is stored for ${name}.`);
    return found;
  }

  /** The compare of compare-and-set. */
  #destinationAt(name: string, range: SequenceRange): DestinationRow {
    const destination = this.#destination(name);
    if (destination.committed !== range.first - 1 || range.last < range.first) {
      throw cursorMoved(name, range, `the stored position is ${destination.committed}`);
    }
    return destination;
  }

  #openAttempt(destination: string): Attempt | undefined {
    return this.#file.get(attemptOf, 'SELECT * FROM attempts WHERE destination = ?', destination);
  }

  /** Somebody may have skipped or restarted meanwhile: nobody publishes for an attempt that is gone. */
  #requireOpen(attempt: Attempt): DestinationRow {
    const open = this.#openAttempt(attempt.destination);
    const { range, number } = attempt;
    if (open?.number !== number || open.range.first !== range.first || open.range.last !== range.last) {
      throw cursorMoved(attempt.destination, range, 'this attempt is over');
    }
    return this.#destination(attempt.destination);
  }

  #store(attempt: Attempt): Attempt {
    const { destination, range, number, part, prepared } = attempt;
    this.#file.run(
      'INSERT OR REPLACE INTO attempts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
      ...[destination, range.first, range.last, number, part?.day ?? null, part?.part ?? null],
      ...[prepared?.temporaryPath ?? null, prepared?.path ?? null, prepared?.sha256 ?? null],
    );
    return attempt;
  }

  #reserve(partsOf: string, today: string, atLeast: number): FilePart {
    const day = this.#dailyMerges.openDay(partsOf, today);
    const part = Math.max(this.#nextPart(partsOf, day), atLeast);
    this.#setNextPart(partsOf, day, part + 1);
    return { day, part };
  }

  #nextPart(partsOf: string, day: string): number {
    const sql = 'SELECT next_part FROM parts WHERE destination = ? AND day = ?';
    return this.#file.get((row) => numberOf(row, 'next_part'), sql, partsOf, day) ?? 1;
  }

  #setNextPart(partsOf: string, day: string, part: number): void {
    this.#file.run('INSERT OR REPLACE INTO parts VALUES (?, ?, ?)', partsOf, day, part);
  }
}

function attemptOf(row: Row): Attempt {
  return {
    destination: textOf(row, 'destination'),
    range: { first: sequenceOf(row, 'first_seq'), last: sequenceOf(row, 'last_seq') },
    number: numberOf(row, 'number'),
    ...(row.part === null ? {} : { part: { day: textOf(row, 'day'), part: numberOf(row, 'part') } }),
    ...(row.path === null ? {} : { prepared: preparedOf(row) }),
  };
}

function preparedOf(row: Row): PreparedFile {
  return {
    temporaryPath: textOf(row, 'temporary_path'),
    path: textOf(row, 'path'),
    sha256: textOf(row, 'sha256'),
  };
}

function cursorMoved(destination: string, range: SequenceRange, reason: string): CodedError {
  return new CodedError(
    'CURSOR_MOVED',
    `${destination} cannot settle ${range.first} to ${range.last}: ${reason}. It goes on from the stored position.`,
    { destination, first: range.first, last: range.last },
  );
}

function preparedForAnother(open: Attempt, range: SequenceRange): CodedError {
  return new CodedError(
    'DEFECT',
    `${open.destination} has a file prepared for ${open.range.first} to ${open.range.last} and begins another range.`,
    { destination: open.destination, first: range.first, last: range.last },
  );
}
