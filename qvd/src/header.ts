/** How Qlik shows a field's numbers. Decoding never depends on it. */
export interface QvdNumberFormat {
  /** UNKNOWN, INTEGER, REAL, FIX, MONEY, DATE, TIME, TIMESTAMP, INTERVAL or ASCII. */
  readonly type: string;
  readonly decimals: number;
  readonly useThousands: number;
  /** A Qlik pattern; empty leaves the choice to the app. */
  readonly format: string;
  readonly decimalSeparator: string;
  readonly thousandsSeparator: string;
}

/** One field of the table, as the header describes it. Offsets count from the start of the body. */
export interface QvdField {
  readonly name: string;
  readonly comment: string;
  readonly tags: readonly string[];
  readonly numberFormat: QvdNumberFormat;
  /** Where in a row's bits the symbol index is, and how much to add to it; below zero means NULL. */
  readonly bitOffset: number;
  readonly bitWidth: number;
  readonly bias: number;
  readonly symbolCount: number;
  readonly symbolOffset: number;
  readonly symbolLength: number;
}

/** Where a table came from: a source (`discriminator`) and the statement that read it. */
export interface QvdLineage {
  readonly discriminator: string;
  readonly statement: string;
}

/** The XML header of a QVD file. Times are `YYYY-MM-DD hh:mm:ss` in UTC, or empty. */
export interface QvdHeader {
  readonly buildNumber: string;
  readonly creator: string;
  readonly createdUtc: string;
  readonly sourceCreatedUtc: string;
  readonly sourceFileUtc: string;
  readonly sourceFileSize: number;
  readonly staleUtc: string;
  readonly tableName: string;
  readonly fields: readonly QvdField[];
  readonly compression: string;
  readonly recordByteSize: number;
  readonly rowCount: number;
  readonly rowsOffset: number;
  readonly rowsLength: number;
  readonly lineage: readonly QvdLineage[];
  readonly comment: string;
  readonly encryption: string;
  readonly tableTags: readonly string[];
}

/** What Qlik writes for a field without a format of its own. */
export const PLAIN_NUMBER_FORMAT: QvdNumberFormat = {
  type: 'UNKNOWN',
  decimals: 0,
  useThousands: 0,
  format: '',
  decimalSeparator: '',
  thousandsSeparator: '',
};
