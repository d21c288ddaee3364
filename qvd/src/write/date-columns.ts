import {
  DATE_TEXT_LENGTH,
  epochMsToSerial,
  MAX_EPOCH_MS,
  MIN_EPOCH_MS,
  MS_PER_DAY,
  putDateText,
  putTimestampText,
  TIMESTAMP_TEXT_LENGTH,
} from '../dates.ts';
import type { QvdInput } from '../values.ts';
import { Column, type UnstorablePolicy } from './column.ts';
import { intern, putDouble, putNumber } from './symbol-bytes.ts';

/** What timestamps and dates share: an instant as a Date or as whole milliseconds since 1970, in the years 0 to 9999. */
abstract class InstantColumn extends Column {
  protected readonly withText: boolean;

  constructor(name: string, policy: UnstorablePolicy, withText: boolean) {
    super(name, policy);
    this.withText = withText;
  }

  store(value: QvdInput, row: number): number {
    if (value === null || value === undefined) return 0;
    const epochMs = value instanceof Date ? value.getTime() : value;
    if (typeof epochMs !== 'number') throw this.wrongType(value, 'a Date, milliseconds since 1970', row);
    if (!Number.isFinite(epochMs)) return this.storeNonFinite(epochMs, row);
    if (!Number.isInteger(epochMs)) {
      throw this.error('QVD_NOT_AN_INTEGER', `${epochMs} is not a whole number of milliseconds; round it`, row);
    }
    if (epochMs < MIN_EPOCH_MS || epochMs > MAX_EPOCH_MS) {
      throw this.error('QVD_DATE_OUT_OF_RANGE', `${epochMs} ms since 1970 is not within the years 0 to 9999`, row);
    }
    return this.storeInstant(epochMs);
  }

  protected abstract storeInstant(epochMs: number): number;
}

/** Instants, as Qlik's serial days in UTC with `YYYY-MM-DD hh:mm:ss.fff` beside them. */
export class TimestampColumn extends InstantColumn {
  protected storeInstant(epochMs: number): number {
    const start = this.symbols.reserve(9 + TIMESTAMP_TEXT_LENGTH + 1);
    const { bytes } = this.symbols;
    let end = putDouble(bytes, start, epochMsToSerial(epochMs), this.withText);
    if (this.withText) {
      end = putTimestampText(bytes, end, epochMs);
      bytes[end++] = 0;
    }
    return intern(this.symbols, end);
  }

  tags(): readonly string[] {
    return ['$numeric', '$timestamp'];
  }
}

/** The UTC day that contains the instant, as Qlik's whole serial day with `YYYY-MM-DD` beside it. */
export class DateColumn extends InstantColumn {
  protected storeInstant(epochMs: number): number {
    const day = Math.floor(epochMs / MS_PER_DAY);
    const start = this.symbols.reserve(5 + DATE_TEXT_LENGTH + 1);
    const { bytes } = this.symbols;
    let end = putNumber(bytes, start, epochMsToSerial(day * MS_PER_DAY), this.withText);
    if (this.withText) {
      end = putDateText(bytes, end, day);
      bytes[end++] = 0;
    }
    return intern(this.symbols, end);
  }

  tags(): readonly string[] {
    return ['$numeric', '$integer', '$timestamp', '$date'];
  }
}
