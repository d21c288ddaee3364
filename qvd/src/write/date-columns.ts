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
import {
  isInt32,
  type QvdInput,
  SYMBOL_DOUBLE,
  SYMBOL_DUAL_DOUBLE,
  SYMBOL_DUAL_INTEGER,
  SYMBOL_INTEGER,
} from '../values.ts';
import type { SymbolKey } from './distinct-keys.ts';
import { putNumber } from './number-columns.ts';
import type { UnstorablePolicy } from './storable-text.ts';
import { SymbolColumn } from './symbol-column.ts';

/** What timestamps and dates share: an instant as a Date or as whole milliseconds since 1970, in the years 0 to 9999. */
abstract class InstantColumn extends SymbolColumn {
  protected readonly withText: boolean;

  constructor(name: string, policy: UnstorablePolicy, withText: boolean) {
    super(name, policy);
    this.withText = withText;
  }

  store(value: QvdInput, row: number): number {
    if (typeof value === 'number') return this.storeInstant(value, row);
    if (value === null || value === undefined) return 0;
    if (value instanceof Date) return this.storeInstant(value.getTime(), row);
    throw this.wrongType(value, 'a Date, milliseconds since 1970', row);
  }

  protected abstract storeInstant(epochMs: number, row: number): number;

  /** False stands for a value that is stored as NULL. */
  protected holds(epochMs: number, row: number): boolean {
    if (!Number.isFinite(epochMs)) {
      this.storeNonFinite(Number.isNaN(epochMs) ? 'an invalid date (NaN)' : String(epochMs), row);
      return false;
    }
    if (!Number.isInteger(epochMs)) {
      throw this.error('QVD_NOT_AN_INTEGER', `${epochMs} is not a whole number of milliseconds; round it`, row);
    }
    if (epochMs < MIN_EPOCH_MS || epochMs > MAX_EPOCH_MS) {
      throw this.error('QVD_DATE_OUT_OF_RANGE', `${epochMs} ms since 1970 is not within the years 0 to 9999`, row);
    }
    return true;
  }
}

/** Instants, as Qlik's serial days in UTC with `YYYY-MM-DD hh:mm:ss.fff` beside them. */
export class TimestampColumn extends InstantColumn {
  protected storeInstant(epochMs: number, row: number): number {
    const known = this.known.get(epochMs);
    if (known !== undefined) return known;
    return this.holds(epochMs, row) ? this.append(epochMs + 0, row) : 0;
  }

  tags(): readonly string[] {
    return ['$numeric', '$timestamp'];
  }

  protected sizeOf(): number {
    return this.withText ? 9 + TIMESTAMP_TEXT_LENGTH + 1 : 9;
  }

  protected put(bytes: Buffer, position: number, key: SymbolKey): number {
    const epochMs = key as number;
    bytes[position] = this.withText ? SYMBOL_DUAL_DOUBLE : SYMBOL_DOUBLE;
    const end = bytes.writeDoubleLE(epochMsToSerial(epochMs), position + 1);
    if (!this.withText) return end;
    const textEnd = putTimestampText(bytes, end, epochMs);
    bytes[textEnd] = 0;
    return textEnd + 1;
  }
}

/** The UTC day that contains the instant, as Qlik's whole serial day with `YYYY-MM-DD` beside it. */
export class DateColumn extends InstantColumn {
  protected storeInstant(epochMs: number, row: number): number {
    const day = Math.floor(epochMs / MS_PER_DAY);
    // Only checked instants are known days, but 1.5 ms lies in a known day too.
    const known = Number.isInteger(epochMs) ? this.known.get(day) : undefined;
    if (known !== undefined) return known;
    return this.holds(epochMs, row) ? this.append(day + 0, row) : 0;
  }

  tags(): readonly string[] {
    return ['$numeric', '$integer', '$timestamp', '$date'];
  }

  protected sizeOf(): number {
    return this.withText ? 5 + DATE_TEXT_LENGTH + 1 : 5;
  }

  protected put(bytes: Buffer, position: number, key: SymbolKey): number {
    const day = key as number;
    bytes[position] = this.withText ? SYMBOL_DUAL_INTEGER : SYMBOL_INTEGER;
    const serial = epochMsToSerial(day * MS_PER_DAY);
    const end = putNumber(bytes, position + 1, serial, isInt32(serial));
    if (!this.withText) return end;
    const textEnd = putDateText(bytes, end, day);
    bytes[textEnd] = 0;
    return textEnd + 1;
  }
}
