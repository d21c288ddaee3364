import { PassThrough } from 'node:stream';
import type { QvdWriter } from 'qvd-codec';
import { ParquetFile } from '../adapters/destinations/parquet/encode.ts';
import { openQvd, rowOf } from '../adapters/destinations/qvd/encode.ts';
import type { AuditRecord } from '../domain/audit-record.ts';
import { sequence } from '../domain/sequence.ts';
import type { Clock } from '../pipeline/ports/clock.ts';
import { CSV, EXPORT_COLUMNS, type ExportFile, type ExportFormat, NDJSON } from '../pipeline/trail/export-formats.ts';
import { PRODUCT } from './product.ts';

/** A row group costs a footer of some kilobytes. */
const ROW_GROUP_ROWS = 1000;
/**
 * Every distinct value of every column is in memory until the file is sent; all exports share this. An event with an
 * envelope of 1.3 kB takes 1.6 kB.
 */
const MAX_QVD_BYTES = 1 << 30;

/** What the trail can be exported as: the encoders of the destinations, row by row. */
export function exportFormats(
  logId: string,
  position: () => number,
  clock: Clock,
  maxQvdBytes = MAX_QVD_BYTES,
): readonly ExportFormat[] {
  const writers = new Set<QvdWriter>();
  return [
    NDJSON,
    CSV,
    { name: 'parquet', contentType: 'application/vnd.apache.parquet', open: () => parquetFile(logId) },
    {
      name: 'qvd',
      contentType: 'application/octet-stream',
      open: () => {
        const range = { first: sequence(1), last: sequence(position()) };
        const facts = { product: PRODUCT, from: [{ logId, range }], createdAt: clock.now() };
        return qvdFile(openQvd(EXPORT_COLUMNS, facts), writers, maxQvdBytes);
      },
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

function qvdFile(writer: QvdWriter, writers: Set<QvdWriter>, maxBytes: number): ExportFile {
  writers.add(writer);
  return {
    add(records) {
      writer.addRows(records.map((record) => rowOf(EXPORT_COLUMNS, record)));
      return new Uint8Array();
    },
    isFull: () => [...writers].reduce((sum, { memoryBytes }) => sum + memoryBytes, 0) > maxBytes,
    async *end() {
      const pieces = new PassThrough();
      writer.writeTo(pieces).then(
        () => pieces.end(),
        (error: Error) => pieces.destroy(error),
      );
      yield* pieces as AsyncIterable<Buffer>;
    },
    close() {
      writers.delete(writer);
      writer.close();
    },
  };
}
