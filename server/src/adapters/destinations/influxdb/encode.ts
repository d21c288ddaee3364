import type { AuditRecord } from '../../../domain/audit-record.ts';
import { epochMillis, toIsoString } from '../../../domain/epoch-millis.ts';
import type { StaticTag } from '../../../domain/table-row.ts';
import {
  FIRST_NANOSECOND,
  type FieldValue,
  LAST_NANOSECOND,
  LEFT_OUT,
  type Point,
} from '../../shared/influxdb/line-protocol.ts';

/** `documented`: the tags of the public documents. `low-cardinality`: ids that are new in every event are fields. */
export type TagProfile = 'documented' | 'low-cardinality';

export interface PointOptions {
  readonly measurementName: string;
  readonly auditEventSchemaVersion: string;
  readonly staticTags: readonly StaticTag[];
  readonly tagProfile: TagProfile;
}

type Member = readonly [name: string, value: string | null];

const NANOSECONDS = 1_000_000n;

/** The point of one row; the same row always gives the same point, so that a repetition overwrites it with itself. */
export function pointOf(record: AuditRecord, options: PointOptions, isConflict = false): Point {
  const unique: readonly Member[] = [
    ['eventId', record.eventId],
    ['correlationId', record.correlationId],
    ['selectionTxnId', record.selectionTxnId],
  ];
  const isDocumented = options.tagProfile === 'documented';
  const tags: readonly Member[] = [
    ['appId', record.appId],
    ['appName', record.appName],
    ['eventType', record.eventType],
    ['userId', record.userId],
    ['auditEventSchemaVersion', options.auditEventSchemaVersion],
    ...options.staticTags.map(({ name, value }) => [name, value] as const),
    ...(isDocumented ? unique : []),
  ];
  const time = timeOf(record);
  return {
    measurement: options.measurementName,
    tags: tags.filter(isPresent),
    fields: [...(isDocumented ? [] : texts(unique)), ...eventFields(record), ...time.fields],
    timeNanoseconds: isDocumented && !isConflict ? time.nanoseconds : apart(time.nanoseconds, record.sequence),
  };
}

/** Two events of one user in one millisecond, or of one id, stay two points where no tag tells them apart. */
function apart(nanoseconds: bigint, sequence: number): bigint {
  return nanoseconds + (BigInt(sequence) % NANOSECONDS);
}

/** The event's time; where it has none that InfluxDB can hold, that of its arrival, with the event's own beside it. */
function timeOf(record: AuditRecord): { nanoseconds: bigint; fields: Point['fields'] } {
  const { timestamp } = record;
  const nanoseconds = (timestamp ?? BigInt(record.receivedAt)) * NANOSECONDS;
  if (nanoseconds >= FIRST_NANOSECOND && nanoseconds <= LAST_NANOSECOND - NANOSECONDS) {
    return { nanoseconds, fields: [] };
  }
  const exact = toIsoString(epochMillis(Number(timestamp ?? record.receivedAt)));
  const fields = texts([['timestamp_exact', exact]]);
  return { nanoseconds: BigInt(record.receivedAt) * NANOSECONDS, fields };
}

function eventFields(record: AuditRecord): Point['fields'] {
  const asSent = Object.keys(record.asSent).length === 0 ? null : asSentJson(record.asSent);
  return [
    ...texts([
      ['sheetId', record.sheetId],
      ['sheetName', record.sheetName],
      ['objectId', record.objectId],
      ['screenshotUrl', record.screenshotUrl],
      ['screenshotSavedPaths', record.screenshotSavedPaths],
      ['screenshotStatus', record.screenshotStatus],
      ['screenshotReason', record.screenshotReason],
      ['enteredAt', record.enteredAt],
      ['leftAt', record.leftAt],
      ['selectionDetails', record.selectionDetails],
      ['objectData', record.objectData],
      ['enterSelectionTxnId', record.enterSelectionTxnId],
      ['leaveSelectionTxnId', record.leaveSelectionTxnId],
      ['asSent', asSent],
      ['receivedAt', toIsoString(record.receivedAt)],
    ]),
    ...durations(record),
    ...(record.visible === null ? [] : [['visible', { kind: 'boolean', value: record.visible }] as const]),
    ...(record.dataStateId === null ? [] : [['dataStateId', { kind: 'integer', value: record.dataStateId }] as const]),
    ['sequence', { kind: 'integer', value: BigInt(record.sequence) }],
  ];
}

/** A float, as Butler SOS writes it; above 2^53 it may be rounded, and the exact one stands beside it. */
function durations({ durationMs: value, durationFractionMs }: AuditRecord): Point['fields'] {
  if (value === null) return [];
  if (durationFractionMs !== undefined) return [['durationMs', { kind: 'float', value: durationFractionMs }]];
  const rounded: Point['fields'] = [['durationMs', { kind: 'float', value }]];
  return BigInt(Number(value)) === value ? rounded : [...rounded, ...texts([['durationMs_exact', String(value)]])];
}

/** The values are JSON texts already. */
function asSentJson(asSent: AuditRecord['asSent']): string {
  return `{${Object.entries(asSent)
    .map(([name, json]) => `${JSON.stringify(name)}:${json}`)
    .join(',')}}`;
}

function texts(members: readonly Member[]): readonly (readonly [string, FieldValue])[] {
  return members.filter(isPresent).map(([name, value]) => [name, { kind: 'string', value: value.toWellFormed() }]);
}

function isPresent(member: Member): member is readonly [name: string, value: string] {
  return member[1] !== null;
}

/** Names that the destination gives to tags and fields: no static tag may have one. */
export const OWN_NAMES: ReadonlySet<string> = new Set([
  ...['appId', 'appName', 'eventType', 'userId', 'auditEventSchemaVersion', 'eventId', 'correlationId'],
  ...[
    'selectionTxnId',
    'sheetId',
    'sheetName',
    'objectId',
    'screenshotUrl',
    'screenshotSavedPaths',
    'screenshotStatus',
  ],
  ...[
    'screenshotReason',
    'enteredAt',
    'leftAt',
    'selectionDetails',
    'objectData',
    'enterSelectionTxnId',
    'leaveSelectionTxnId',
    'asSent',
  ],
  ...[
    'receivedAt',
    'durationMs',
    'visible',
    'dataStateId',
    'sequence',
    'timestamp_exact',
    'durationMs_exact',
    'time',
    LEFT_OUT,
  ],
]);
