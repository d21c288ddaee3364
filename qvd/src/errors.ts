/** Why a QVD file could not be written or read. README.md lists them with their remedies. */
export type QvdErrorCode =
  | 'QVD_SCHEMA_INVALID'
  | 'QVD_ROW_LENGTH'
  | 'QVD_VALUE_TYPE'
  | 'QVD_VALUE_NOT_FINITE'
  | 'QVD_NOT_AN_INTEGER'
  | 'QVD_INTEGER_TOO_LARGE'
  | 'QVD_DATE_OUT_OF_RANGE'
  | 'QVD_TEXT_HAS_NUL'
  | 'QVD_TEXT_LONE_SURROGATE'
  | 'QVD_WRITER_CLOSED'
  | 'QVD_SPOOL_FAILED'
  | 'QVD_NOT_A_QVD'
  | 'QVD_HEADER_TOO_LARGE'
  | 'QVD_HEADER_XML'
  | 'QVD_HEADER_INVALID'
  | 'QVD_UNSUPPORTED'
  | 'QVD_LAYOUT'
  | 'QVD_TRUNCATED'
  | 'QVD_SYMBOLS_DAMAGED'
  | 'QVD_TEXT_NOT_UTF8'
  | 'QVD_ROW_DAMAGED'
  | 'QVD_FIELD_UNKNOWN'
  | 'QVD_SELECTION_INVALID'
  | 'QVD_READER_CLOSED';

/** Where in the table: the field's name, and the row counted from 0. Absent when the error is about the whole file. */
export interface QvdErrorPlace {
  readonly field?: string;
  readonly row?: number;
}

/** The one error class of this package; what a file system or a sink throws passes through as it is. */
export class QvdError extends Error {
  override readonly name = 'QvdError';
  readonly code: QvdErrorCode;
  readonly field: string | undefined;
  readonly row: number | undefined;

  constructor(code: QvdErrorCode, message: string, place: QvdErrorPlace = {}, cause?: unknown) {
    const where = [
      ...(place.field === undefined ? [] : [`field ${JSON.stringify(place.field)}`]),
      ...(place.row === undefined ? [] : [`row ${place.row} (counted from 0)`]),
    ].join(', ');
    super(where === '' ? message : `${where}: ${message}`, cause === undefined ? undefined : { cause });
    this.code = code;
    this.field = place.field;
    this.row = place.row;
  }
}
