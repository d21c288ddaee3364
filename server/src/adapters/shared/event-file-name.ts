import type { AuditRecord } from '../../domain/audit-record.ts';
import { epochMillis, toIsoString } from '../../domain/epoch-millis.ts';

/** With the time before it and a suffix behind it, two parts of this length stay below the 255 bytes of a file name. */
const MAX_ID_LENGTH = 100;

/**
 * `YYYYMMDDThhmmss.mmmZ_<eventId>_<correlationId>`: the name, without extension, of every file about one event. Ids come
 * from outside: what is not a letter, a digit, `.`, `_` or `-` becomes `_`, an absent one is `none`, long ones are cut.
 * Beginning with the time, no name is one that Windows reserves, and none leads out of its folder.
 */
export function eventFileName(record: Pick<AuditRecord, 'timestamp' | 'eventId' | 'correlationId'>): string {
  const at = record.timestamp === null ? 'none' : compactTime(record.timestamp);
  return `${at}_${safePart(record.eventId?.toLowerCase())}_${safePart(record.correlationId)}`;
}

/** `20261123T070000.123Z` */
function compactTime(timestamp: bigint): string {
  return toIsoString(epochMillis(Number(timestamp))).replaceAll(/[-:]/g, '');
}

function safePart(id: string | null | undefined): string {
  if (id === null || id === undefined || id === '') return 'none';
  return id.slice(0, MAX_ID_LENGTH).replaceAll(/[^A-Za-z0-9._-]/g, '_');
}
