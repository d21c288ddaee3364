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
  /** selectionTxnId and correlationId: mostly the same value. */
  transaction: 7,
} as const;

export type TextKind = (typeof TEXT_KINDS)[keyof typeof TEXT_KINDS];

/**
 * `search.sqlite`. Texts stand once, in a dictionary, so that the indexes of `events` hold small integers whose order
 * grows with time: an event costs sequential writes, and only a new transaction a random one. The event id needs no index
 * here: `ids.sqlite` leads from an id to its sequence. Names are searched in the dictionary, not in the events.
 */
export const SEARCH_SCHEMA: RebuildableSchema = {
  version: 1,
  tableNames: ['texts', 'events', 'pictures'],
  tables: `
  CREATE TABLE texts (id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, text ANY NOT NULL, UNIQUE (kind, text)) STRICT;
  CREATE TABLE events (
    seq INTEGER PRIMARY KEY,
    time INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    is_server INTEGER NOT NULL,
    is_conflict INTEGER NOT NULL,
    event_type INTEGER NOT NULL,
    user INTEGER, app INTEGER, app_name INTEGER, sheet INTEGER, sheet_name INTEGER, object INTEGER,
    selection_txn INTEGER, correlation INTEGER,
    duration_ms INTEGER
  ) STRICT;
  CREATE INDEX events_by_time ON events (time);
  CREATE INDEX events_by_type ON events (event_type, time);
  CREATE INDEX events_by_user ON events (user, time) WHERE user IS NOT NULL;
  CREATE INDEX events_by_app ON events (app, time) WHERE app IS NOT NULL;
  CREATE INDEX events_by_sheet ON events (sheet, time) WHERE sheet IS NOT NULL;
  CREATE INDEX events_by_object ON events (object, time) WHERE object IS NOT NULL;
  CREATE INDEX events_by_selection_txn ON events (selection_txn) WHERE selection_txn IS NOT NULL;
  CREATE INDEX events_by_correlation ON events (correlation) WHERE correlation IS NOT NULL;
  CREATE TABLE pictures (
    subject INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    status TEXT NOT NULL,
    reason TEXT,
    paths TEXT,
    PRIMARY KEY (subject, seq)
  ) STRICT, WITHOUT ROWID;
  `,
};
