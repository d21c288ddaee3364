import { ParquetFile } from '../adapters/destinations/parquet/encode.ts';
import { openQvd, rowOf } from '../adapters/destinations/qvd/encode.ts';
import type { AuditRecord } from '../domain/audit-record.ts';
import { sequence } from '../domain/sequence.ts';
import type { Clock } from '../pipeline/ports/clock.ts';
import { CSV, EXPORT_COLUMNS, type ExportFile, type ExportFormat, NDJSON } from '../pipeline/trail/export-formats.ts';
import { PRODUCT } from './product.ts';

/** A row group costs a footer of some kilobytes. */
const ROW_GROUP_ROWS = 1000;
/** Every distinct value of every column is in memory until the file is sent. */
const MAX_QVD_ROWS = 50_000;

/** What the trail can be exported as: the encoders of the destinations, row by row. */
export function exportFormats(logId: string, position: () => number, clock: Clock): readonly ExportFormat[] {
  return [
    NDJSON,
    CSV,
    { name: 'parquet', contentType: 'application/vnd.apache.parquet', open: () => parquetFile(logId) },
    {
      name: 'qvd',
      contentType: 'application/octet-stream',
      maxRows: MAX_QVD_ROWS,
      open: () => qvdFile(logId, position(), clock),
    },
  ];
}

function parquetFile(logId: string): ExportFile {
  const file = new ParquetFile(EXPORT_COLUMNS, { product: PRODUCT, from: { logId } });
  let waiting: AuditRecord[] = [];
  const writeGroup = () => {
    file.addRowGroup(EXPORT_COLUMNS.map((column) => waiting.map((record) => column.value(record))));
    waiting = [];
  };
  return {
    add(records) {
      waiting.push(...records);
      if (waiting.length < ROW_GROUP_ROWS) return new Uint8Array();
      writeGroup();
      return file.take();
    },
    *end() {
      if (waiting.length > 0) writeGroup();
      file.finish();
      yield file.take();
    },
    close() {},
  };
}

function qvdFile(logId: string, position: number, clock: Clock): ExportFile {
  const range = { first: sequence(1), last: sequence(position) };
  const writer = openQvd(EXPORT_COLUMNS, { product: PRODUCT, from: [{ logId, range }], createdAt: clock.now() });
  return {
    add(records) {
      for (const record of records) writer.addRow(rowOf(EXPORT_COLUMNS, record));
      return new Uint8Array();
    },
    *end() {
      yield writer.toBuffer();
    },
    close: () => writer.close(),
  };
}
