import { hash } from 'node:crypto';
import { type EpochMillis, toIsoString } from './epoch-millis.ts';
import type { NewLogEntry } from './log-entry.ts';
import type { Sequence } from './sequence.ts';

/** What the server itself learnt, as an entry of the log (rule 3). */
export interface ServerRecord {
  /** `server.…` */
  readonly type: string;
  /** What it is about: with the type it makes the id, so the same outcome has the same id whenever it is learnt. */
  readonly about: string;
  /** The sequence of the line it is about. */
  readonly subject?: Sequence;
  /** Who caused it: an operator's account name, or `server`. */
  readonly actor: string;
  /** The command or request that caused it. */
  readonly request?: string;
  readonly at: EpochMillis;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly correlationId?: string;
}

/** The envelope has the shape of client envelopes, with a source kind that no client may use. */
export function serverRecord(record: ServerRecord): NewLogEntry & { readonly envelope: string } {
  const { type, subject, actor, request, at, payload, correlationId } = record;
  const id = serverRecordId(type, record.about);
  const envelope = {
    schemaVersion: 1,
    eventId: id,
    timestamp: toIsoString(at),
    ...(correlationId === undefined ? undefined : { correlationId }),
    type,
    source: { kind: 'butler-sos-audit', name: 'butler-sos-audit' },
    payload,
  };
  return {
    origin: 'server',
    id,
    type,
    at,
    ...(subject === undefined ? undefined : { subject }),
    actor,
    ...(request === undefined ? undefined : { request }),
    envelope: JSON.stringify(envelope),
  };
}

/** A UUID of version 8 (RFC 9562): the first 16 bytes of SHA-256 over type, newline, and what the record is about. */
export function serverRecordId(type: string, about: string): string {
  const hex = hash('sha256', `${type}\n${about}`, 'hex');
  const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 0x3) | 0x8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

export const SERVER_SYNCED = 'server.synced';

/** Rule 7: everything up to `durable` is on disk. */
export function syncedRecord(logId: string, durable: Sequence, reason: SyncedReason, at: EpochMillis): NewLogEntry {
  return serverRecord({
    type: SERVER_SYNCED,
    about: `${logId}/${durable}`,
    subject: durable,
    actor: 'server',
    request: reason,
    at,
    payload: { durable },
  });
}
export type SyncedReason = 'idle' | 'stop' | 'recovery';

/** Rule 16: from which position on a destination gets events. @param about the log's id */
export function destinationAddedRecord(facts: {
  readonly logId: string;
  readonly destination: string;
  readonly destinationType: string;
  readonly startFrom: 'now' | 'earliest';
  readonly after: Sequence;
  readonly at: EpochMillis;
}): NewLogEntry {
  const { logId, destination, destinationType, startFrom, after, at } = facts;
  return serverRecord({
    type: 'server.destination.added',
    about: `${logId}/${destination}`,
    actor: 'server',
    request: 'start',
    at,
    payload: { destination, destinationType, startFrom, after },
  });
}

/** Rule 17: an operator let go of a range that a destination never got. */
export function destinationSkippedRecord(facts: {
  readonly logId: string;
  readonly destination: string;
  readonly first: Sequence;
  readonly last: Sequence;
  readonly reason: string;
  readonly actor: string;
  readonly request: string;
  readonly at: EpochMillis;
}): NewLogEntry {
  const { logId, destination, first, last, reason, actor, request, at } = facts;
  return serverRecord({
    type: 'server.destination.skipped',
    about: `${logId}/${destination}/${first}-${last}`,
    actor,
    request,
    at,
    payload: { destination, first, last, reason },
  });
}
