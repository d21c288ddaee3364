/**
 * The durable database, one step per version; a step that was released is never changed. `PRAGMA user_version` counts
 * the steps that a file has taken.
 */
export const DURABLE_MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE destinations (
    name TEXT PRIMARY KEY,
    type TEXT NOT NULL,
    start_from TEXT NOT NULL,
    added_at INTEGER NOT NULL,
    configured_at INTEGER,
    target TEXT,
    parts_of TEXT NOT NULL,
    end_seq INTEGER,
    committed INTEGER NOT NULL,
    delivered INTEGER NOT NULL DEFAULT 0,
    rejected INTEGER NOT NULL DEFAULT 0,
    retried INTEGER NOT NULL DEFAULT 0,
    error_code TEXT, error_message TEXT, error_at INTEGER,
    success_at INTEGER,
    held_code TEXT, held_message TEXT, held_at INTEGER
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE attempts (
    destination TEXT PRIMARY KEY REFERENCES destinations (name) ON DELETE CASCADE,
    first_seq INTEGER NOT NULL,
    last_seq INTEGER NOT NULL,
    number INTEGER NOT NULL,
    day TEXT, part INTEGER,
    temporary_path TEXT, path TEXT, sha256 TEXT
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE parts (
    destination TEXT NOT NULL,
    day TEXT NOT NULL,
    next_part INTEGER NOT NULL,
    PRIMARY KEY (destination, day)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE dead_letters (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    destination TEXT NOT NULL,
    first_seq INTEGER NOT NULL,
    last_seq INTEGER NOT NULL,
    event_id TEXT,
    event_type TEXT,
    envelope TEXT,
    code TEXT NOT NULL,
    message TEXT NOT NULL,
    at INTEGER NOT NULL,
    UNIQUE (destination, first_seq, last_seq)
  ) STRICT;
  CREATE INDEX dead_letters_by_event ON dead_letters (event_id);

  CREATE TABLE requests (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    body TEXT NOT NULL,
    actor TEXT NOT NULL,
    submitted_at INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'waiting',
    finished_at INTEGER,
    result TEXT
  ) STRICT;
  CREATE INDEX requests_waiting ON requests (id) WHERE state = 'waiting';

  CREATE TABLE key_values (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  `ALTER TABLE destinations ADD COLUMN accepted_up_to INTEGER`,
  `
  CREATE TABLE daily_merges (
    destination TEXT PRIMARY KEY,
    first_day TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE daily_parts (
    destination TEXT NOT NULL,
    day TEXT NOT NULL,
    part INTEGER NOT NULL,
    path TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    is_certain INTEGER NOT NULL,
    PRIMARY KEY (destination, day, part)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE daily_files (
    destination TEXT NOT NULL,
    day TEXT NOT NULL,
    state TEXT NOT NULL,
    closed_at INTEGER NOT NULL,
    temporary_path TEXT, path TEXT, sha256 TEXT,
    error_code TEXT, error_message TEXT, error_at INTEGER,
    PRIMARY KEY (destination, day)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE TABLE qlik_sessions (
    session_id TEXT PRIMARY KEY,
    host TEXT NOT NULL,
    port INTEGER NOT NULL,
    virtual_proxy TEXT NOT NULL,
    user TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
];
