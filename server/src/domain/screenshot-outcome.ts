import { membersOf } from './payload-member.ts';

/**
 * The payload of the server records `server.screenshot.saved` and `server.screenshot.failed`: what became of the
 * picture of one event. docs/audit-record.md describes it; it stands under `payload` of the record's envelope.
 */
export interface ScreenshotOutcome {
  /** The event whose picture it is, and what ties that event to others; null where the event has none. */
  readonly subjectEventId: string | null;
  readonly correlationId: string | null;
  readonly selectionTxnId: string | null;
  /** `saved` or `failed`. */
  readonly status: string;
  /** Why it failed: `expired: ` with the last reason, `disabled`, a word of the download (docs/screenshots.md) or an error code. */
  readonly reason: string | null;
  /** In the order in which `screenshotSavedPaths` lists them. */
  readonly files: readonly ScreenshotFile[];
}

export interface ScreenshotFile {
  readonly path: string;
  /** `seen` (what the user saw), `annotated`, or `downloaded` (the bytes as they came, when they were cropped). */
  readonly role: string;
  /** Hex. */
  readonly sha256: string;
  readonly bytes: number;
  readonly width: number;
  readonly height: number;
}

/** The paths alone are needed for rows; a record written by a later version may say more or less about each file. */
export interface OutcomeFacts extends Omit<ScreenshotOutcome, 'files'> {
  readonly paths: readonly string[];
}

/**
 * Reads an outcome record's envelope. Never throws: what is missing is null, or follows from the record's type.
 * @param type the record's type, `server.screenshot.saved` or `server.screenshot.failed`
 */
export function readScreenshotOutcome(type: string, envelope: unknown): OutcomeFacts {
  const payload = membersOf(membersOf(envelope).payload);
  const files = Array.isArray(payload.files) ? payload.files : [];
  return {
    subjectEventId: textOrNull(payload.subjectEventId),
    correlationId: textOrNull(payload.correlationId),
    selectionTxnId: textOrNull(payload.selectionTxnId),
    status: textOrNull(payload.status) ?? type.slice(type.lastIndexOf('.') + 1),
    reason: textOrNull(payload.reason),
    paths: files.map((file) => textOrNull(membersOf(file).path)).filter((path) => path !== null),
  };
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value.toWellFormed() : null;
}
