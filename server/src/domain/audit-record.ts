import type { EpochMillis } from './epoch-millis.ts';
import type { Sequence } from './sequence.ts';

/**
 * One flat record per delivered row; every destination maps from it and none reads envelopes.
 * The first 21 members are the documented table fields (QVD and Parquet destination documents), in their order, except
 * `tags`, which a destination makes with its static tags. Everything is nullable: what an event does not say, or what the
 * type cannot hold, is null, and what was sent instead stands in `asSent`.
 */
export interface AuditRecord {
  /** Event time, milliseconds UTC. */
  readonly timestamp: bigint | null;
  /** `YYYYMMDD` of the event time, UTC. */
  readonly date: string | null;
  readonly eventId: string | null;
  readonly correlationId: string | null;
  readonly eventType: string | null;
  /** The full identity string as sent. */
  readonly userId: string | null;
  readonly appId: string | null;
  readonly appName: string | null;
  readonly sheetId: string | null;
  readonly sheetName: string | null;
  readonly objectId: string | null;
  readonly selectionTxnId: string | null;
  /** Milliseconds; a fraction is rounded. */
  readonly durationMs: bigint | null;
  readonly visible: boolean | null;
  /** As sent (ISO 8601 text). */
  readonly enteredAt: string | null;
  readonly leftAt: string | null;
  readonly dataStateId: bigint | null;
  /** JSON text as sent. */
  readonly selectionDetails: string | null;
  readonly screenshotUrl: string | null;
  /** JSON array of paths. */
  readonly screenshotSavedPaths: string | null;

  // Extended fields
  readonly userDirectory: string | null;
  readonly userName: string | null;
  readonly objectType: string | null;
  /** JSON text as sent. */
  readonly objectData: string | null;
  readonly enterSelectionTxnId: string | null;
  readonly leaveSelectionTxnId: string | null;
  readonly rawEnvelope: string;

  // The server's own knowledge, in every row
  readonly receivedAt: EpochMillis;
  readonly sequence: Sequence;
  /** `saved`, `failed`, …: only where there was a screenshot to fetch. */
  readonly screenshotStatus: string | null;
  readonly screenshotReason: string | null;
  /** Values that their field could not hold, by field name, as sent. */
  readonly asSent: Readonly<Record<string, unknown>>;
}
