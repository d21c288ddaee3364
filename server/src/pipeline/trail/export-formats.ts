import type { AuditRecord } from '../../domain/audit-record.ts';
import { type TableColumn, tableColumns } from '../../domain/table-row.ts';
import { recordMembers } from './record-members.ts';
import { isoTime } from './trail-event.ts';

/** A file that is made while it is sent. */
export interface ExportFile {
  /** @returns the bytes that can go out now */
  add(records: readonly AuditRecord[]): Uint8Array;
  /** Only of a file that can be sent once it is complete: does it hold all that there is room for? */
  isFull?(): boolean;
  /** The rest. Afterwards, or when nothing more is wanted, `close`. */
  end(): Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
  close(): void;
}

export interface ExportFormat {
  readonly name: string;
  readonly contentType: string;
  open(): ExportFile;
}

/** docs/audit-record.md, extended. */
export const EXPORT_COLUMNS = tableColumns('extended', []);

/** A line of JSON for each event. */
export const NDJSON: ExportFormat = {
  name: 'ndjson',
  contentType: 'application/x-ndjson; charset=utf-8',
  open: () => textFile('', (record) => `${JSON.stringify(recordMembers(record))}\n`),
};

const BYTE_ORDER_MARK = '\ufeff';

/** RFC 4180, with the mark by which spreadsheets recognise UTF-8. */
export const CSV: ExportFormat = {
  name: 'csv',
  contentType: 'text/csv; charset=utf-8; header=present',
  open: () => {
    const header = `${BYTE_ORDER_MARK}${EXPORT_COLUMNS.map(({ name }) => name).join(',')}\r\n`;
    return textFile(header, (record) => `${EXPORT_COLUMNS.map((column) => csvCell(column, record)).join(',')}\r\n`);
  },
};

function textFile(header: string, line: (record: AuditRecord) => string): ExportFile {
  let before = header;
  return {
    add(records) {
      const text = before + records.map(line).join('');
      before = '';
      return Buffer.from(text);
    },
    // without any row the header stands alone
    *end() {
      if (before !== '') yield Buffer.from(before);
    },
    close() {},
  };
}

function csvCell(column: TableColumn, record: AuditRecord): string {
  switch (column.kind) {
    case 'text':
      return textCell(column.value(record));
    case 'timestamp': {
      const value = column.value(record);
      return value === null ? '' : isoTime(Number(value));
    }
    case 'date': {
      const value = column.value(record);
      return value === null ? '' : isoTime(value * DAY_MS).slice(0, 10);
    }
    default:
      return String(column.value(record) ?? '');
  }
}

const DAY_MS = 86_400_000;
/** What a spreadsheet takes for a formula, also behind blanks and in its wide forms. */
const FORMULA = /^\s*[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]|^[\t\r\n]/;

/** Where spreadsheets of other countries, whose lists have semicolons, take the next cell to begin. */
const INNER_FORMULA = /([;\t\r\n]["'\s]*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])/g;

/** What a spreadsheet would calculate gets an apostrophe, which shows it as text. */
function textCell(text: string | null): string {
  if (text === null) return '';
  const inner = text.replaceAll(INNER_FORMULA, "$1'");
  const harmless = FORMULA.test(inner) ? `'${inner}` : inner;
  return /[",\r\n]/.test(harmless) || harmless !== harmless.trim() ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
