/**
 * The catalogue of every error code of the product. `docs/errors.md` is generated from it (a test keeps them identical).
 * `meaning`: what happened, one sentence. `action`: what the operator does about it, one sentence.
 */
export const ERROR_CATALOGUE = {
  EVENT_LOG_FULL: {
    meaning: 'The disk that holds the event log has less free space than eventLog.minFreeBytes, or is full.',
    action: 'Free space on that disk; the server accepts events again by itself.',
  },
  EVENT_LOG_WRITE_FAILED: {
    meaning: 'A write to the event log, or its sync to disk, failed; the events of that batch were refused with 503.',
    action:
      'Look at the cause named in the message (disk, permissions); the server goes on in a new segment by itself.',
  },
  EVENT_LOG_CLOSED: {
    meaning: 'The server is stopping and takes no more events.',
    action: 'Send the event again after the restart; clients do so by themselves on 503.',
  },
  EVENT_LOG_DAMAGED: {
    meaning: 'Lines that had been synced to disk are missing, torn or changed.',
    action:
      'Restore the log folder from a backup; the damaged sequences are listed as dead letters of every destination.',
  },
  EVENT_LOG_MIXED: {
    meaning: 'The folder of the event log holds segments of two different logs.',
    action: 'Move the segments of one of them out of the folder; the message names one file of each.',
  },
  EVENT_LOG_READ_FAILED: {
    meaning: 'The event log could not be read from disk; whoever reads it tries again.',
    action: 'Look at the cause named in the message (disk, permissions).',
  },
  EVENT_LOG_IN_USE: {
    meaning: 'Another server holds the lock on this log folder.',
    action: 'Stop the server named in the message, or give this one an eventLog.directory of its own.',
  },
  CONFIG_INVALID: {
    meaning: 'The configuration file has errors; each is listed with its line.',
    action: 'Correct the listed lines; "butler-sos-audit check-config" checks a file without starting.',
  },
  CURSOR_BEYOND_LOG: {
    meaning:
      'A destination had already been given more events than the log holds now: an older copy of the log was put back.',
    action:
      'Put the newer log back; or, when it is lost, let the destination go on from a sequence of this log with "destinations restart".',
  },
  CURSOR_BEHIND_DELIVERY: {
    meaning:
      'A destination holds later events than its stored position says: an older copy of durable.sqlite was put back.',
    action:
      'Put the newer durable.sqlite back; or let the destination go on behind what it holds with "destinations restart".',
  },
  CURSOR_MOVED: {
    meaning: 'The stored position of a destination was moved by somebody else while a delivery was under way.',
    action: 'Nothing: the destination goes on from the stored position.',
  },
  DAILY_MERGE_DAY_NOT_WHOLE: {
    meaning:
      'The parts of a closed day are not all there as they were published, or there are others, so the day has no daily file.',
    action:
      'Put back or move away the files that the message names; it is tried again every ten minutes for a week. The parts that are there can be loaded.',
  },
  DAILY_MERGE_NAME_TAKEN: {
    meaning: 'Another file has the name of a daily file.',
    action: 'Move the file named in the message away; the daily file takes its place by itself.',
  },
  DAILY_MERGE_PART_UNREADABLE: {
    meaning: 'A part of a closed day holds something that this version cannot merge, so the day has no daily file.',
    action: 'Start the version that wrote it, or load the parts.',
  },
  DAILY_MERGE_TOO_LARGE: {
    meaning: 'Merging the QVD files of a day would take more memory than it may, so the day has no daily file.',
    action: 'Load the parts of that day.',
  },
  DELIVERY_ABORTED: {
    meaning: 'A delivery was interrupted because the server stops or the attempt took too long.',
    action: 'Nothing: the same batch is delivered again.',
  },
  DESTINATION_REFUSES_ALL: {
    meaning: 'A destination refused so many events in a row that the fault is not in the events; the rest wait.',
    action:
      'Look at the cause named in the message and correct it over there; delivery is tried again every minute. "destinations skip" gives up the events that wait.',
  },
  DESTINATION_SKIPPED: {
    meaning: 'An operator decided that a destination does not get this part of the log.',
    action: 'Nothing; "dead-letters retry" delivers it after all, as long as the log still holds it.',
  },
  DESTINATION_UNKNOWN: {
    meaning: 'A destination has no stored position although it should have been registered at start.',
    action: 'Please report it with the log lines around it.',
  },
  EVENT_ID_CONFLICT: {
    meaning:
      'Two events with different contents came under one event id; the first is delivered, the other one is here.',
    action: 'Compare the two; "dead-letters retry" delivers this one too.',
  },
  EVENTS_NOT_RETAINED: {
    meaning: 'The log no longer holds events that a destination had not yet been given.',
    action: 'Restore those segments from a backup and retry the dead letter, or leave it as the record of the gap.',
  },
  EXPORT_WRITE_FAILED: {
    meaning: 'A file could not be written to the export directory of a destination; its events wait.',
    action: 'Make the directory named in the message writable, or free space there; delivery goes on by itself.',
  },
  EXPORT_FILE_ALTERED: {
    meaning: 'A finished file that waited to be published has other contents than those that were recorded for it.',
    action: 'Find out who writes to the export directory; move the file named in the message away to go on without it.',
  },
  IMAGE_TOO_LARGE: {
    meaning: 'A picture has more pixels than are decoded, so that no small file can take all the memory.',
    action: 'Nothing: the picture is not kept, its event is delivered with the reason.',
  },
  IMAGE_UNREADABLE: {
    meaning: 'A picture is damaged, or not of a type that is kept (PNG, JPEG, WebP, GIF).',
    action: 'Open the URL of the picture in a browser; "screenshots retry" fetches it again.',
  },
  INDEX_DAMAGED: {
    meaning: 'A file that follows from the log (ids.sqlite, search.sqlite) cannot be read.',
    action: 'Nothing: it is kept beside the new one as evidence and built again from the log.',
  },
  INDEX_REBUILDING: {
    meaning: 'The table of event ids is being built again from the log; deliveries wait for it.',
    action: 'Nothing; "butler-sos-audit status" shows how far it is.',
  },
  INFLUXDB_ACCESS_DENIED: {
    meaning: 'InfluxDB did not let us in, or not do what is needed there (401, 403); events wait.',
    action: 'Correct token, user or permissions in destination.influxdb or over there; it is tried again every minute.',
  },
  INFLUXDB_FAILED: {
    meaning: 'InfluxDB could not take a write now (overload, or a fault of its own); events wait.',
    action: 'Nothing at first: it is tried again by itself; if it lasts, look at the log of InfluxDB.',
  },
  INFLUXDB_MISSING: {
    meaning: 'The database, bucket or organisation is not in InfluxDB, and cannot be made from here; events wait.',
    action: 'Make it as the message says; it is looked for again by itself.',
  },
  INFLUXDB_REFUSED: {
    meaning: 'InfluxDB refused events because of their contents.',
    action: 'Look at the reason in the message; "dead-letters retry" delivers them once the cause is gone.',
  },
  INFLUXDB_SERIES_LIMIT: {
    meaning: 'InfluxDB takes no more series: the documented tags make one for each event; events wait.',
    action:
      'Raise max-values-per-tag and max-series-per-database over there, or set tagProfile: low-cardinality for new events.',
  },
  INFLUXDB_UNREACHABLE: {
    meaning: 'InfluxDB gave no answer; events wait.',
    action: 'Start it, or correct host, port and https in destination.influxdb; it is tried again by itself.',
  },
  LOG_REPLACED: {
    meaning: 'The folder holds another event log than the one that the destinations were delivering.',
    action:
      'Put the right log back, or use the durable.sqlite that belongs to this one; "destinations restart" lets a destination start on it.',
  },
  REPLAY_NOT_POSSIBLE: {
    meaning: 'A replay was asked for that cannot be done as asked.',
    action: 'Ask again with what the message names: positions that the log holds, and for files a folder of its own.',
  },
  ROW_NOT_ENCODABLE: {
    meaning: 'An event has contents that the file format of a destination cannot hold.',
    action: 'The event is in the dead letters of that destination and stays in the event log; please report it.',
  },
  SCREENSHOT_WRITE_FAILED: {
    meaning: 'A picture could not be written to a folder of screenshots.storageTargets; its event waits.',
    action: 'Make the folder named in the message writable, or free space there; it is tried again by itself.',
  },
  STATE_DATABASE_FAILED: {
    meaning: 'A database beside the log (durable.sqlite, ids.sqlite, search.sqlite) could not be read or written.',
    action: 'Look at the cause named in the message: disk full, permissions, or another program that holds the file.',
  },
  STATE_DATABASE_DAMAGED: {
    meaning: 'The durable database (durable.sqlite) is not a readable database any more.',
    action:
      'Restore it from the backup that belongs to the log; it holds what was delivered where. Without a backup move it away with its -wal and -shm: every destination then starts as a new one where its startFrom says, or is held where it holds events already.',
  },
  STATE_DATABASE_MISSING: {
    meaning: 'The log holds events but durable.sqlite, which says what was delivered where, knows nothing of it.',
    action:
      'Restore durable.sqlite from a backup; without one, every destination starts as a new one where its startFrom says.',
  },
  STATE_DATABASE_NEWER: {
    meaning: 'durable.sqlite was written by a later version of this program.',
    action: 'Start that version, or restore the backup that was taken before the upgrade.',
  },
  THREAD_GONE: {
    meaning: 'A part of the server that runs in a thread of its own has stopped.',
    action: 'It is started again by itself; the log line before this one says why it stopped.',
  },
  TLS_FILES_UNUSABLE: {
    meaning: 'The TLS certificate or its key cannot be read, or the two do not belong together.',
    action: 'Correct the files named in the message; a running server takes them into use by itself.',
  },
  TRAIL_QUERY_TOO_BROAD: {
    meaning: 'A search in the audit trail has too many words, or a beginning of a word that too many words have.',
    action: 'Leave some words out, or type one more letter of it.',
  },
  TRAIL_USER_AMBIGUOUS: {
    meaning: 'Several users have the name whose timeline was asked for.',
    action: 'Ask for one of the identities that the message lists.',
  },
  VIEWER_ACCESS_UNREADABLE: {
    meaning: 'The file of accounts and tokens for the audit trail (viewer-access.json beside the log) cannot be read.',
    action: 'Correct it, or delete it and add the accounts again with "butler-sos-audit user add".',
  },
  DEFECT: {
    meaning: 'Something happened that the program says cannot happen.',
    action: 'Please report it with the log lines around it.',
  },
} as const satisfies Record<string, { readonly meaning: string; readonly action: string }>;

export type ErrorCode = keyof typeof ERROR_CATALOGUE;

/** What an error is about: a flat record of plain values, safe to log (never a secret). */
export type ErrorContext = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** The one error class. The message says what failed, on what, and what to do. */
export class CodedError extends Error {
  override readonly name = 'CodedError';
  readonly code: ErrorCode;
  readonly context: ErrorContext;

  constructor(code: ErrorCode, message: string, context: ErrorContext = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.context = context;
  }
}

/** The message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** The `code` of a Node.js system error (`ENOSPC`), or undefined. */
export function systemCodeOf(thrown: unknown): string | undefined {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : undefined;
}
