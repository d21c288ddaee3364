import type { AuditRecord } from '../../domain/audit-record.ts';
import { tableColumns } from '../../domain/table-row.ts';
import { isoTime } from './trail-event.ts';

const COLUMNS = tableColumns('extended', []);
const DAY_MS = 86_400_000;

/** The columns of docs/audit-record.md, extended, as JSON values: integers beyond 2^53 as text, times as ISO 8601. */
export function recordMembers(record: AuditRecord): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    COLUMNS.map((column) => {
      switch (column.kind) {
        case 'int64':
          return [column.name, integerOrText(column.value(record))];
        case 'timestamp': {
          const value = column.value(record);
          return [column.name, value === null ? null : isoTime(Number(value))];
        }
        case 'date': {
          const value = column.value(record);
          return [column.name, value === null ? null : isoTime(value * DAY_MS).slice(0, 10)];
        }
        default:
          return [column.name, column.value(record)];
      }
    }),
  );
}

/** As `recordMembers`, for an answer with the envelope beside it: without the columns that repeat megabytes of it. */
export function briefRecordMembers(record: AuditRecord): Readonly<Record<string, unknown>> {
  const { objectData: _data, rawEnvelope: _envelope, ...brief } = recordMembers(record);
  return brief;
}

function integerOrText(value: bigint | null): number | string | null {
  if (value === null) return null;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}
