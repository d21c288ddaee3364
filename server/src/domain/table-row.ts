import type { AuditRecord } from './audit-record.ts';
import { toIsoString } from './epoch-millis.ts';

/**
 * The columns of every table of audit events (Parquet, QVD): one list, so that all formats agree. `documented` is the
 * schema of the QVD and Parquet destination documents; `extended` appends to it.
 */
export type FieldSet = 'documented' | 'extended';

/** A constant that the configuration adds to the `tags` of every row. */
export interface StaticTag {
  readonly name: string;
  readonly value: string;
}

/** What a cell holds: null, or what `kind` says. */
export type TableColumn =
  /** Signed 64 bits. */
  | Column<'int64', bigint>
  | Column<'double', number>
  /** UTF-8 text, well-formed. */
  | Column<'text', string>
  | Column<'boolean', boolean>
  /** Milliseconds since 1970, UTC. */
  | Column<'timestamp', bigint>
  /** Days since 1970-01-01, UTC. */
  | Column<'date', number>;

interface Column<Kind extends string, Value> {
  readonly name: string;
  readonly kind: Kind;
  /** Pure; never throws for a record of `auditRecordOf`. */
  readonly value: (record: AuditRecord) => Value | null;
}

/** The columns in their order. Every file of a field set has all of them, also where all cells are null. */
export function tableColumns(fieldSet: FieldSet, staticTags: readonly StaticTag[]): readonly TableColumn[] {
  const documented: readonly TableColumn[] = [
    int64('timestamp', (r) => r.timestamp),
    text('date', (r) => r.date),
    text('eventId', (r) => r.eventId),
    text('correlationId', (r) => r.correlationId),
    text('eventType', (r) => r.eventType),
    text('userId', (r) => r.userId),
    text('appId', (r) => r.appId),
    text('appName', (r) => r.appName),
    text('sheetId', (r) => r.sheetId),
    text('sheetName', (r) => r.sheetName),
    text('objectId', (r) => r.objectId),
    text('selectionTxnId', (r) => r.selectionTxnId),
    int64('durationMs', (r) => r.durationMs),
    { name: 'visible', kind: 'boolean', value: (r) => r.visible },
    text('enteredAt', (r) => r.enteredAt),
    text('leftAt', (r) => r.leftAt),
    int64('dataStateId', (r) => r.dataStateId),
    text('selectionDetails', (r) => r.selectionDetails),
    text('screenshotUrl', (r) => r.screenshotUrl),
    text('screenshotSavedPaths', (r) => r.screenshotSavedPaths),
    text('tags', tagsColumn(staticTags)),
  ];
  return fieldSet === 'documented' ? documented : [...documented, ...EXTENDED];
}

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

const EXTENDED: readonly TableColumn[] = [
  text('userDirectory', (r) => r.userDirectory),
  text('userName', (r) => r.userName),
  text('objectType', (r) => r.objectType),
  text('objectData', (r) => r.objectData),
  text('enterSelectionTxnId', (r) => r.enterSelectionTxnId),
  text('leaveSelectionTxnId', (r) => r.leaveSelectionTxnId),
  { name: 'receivedAt', kind: 'timestamp', value: (r) => BigInt(r.receivedAt) },
  int64('sequence', (r) => BigInt(r.sequence)),
  { name: 'eventTime', kind: 'timestamp', value: (r) => r.timestamp },
  { name: 'eventDate', kind: 'date', value: (r) => dayOf(r.timestamp) },
  int64('eventHour', (r) => hourOf(r.timestamp)),
  text('rawEnvelope', (r) => r.rawEnvelope?.toWellFormed() ?? null),
];

function int64(name: string, value: (record: AuditRecord) => bigint | null): TableColumn {
  return { name, kind: 'int64', value };
}

function text(name: string, value: (record: AuditRecord) => string | null): TableColumn {
  return { name, kind: 'text', value };
}

function dayOf(timestamp: bigint | null): number | null {
  return timestamp === null ? null : Math.floor(Number(timestamp) / DAY_MS);
}

/** 0 … 23, UTC. */
function hourOf(timestamp: bigint | null): bigint | null {
  if (timestamp === null) return null;
  const ms = Number(timestamp);
  return BigInt(Math.floor((ms - Math.floor(ms / DAY_MS) * DAY_MS) / HOUR_MS));
}

/** Names that the server itself puts into `tags`; a static tag of that name gives way. */
export const SERVER_TAGS: ReadonlySet<string> = new Set([
  'receivedAt',
  'sequence',
  'screenshotStatus',
  'screenshotReason',
  'asSent',
]);

/**
 * `tags`: a JSON object of the static tags and of what the server knows: `receivedAt` (ISO text), `sequence`,
 * `screenshotStatus` and `screenshotReason` where there was a screenshot, `damaged`, why a line cannot be read any more, and
 * `asSent`, the values that their own field could not hold.
 */
export function tagsColumn(staticTags: readonly StaticTag[]): (record: AuditRecord) => string {
  const constants = Object.fromEntries(
    staticTags.filter((t) => !SERVER_TAGS.has(t.name)).map((t) => [t.name, t.value]),
  );
  const head = JSON.stringify(constants).slice(0, -1) + (Object.keys(constants).length === 0 ? '' : ',');
  return (record) => {
    let tags = `${head}"receivedAt":"${toIsoString(record.receivedAt)}","sequence":${record.sequence}`;
    if (record.screenshotStatus !== null) tags += `,"screenshotStatus":${JSON.stringify(record.screenshotStatus)}`;
    if (record.screenshotReason !== null) tags += `,"screenshotReason":${JSON.stringify(record.screenshotReason)}`;
    if (record.damage !== undefined) tags += `,"damaged":${JSON.stringify(record.damage)}`;
    return `${tags}${asSentMember(record.asSent)}}`;
  };
}

function asSentMember(asSent: AuditRecord['asSent']): string {
  const members = Object.entries(asSent).map(([field, json]) => `${JSON.stringify(field)}:${json}`);
  return members.length === 0 ? '' : `,"asSent":{${members.join(',')}}`;
}
