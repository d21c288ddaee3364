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
  EVENT_LOG_IN_USE: {
    meaning: 'Another server holds the lock on this log folder.',
    action: 'Stop the server named in the message, or give this one an eventLog.directory of its own.',
  },
  CONFIG_INVALID: {
    meaning: 'The configuration file has errors; each is listed with its line.',
    action: 'Correct the listed lines; "butler-sos-audit check-config" checks a file without starting.',
  },
  DELIVERY_ABORTED: {
    meaning: 'A delivery was interrupted because the server stops or the attempt took too long.',
    action: 'Nothing: the same batch is delivered again.',
  },
  EXPORT_WRITE_FAILED: {
    meaning: 'A file could not be written to the export directory of a destination; its events wait.',
    action: 'Make the directory named in the message writable, or free space there; delivery goes on by itself.',
  },
  EXPORT_FILE_ALTERED: {
    meaning: 'A finished file that waited to be published has other contents than those that were recorded for it.',
    action: 'Find out who writes to the export directory; move the file named in the message away to go on without it.',
  },
  ROW_NOT_ENCODABLE: {
    meaning: 'An event has contents that the file format of a destination cannot hold.',
    action: 'The event is in the dead letters of that destination and stays in the event log; please report it.',
  },
  THREAD_GONE: {
    meaning: 'A part of the server that runs in a thread of its own has stopped.',
    action: 'It is started again by itself; the log line before this one says why it stopped.',
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
