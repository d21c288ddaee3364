import type { EpochMillis } from './epoch-millis.ts';
import type { Sequence } from './sequence.ts';

/** Who appended a line: a browser's event, or what the server itself learnt (types `server.*`). Rule 3. */
export type Origin = 'client' | 'server';

/** An entry on its way into the log. */
export interface NewLogEntry {
  readonly origin: Origin;
  /** Lower case UUID. For server records it follows from what they are about (rule 3). */
  readonly id: string;
  readonly type: string;
  /** When it was received. */
  readonly at: EpochMillis;
  /** Ingest decided that a screenshot download follows; delivery waits for its outcome record (rules 2, 14). */
  readonly awaits?: 'screenshot';
  /** Server records: the sequence of the line they are about. */
  readonly subject?: Sequence;
  /** The envelope as JSON on one line, otherwise exactly as it came. UTF-8 bytes must stay as they are until it is stored. */
  readonly envelope: string | Buffer;
  /** Client events: the address it came from, as text. */
  readonly ip?: string;
  /** Client events: the version of Audit.qs, from header or envelope. */
  readonly auditQsVersion?: string;
  /** Server records: who caused it (an operator's account name, or `server`). */
  readonly actor?: string;
  /** Server records: the command or request that caused it. */
  readonly request?: string;
}

/** What the private part of a line holds besides the salt. */
export interface PrivatePart {
  readonly ip?: string;
  readonly auditQsVersion?: string;
  readonly actor?: string;
  readonly request?: string;
  /** The envelope, parsed. Foreign input: nothing about it may be assumed beyond what ingest checked. */
  readonly envelope: unknown;
  /** The exact bytes of the envelope as stored. */
  readonly envelopeText: string;
}

/** A whole line as read back. */
export interface StoredEvent {
  readonly kind: 'event';
  readonly seq: Sequence;
  readonly at: EpochMillis;
  readonly origin: Origin;
  readonly id: string;
  readonly type: string;
  readonly awaits?: 'screenshot';
  readonly subject?: Sequence;
  /** base64url SHA-256 of the private part. */
  readonly digest: string;
  /** Parses the private part on first use (most followers need the public part only). Undefined: erased. */
  readonly private: () => PrivatePart | undefined;
}

/** Sequences whose lines were synced once and cannot be read any more (rule 9). */
export interface DamagedLines {
  readonly kind: 'damaged';
  readonly first: Sequence;
  readonly last: Sequence;
  readonly reason: string;
}

export type LogItem = StoredEvent | DamagedLines;

/** The last sequence that an item covers. */
export function lastSequenceOf(item: LogItem): Sequence {
  return item.kind === 'event' ? item.seq : item.last;
}
