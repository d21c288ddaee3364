import { type EpochMillis, epochMillis, utcDay } from './epoch-millis.ts';
import { compactJson, int64Of, NumberText, parseExact } from './exact-json.ts';
import type { PrivatePart, StoredEvent } from './log-entry.ts';
import { contextValue, eventValue, membersOf, type PayloadPlaces, payloadPlaces } from './payload-member.ts';
import { parseRfc3339 } from './rfc3339.ts';
import { readScreenshotOutcome } from './screenshot-outcome.ts';
import type { Sequence } from './sequence.ts';
import { parseUserIdentity } from './user-identity.ts';

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
  /** Where `durationMs` is rounded: with the fraction, for destinations that can hold it. */
  readonly durationFractionMs?: number;
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
  /** JSON text as stored; null once erased. */
  readonly rawEnvelope: string | null;

  // The server's own knowledge, in every row
  readonly receivedAt: EpochMillis;
  readonly sequence: Sequence;
  /** `saved`, `failed`, …: only where there was a screenshot to fetch. */
  readonly screenshotStatus: string | null;
  readonly screenshotReason: string | null;
  /** Only in exports of the trail: why the line cannot be read any more. What it said is null then. */
  readonly damage?: string;
  /** What a field could not hold, by field name: JSON text of the value as sent, which every JSON reader takes. */
  readonly asSent: Readonly<Record<string, string>>;
}

/**
 * Derives the row of one event; docs/audit-record.md has the table of where each field comes from. Pure, and never
 * throws, whatever the envelope holds.
 * @param event a client's event; or, for a picture that arrived late (rule 14) and for any other server record that a
 *   destination asks for, that record itself, which becomes a row of its own
 * @param outcome the first outcome record of a client's event that awaited a screenshot
 */
export function auditRecordOf(event: StoredEvent, outcome?: StoredEvent): AuditRecord {
  const stored = event.private();
  if (stored === undefined) return recordWithoutEnvelope(event, null);
  return event.origin === 'server' ? serverRecord(event, stored) : clientRecord(event, stored, outcome);
}

function clientRecord(event: StoredEvent, stored: PrivatePart, outcome: StoredEvent | undefined): AuditRecord {
  const envelope = membersOf(stored.envelope);
  const places = payloadPlaces(envelope);
  const fields = new FieldReader(stored, places);
  const timestamp = fields.time('timestamp', envelope.timestamp);
  const userId = fields.text('userId', userValue(places));
  const identity = userId === null ? undefined : parseUserIdentity(userId);
  const picture = outcome === undefined ? undefined : outcomeOf(outcome);
  return {
    timestamp: timestamp === null ? null : BigInt(timestamp),
    date: timestamp === null ? null : utcDay(timestamp),
    eventId: fields.text('eventId', envelope.eventId) ?? event.id,
    correlationId: fields.text('correlationId', envelope.correlationId),
    eventType: fields.text('eventType', envelope.type) ?? event.type,
    userId,
    appId: fields.text('appId', contextValue(places, 'appId')),
    appName: fields.text('appName', contextValue(places, 'appName')),
    sheetId: fields.text('sheetId', contextValue(places, 'sheetId')),
    sheetName: fields.text('sheetName', contextValue(places, 'sheetName')),
    objectId: fields.text('objectId', eventValue(places, 'objectId')),
    selectionTxnId: fields.text('selectionTxnId', eventValue(places, 'selectionTxnId')),
    durationMs: fields.int64('durationMs', durationValue, 'rounded'),
    ...fractionOf(durationValue(places)),
    visible: fields.boolean('visible', eventValue(places, 'visible')),
    enteredAt: fields.text('enteredAt', eventValue(places, 'enteredAt')),
    leftAt: fields.text('leftAt', eventValue(places, 'leftAt')),
    dataStateId: fields.int64('dataStateId', dataStateValue),
    selectionDetails: fields.json('selectionDetails', detailsValue),
    screenshotUrl: fields.text('screenshotUrl', eventValue(places, 'screenshotUrl')),
    screenshotSavedPaths: pathsJson(picture?.paths),
    userDirectory: identity?.directory ?? null,
    userName: identity?.user ?? null,
    objectType: fields.text('objectType', objectTypeValue(places)),
    objectData: fields.json('objectData', objectDataValue),
    enterSelectionTxnId: fields.text('enterSelectionTxnId', eventValue(places, 'enterSelectionTxnId')),
    leaveSelectionTxnId: fields.text('leaveSelectionTxnId', eventValue(places, 'leaveSelectionTxnId')),
    rawEnvelope: stored.envelopeText,
    receivedAt: event.at,
    sequence: event.seq,
    screenshotStatus: picture?.status ?? null,
    screenshotReason: picture?.reason ?? null,
    asSent: fields.asSent,
  };
}

/** Stands for a line that was synced once and cannot be read any more, so that a table has a row for each event. */
export function damagedRecord(
  line: Pick<StoredEvent, 'seq' | 'at' | 'id' | 'type'> & { readonly time: EpochMillis },
  damage: string,
): AuditRecord {
  const bare = recordWithoutEnvelope(
    { ...line, kind: 'event', origin: 'client', digest: '', private: noContents },
    null,
  );
  return { ...bare, timestamp: BigInt(line.time), date: utcDay(line.time), damage };
}

function noContents(): undefined {}

/** A server record's time is the server's. An outcome names its event by correlationId and selectionTxnId. */
function serverRecord(event: StoredEvent, stored: PrivatePart): AuditRecord {
  const bare = recordWithoutEnvelope(event, stored.envelopeText);
  if (!event.type.startsWith('server.screenshot.')) return bare;
  const picture = readScreenshotOutcome(event.type, stored.envelope);
  return {
    ...bare,
    correlationId: picture.correlationId,
    selectionTxnId: picture.selectionTxnId,
    screenshotSavedPaths: pathsJson(picture.paths),
    screenshotStatus: picture.status,
    screenshotReason: picture.reason,
  };
}

/** What the public part of the line says: all that an erasure leaves. */
function recordWithoutEnvelope(event: StoredEvent, envelopeText: string | null): AuditRecord {
  const isServer = event.origin === 'server';
  return {
    timestamp: isServer ? BigInt(event.at) : null,
    date: isServer ? utcDay(event.at) : null,
    eventId: event.id,
    correlationId: null,
    eventType: event.type,
    userId: null,
    appId: null,
    appName: null,
    sheetId: null,
    sheetName: null,
    objectId: null,
    selectionTxnId: null,
    durationMs: null,
    visible: null,
    enteredAt: null,
    leftAt: null,
    dataStateId: null,
    selectionDetails: null,
    screenshotUrl: null,
    screenshotSavedPaths: null,
    userDirectory: null,
    userName: null,
    objectType: null,
    objectData: null,
    enterSelectionTxnId: null,
    leaveSelectionTxnId: null,
    rawEnvelope: envelopeText,
    receivedAt: event.at,
    sequence: event.seq,
    screenshotStatus: null,
    screenshotReason: null,
    asSent: {},
  };
}

function outcomeOf(outcome: StoredEvent): ReturnType<typeof readScreenshotOutcome> {
  return readScreenshotOutcome(outcome.type, outcome.private()?.envelope);
}

function pathsJson(paths: readonly string[] | undefined): string | null {
  return paths === undefined || paths.length === 0 ? null : JSON.stringify(paths);
}

const durationValue = (p: PayloadPlaces): unknown => eventValue(p, 'duration') ?? eventValue(p, 'durationMs');
const dataStateValue = (p: PayloadPlaces): unknown => eventValue(p, 'dataStateId');
const detailsValue = (p: PayloadPlaces): unknown => eventValue(p, 'details') ?? eventValue(p, 'selectionDetails');
const objectDataValue = (p: PayloadPlaces): unknown => eventValue(p, 'objectData');

/** Real clients send `context.user`; documents speak of `userId`. */
function userValue({ context, payload, event }: PayloadPlaces): unknown {
  return context.user ?? context.userId ?? payload.user ?? payload.userId ?? event.user ?? event.userId;
}

function objectTypeValue(places: PayloadPlaces): unknown {
  return (
    eventValue(places, 'objectType') ?? membersOf(objectDataValue(places)).objectType ?? eventValue(places, 'vizType')
  );
}

function hasFraction(value: number): boolean {
  return Number.isFinite(value) && !Number.isInteger(value);
}

function fractionOf(duration: unknown): Pick<AuditRecord, 'durationFractionMs'> {
  return typeof duration === 'number' && hasFraction(duration) ? { durationFractionMs: duration } : {};
}

/** Gives each field its type; what a field cannot hold is null, and stands in `asSent` (lone surrogates: U+FFFD). */
class FieldReader {
  readonly asSent: Record<string, string> = {};
  readonly #stored: PrivatePart;
  readonly #places: PayloadPlaces;
  #exactPlaces: PayloadPlaces | undefined;

  constructor(stored: PrivatePart, places: PayloadPlaces) {
    this.#stored = stored;
    this.#places = places;
  }

  text(field: string, value: unknown): string | null {
    if (typeof value !== 'string') return this.#refuse(field, value);
    if (value.isWellFormed()) return value;
    this.#refuse(field, value);
    return value.toWellFormed();
  }

  boolean(field: string, value: unknown): boolean | null {
    return typeof value === 'boolean' ? value : this.#refuse(field, value);
  }

  time(field: string, value: unknown): EpochMillis | null {
    const at = typeof value === 'string' ? parseRfc3339(value) : undefined;
    // outside these years no date has eight digits
    return at !== undefined && at >= FIRST_MILLI && at <= LAST_MILLI ? at : this.#refuse(field, value);
  }

  int64(field: string, pick: (places: PayloadPlaces) => unknown, fractions?: 'rounded'): bigint | null {
    const value = pick(this.#places);
    if (typeof value !== 'number') return this.#refuse(field, value);
    if (fractions === undefined && hasFraction(value)) return this.#refuse(field, value);
    if (Number.isSafeInteger(Math.round(value))) return int64Of(value) ?? null;
    const exact = pick(this.#exact());
    const held = exact instanceof NumberText || typeof exact === 'number' ? int64Of(exact) : undefined;
    return held ?? this.#refuse(field, exact);
  }

  /** JSON text as sent, without the blanks between tokens. */
  json(field: string, pick: (places: PayloadPlaces) => unknown): string | null {
    const value = pick(this.#places);
    if (value === undefined || value === null) return null;
    const text = compactJson(value);
    // found under its name letter by letter: no number lost its spelling
    if (text !== undefined && typeof value !== 'number' && this.#isSpelled(field, text)) return text;
    return compactJson(pick(this.#exact())) ?? text ?? this.#refuse(field, value);
  }

  #isSpelled(field: string, text: string): boolean {
    const names = field === 'selectionDetails' ? ['details', field] : [field];
    const { envelopeText } = this.#stored;
    return names.some((n) => envelopeText.includes(`"${n}":${text}`) || envelopeText.includes(`"${n}": ${text}`));
  }

  #exact(): PayloadPlaces {
    this.#exactPlaces ??= payloadPlaces(parseOrUndefined(this.#stored.envelopeText) ?? this.#stored.envelope);
    return this.#exactPlaces;
  }

  #refuse(field: string, value: unknown): null {
    if (value !== undefined && value !== null) this.asSent[field] = harmlessJson(value);
    return null;
  }
}

const FIRST_MILLI = epochMillis(Date.UTC(-1, 12));
const LAST_MILLI = epochMillis(Date.UTC(10000, 0) - 1);

function parseOrUndefined(text: string): unknown {
  try {
    return parseExact(text);
  } catch {
    return undefined;
  }
}

const UNREADABLE = /\\ud[89a-f]|\d[eE]\+?(?:309|3[1-9]\d|[4-9]\d\d|\d{4})/;

/** Lone surrogates and numbers beyond a double are legal JSON that many readers refuse: those values go in as text. */
function harmlessJson(value: unknown): string {
  const text = compactJson(value);
  if (text === undefined) return '"nested too deeply to be repeated here: see the event log"';
  return UNREADABLE.test(text) ? JSON.stringify(text) : text;
}
