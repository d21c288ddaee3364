import { type QvdFieldOptions, type QvdFieldType, type QvdInput, QvdWriter } from 'qvd-codec';
import type { AuditRecord } from '../../../domain/audit-record.ts';
import type { EpochMillis } from '../../../domain/epoch-millis.ts';
import type { TableColumn } from '../../../domain/table-row.ts';
import type { WrittenFrom } from '../../shared/part-merger.ts';
import { lineageStatement } from './written-from.ts';

export interface FileFacts {
  readonly product: { readonly name: string; readonly version: string };
  /** Which part of which logs it holds; `logId` once it is known. */
  readonly from: readonly (Partial<WrittenFrom> & Pick<WrittenFrom, 'range'>)[];
  /** The header's CreateUtcTime: incremental load scripts ask for it (`QvdCreateTime`). */
  readonly createdAt: EpochMillis;
  /** The day whose parts it holds. */
  readonly day?: string;
}

const TABLE_NAME = 'audit_event';
const DAY_MS = 86_400_000;

/**
 * One QVD file with all columns, also those where every cell is NULL. The same rows at the same time give the same
 * bytes. Synchronous: run it off the ingest thread.
 * @throws {QvdError} for a time outside the years 0 to 9999, which no record of `auditRecordOf` has
 */
export function encodeQvd(
  columns: readonly TableColumn[],
  records: readonly AuditRecord[],
  facts: FileFacts,
): Uint8Array {
  const writer = openQvd(columns, facts);
  try {
    writer.addRows(records.map((record) => rowOf(columns, record)));
    return writer.toBuffer();
  } finally {
    writer.close();
  }
}

/** A file of these columns, to be filled row by row. */
export function openQvd(columns: readonly TableColumn[], { product, from, createdAt, day }: FileFacts): QvdWriter {
  const creator = `${product.name} ${product.version}`;
  const events = from.map(({ range }) => `${range.first} to ${range.last}`).join(' and ');
  const which = day === undefined ? '' : ` that were written on ${day}`;
  return new QvdWriter({
    tableName: TABLE_NAME,
    fields: columns.map(fieldOf),
    creator,
    comment: `Audit events ${events} of the event log${which}, written by ${creator}. All times are UTC.`,
    lineage: from.map((one) => ({ discriminator: creator, statement: lineageStatement(one) })),
    largeInteger: 'text',
    nulCharacter: 'replace',
    nonFinite: 'null',
    now: () => createdAt,
    // what is in memory is bounded by the size of a batch, or by whoever adds the rows
    spoolMemoryBytes: Number.POSITIVE_INFINITY,
  });
}

const FIELD_TYPES: Readonly<Record<TableColumn['kind'], QvdFieldType>> = {
  int64: 'integer',
  double: 'double',
  text: 'text',
  boolean: 'boolean',
  timestamp: 'timestamp',
  date: 'date',
};

function fieldOf({ name, kind }: TableColumn): QvdFieldOptions {
  const type = FIELD_TYPES[kind];
  return kind === 'timestamp' || kind === 'date' ? { name, type, comment: 'UTC' } : { name, type };
}

/** What the format cannot hold as it is goes into `tags.asSent`, as `auditRecordOf` does it for every table. */
export function rowOf(columns: readonly TableColumn[], record: AuditRecord): QvdInput[] {
  const asSent: Record<string, string> = {};
  const cells = columns.map((column) => cellOf(column, record, asSent));
  if (Object.keys(asSent).length === 0) return cells;
  const noted = { ...record, asSent: { ...asSent, ...record.asSent } };
  return columns.map((column, i) => (column.name === 'tags' ? column.value(noted) : (cells[i] ?? null)));
}

function cellOf(column: TableColumn, record: AuditRecord, asSent: Record<string, string>): QvdInput {
  switch (column.kind) {
    case 'text': {
      const value = column.value(record);
      if (value?.includes('\0')) asSent[column.name] = JSON.stringify(value);
      return value;
    }
    case 'timestamp': {
      const value = column.value(record);
      return value === null ? null : Number(value);
    }
    case 'date': {
      const value = column.value(record);
      return value === null ? null : value * DAY_MS;
    }
    case 'int64':
    case 'double':
    case 'boolean':
      return column.value(record);
  }
}
