export { epochMsToSerial, serialToEpochMs } from './dates.ts';
export { QvdError, type QvdErrorCode, type QvdErrorPlace } from './errors.ts';
export type { QvdField, QvdHeader, QvdLineage, QvdNumberFormat } from './header.ts';
export { QvdDual, type QvdInput, type QvdValue } from './values.ts';
export type { UnstorablePolicy } from './write/column.ts';
export type { QvdFieldOptions, QvdFieldType } from './write/field-types.ts';
export type { QvdSink } from './write/sink.ts';
export { type QvdSummary, QvdWriter, type QvdWriterOptions } from './write/writer.ts';
