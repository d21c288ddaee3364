import type { AuditRecord } from './audit-record.ts';
import { type EpochMillis, epochMillis, toIsoString } from './epoch-millis.ts';

/** In the order in which they stand in the picture. The names are those of `screenshots.addInImageMetadata`. */
export const IMAGE_FACTS = [
  'date',
  'eventId',
  'correlationId',
  'selectionTxnId',
  'userId',
  'appId',
  'appName',
  'sheetName',
  'viewingDuration',
] as const;
export type ImageFact = (typeof IMAGE_FACTS)[number];

/** Minutes that the server's clock is ahead of UTC at that moment; negative west of Greenwich. */
export type OffsetMinutesAt = (at: EpochMillis) => number;

/**
 * The header of the annotated copy: label and value of each fact that is wanted and that the event has, in the order of
 * `IMAGE_FACTS`. The time stands there twice, in UTC and in the server's time with its offset.
 */
export function annotationLines(
  record: AuditRecord,
  wanted: Readonly<Record<ImageFact, boolean>>,
  offsetMinutesAt: OffsetMinutesAt,
): readonly { readonly label: string; readonly value: string }[] {
  return IMAGE_FACTS.filter((fact) => wanted[fact])
    .flatMap((fact) => linesOf(fact, record, offsetMinutesAt))
    .flatMap(({ label, value }) => (value === null || value.trim() === '' ? [] : [{ label, value }]));
}

interface Line {
  readonly label: string;
  readonly value: string | null;
}

function linesOf(fact: ImageFact, record: AuditRecord, offsetMinutesAt: OffsetMinutesAt): readonly Line[] {
  switch (fact) {
    case 'date':
      return timeLines(record, offsetMinutesAt);
    case 'eventId':
      return [{ label: 'Event ID', value: record.eventId }];
    case 'correlationId':
      return [{ label: 'Correlation ID', value: record.correlationId }];
    case 'selectionTxnId':
      return [{ label: 'Selection transaction ID', value: record.selectionTxnId }];
    case 'userId':
      return [{ label: 'User', value: record.userId }];
    case 'appId':
      return [{ label: 'App ID', value: record.appId }];
    case 'appName':
      return [{ label: 'App', value: record.appName }];
    case 'sheetName':
      return [{ label: 'Sheet', value: record.sheetName }];
    case 'viewingDuration':
      return [{ label: 'Viewing duration', value: durationText(record.durationMs) }];
  }
}

/** The event's own time; the time of receipt where it has none. */
function timeLines({ timestamp, receivedAt }: AuditRecord, offsetMinutesAt: OffsetMinutesAt): readonly Line[] {
  const at = timestamp === null ? receivedAt : epochMillis(Number(timestamp));
  const offset = Math.round(offsetMinutesAt(at));
  return [
    { label: 'Time (UTC)', value: `${plainTime(at)} UTC` },
    { label: 'Time (server)', value: `${plainTime(epochMillis(at + offset * 60_000))} ${offsetText(offset)}` },
  ];
}

/** `2026-11-23 07:00:00.123` */
function plainTime(at: EpochMillis): string {
  return toIsoString(at).replace('T', ' ').replace('Z', '');
}

/** `+01:00` */
function offsetText(minutes: number): string {
  const amount = Math.abs(minutes);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(amount / 60))}:${two(amount % 60)}`;
}

/** `20.337 s`, and beyond a minute `1 h 2 min 5.5 s` too. */
function durationText(durationMs: bigint | null): string | null {
  if (durationMs === null || durationMs < 0n) return null;
  const seconds = `${durationMs / 1000n}${fraction(durationMs % 1000n)} s`;
  if (durationMs < 60_000n) return seconds;
  const hours = durationMs / 3_600_000n;
  const minutes = (durationMs / 60_000n) % 60n;
  const rest = `${(durationMs / 1000n) % 60n}${fraction(durationMs % 1000n)} s`;
  return `${hours === 0n ? '' : `${hours} h `}${minutes} min ${rest} (${seconds})`;
}

function fraction(milliseconds: bigint): string {
  const digits = String(milliseconds).padStart(3, '0').replace(/0+$/, '');
  return digits === '' ? '' : `.${digits}`;
}
