import type { RebuildableSchema } from './rebuildable-file.ts';

/** What a text of the dictionary is; stored as these numbers. */
export const TEXT_KINDS = {
  eventType: 0,
  user: 1,
  app: 2,
  appName: 3,
  sheet: 4,
  sheetName: 5,
  object: 6,
  objectType: 7,
} as const;

export type TextKind = (typeof TEXT_KINDS)[keyof typeof TEXT_KINDS];

/** Bits of `events.flags`. */
export const FLAGS = {
  server: 1,
  conflict: 2,
  hidden: 4,
  awaitsPicture: 8,
  hasVisible: 16,
  visible: 32,
} as const;

/** What is counted per day: `rollups.dim`. `id` is a number of the dictionary, or the hour of the day. */
export const ROLLUP_DIMENSIONS = { eventType: 0, user: 1, sheet: 2, object: 3, hour: 4 } as const;
export type RollupDimension = (typeof ROLLUP_DIMENSIONS)[keyof typeof ROLLUP_DIMENSIONS];
/** `rollups.id` and `rollups.app` where an event has none. */
export const NONE = 0;

/** The lowest bits of `events.key`: those of the sequence, below the time in milliseconds. */
export const KEY_SEQUENCE_BITS = 20;
/** Keys have room for times from 1970 to 2248; others are sorted to the ends. */
export const LAST_KEY_TIME = 2 ** 43 - 2;

/** A browser may claim any time: in sums and medians a view counts for a day at most. */
export const MOST_COUNTED_MS = 86_400_000;

/**
 * `search.sqlite`. The key of an event is its time with its sequence below it, so that every list of keys is a list in
 * order of time. `postings` (FTS5) holds such a list for each value that people filter by and for each word that they
 * search for; any combination of filters is an expression over it, answered newest first without sorting and without
 * looking at rows that do not match (measured with 10 million events: about a millisecond). The table has no other index
 * but that of sequences: this costs a fifth of an index per column.
 *
 * Texts stand once, in a dictionary; `names` finds them by words, `user_names` in any letter case. `words` has the words
 * of `postings`, to complete beginnings. `rollups` counts per day, `viewers` who was seen where. The event id needs no index: `ids.sqlite` leads from an id to its sequence.
 */
export const SEARCH_SCHEMA: RebuildableSchema = {
  version: 4,
  tableNames: ['texts', 'user_names', 'names', 'words', 'events', 'postings', 'rollups', 'viewers', 'pictures'],
  tables: `
  CREATE TABLE texts (id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, text ANY NOT NULL, UNIQUE (kind, text)) STRICT;
  CREATE TABLE user_names (name TEXT NOT NULL, id INTEGER NOT NULL, PRIMARY KEY (name, id)) STRICT, WITHOUT ROWID;
  CREATE VIRTUAL TABLE names USING fts5 (words, content='', detail=none, tokenize='ascii', prefix='1 2 3');
  CREATE TABLE words (word TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
  CREATE TABLE events (
    key INTEGER PRIMARY KEY,
    seq INTEGER NOT NULL UNIQUE,
    time INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    flags INTEGER NOT NULL,
    event_type INTEGER NOT NULL,
    user INTEGER, app INTEGER, app_name INTEGER, sheet INTEGER, sheet_name INTEGER, object INTEGER, object_type INTEGER,
    selection_txn ANY, correlation ANY,
    duration_ms INTEGER,
    selections TEXT,
    event_id ANY NOT NULL
  ) STRICT;
  CREATE VIRTUAL TABLE postings USING fts5 (
    tokens, content='', contentless_delete=1, detail=none, tokenize='ascii'
  );
  INSERT INTO postings (postings, rank) VALUES ('automerge', 8);
  CREATE TABLE rollups (
    dim INTEGER NOT NULL,
    day INTEGER NOT NULL,
    id INTEGER NOT NULL,
    app INTEGER NOT NULL,
    events INTEGER NOT NULL,
    views INTEGER NOT NULL,
    total_ms INTEGER NOT NULL,
    first_time INTEGER NOT NULL,
    last_time INTEGER NOT NULL,
    PRIMARY KEY (dim, day, id, app)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE viewers (
    dim INTEGER NOT NULL,
    id INTEGER NOT NULL,
    app INTEGER NOT NULL,
    users BLOB NOT NULL,
    PRIMARY KEY (dim, id, app)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE pictures (
    subject INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    status TEXT NOT NULL,
    reason TEXT,
    files TEXT NOT NULL,
    PRIMARY KEY (subject, seq)
  ) STRICT, WITHOUT ROWID;
  `,
};
