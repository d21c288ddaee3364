import { hash } from 'node:crypto';
import { isUuid } from '../../domain/event-id.ts';
import type { Origin } from '../../domain/log-entry.ts';
import type { Sequence, SequenceRange } from '../../domain/sequence.ts';
import type {
  LogFacts,
  LogFactsQueries,
  Outcome,
  PictureMissing,
  RepeatedLine,
} from '../../pipeline/ports/log-facts.ts';
import { numberOf, sequenceOf } from './cells.ts';
import type { RebuildableSchema } from './rebuildable-file.ts';
import type { Row, SqliteFile } from './sqlite-file.ts';

/** `ids.sqlite`: the smallest tables that can tell (rules 12-14). */
export const LOG_FACTS_SCHEMA: RebuildableSchema = {
  version: 1,
  tableNames: ['client_ids', 'server_ids', 'repeats', 'awaiting', 'outcomes', 'damaged', 'retired_ids_loaded'],
  tables: `
  CREATE TABLE client_ids (id BLOB PRIMARY KEY, seq INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE server_ids (id BLOB PRIMARY KEY, seq INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE repeats (seq INTEGER PRIMARY KEY, is_conflict INTEGER NOT NULL, first_seq INTEGER NOT NULL) STRICT;
  CREATE TABLE awaiting (seq INTEGER PRIMARY KEY, outcome INTEGER) STRICT;
  CREATE INDEX unsettled ON awaiting (seq) WHERE outcome IS NULL;
  CREATE TABLE outcomes (
    seq INTEGER PRIMARY KEY,
    subject INTEGER NOT NULL,
    is_first INTEGER NOT NULL,
    is_picture INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX outcomes_by_subject ON outcomes (subject);
  CREATE TABLE damaged (first_seq INTEGER PRIMARY KEY, last_seq INTEGER NOT NULL) STRICT;
  CREATE TABLE retired_ids_loaded (only INTEGER PRIMARY KEY CHECK (only = 0)) STRICT;
  `,
};

/** 32 hex digits, with or without hyphens: what `unhex(…, '-')` takes. Ids that are no UUIDs are hashed into one. */
export function idKey(id: string): string {
  const isKey: boolean = isUuid(id);
  return isKey ? id.toLowerCase() : hash('sha256', id.toLowerCase(), 'hex').slice(0, 32);
}

/** The read side, for the writer and for readers in other threads. */
export function logFactsIn(file: SqliteFile, { first, last }: SequenceRange): LogFacts {
  const repeats = file.all(repeatOf, 'SELECT * FROM repeats WHERE seq BETWEEN ? AND ?', first, last);
  const outcomes = file.all(outcomeOf, 'SELECT * FROM outcomes WHERE seq BETWEEN ? AND ?', first, last);
  return { repeats: new Map(repeats), outcomes: new Map(outcomes) };
}

export function logFactsQueries(file: () => SqliteFile): LogFactsQueries {
  return {
    firstWithId(origin: Origin, id: string): Sequence | undefined {
      const sql = `SELECT seq FROM ${origin}_ids WHERE id = unhex(?, '-')`;
      return file().get((row) => sequenceOf(row, 'seq'), sql, idKey(id));
    },
    unsettledAwaiting(after: Sequence, limit: number): readonly Sequence[] {
      const sql = 'SELECT seq FROM awaiting WHERE outcome IS NULL AND seq > ? ORDER BY seq LIMIT ?';
      return file().all((row) => sequenceOf(row, 'seq'), sql, after, limit);
    },
    unsettledCount(): number {
      const sql = 'SELECT count(*) AS unsettled FROM awaiting WHERE outcome IS NULL';
      return file().get((row) => numberOf(row, 'unsettled'), sql) ?? 0;
    },
    withoutPicture(after: Sequence, limit: number): readonly PictureMissing[] {
      const sql = `SELECT seq, outcome FROM awaiting WHERE outcome IS NOT NULL AND seq > ? AND NOT EXISTS (
        SELECT 1 FROM outcomes WHERE subject = awaiting.seq AND is_picture = 1) ORDER BY seq LIMIT ?`;
      const missing = (row: Row) => ({ subject: sequenceOf(row, 'seq'), outcome: sequenceOf(row, 'outcome') });
      return file().all(missing, sql, after, limit);
    },
    holdsAwaiting({ first, last }: SequenceRange, cursor: Sequence): boolean {
      const sql = `SELECT EXISTS (SELECT 1 FROM awaiting WHERE seq BETWEEN ? AND ?
        AND (outcome IS NULL OR outcome > ?)) AS holds`;
      return file().get((row) => numberOf(row, 'holds'), sql, first, last, cursor) === 1;
    },
    damaged(): readonly SequenceRange[] {
      const read = (row: Row) => ({ first: sequenceOf(row, 'first_seq'), last: sequenceOf(row, 'last_seq') });
      return file().all(read, 'SELECT * FROM damaged ORDER BY first_seq');
    },
  };
}

function repeatOf(row: Row): readonly [Sequence, RepeatedLine] {
  const kind = numberOf(row, 'is_conflict') === 1 ? 'conflict' : 'repeat';
  return [sequenceOf(row, 'seq'), { kind, firstSeq: sequenceOf(row, 'first_seq') }];
}

function outcomeOf(row: Row): readonly [Sequence, Outcome] {
  return [sequenceOf(row, 'seq'), { subject: sequenceOf(row, 'subject'), first: numberOf(row, 'is_first') === 1 }];
}
