import type { QvdInput } from '../values.ts';
import { Column } from './column.ts';
import { intern, putDouble, putNumber } from './symbol-bytes.ts';
import { TextHoldingColumn } from './text-columns.ts';

/** Whole numbers: int32 symbols, beyond that float64, which is exact to 2^53, beyond that texts where they may be. -0 is 0. */
export class IntegerColumn extends TextHoldingColumn {
  #hadText = false;

  store(value: QvdInput, row: number): number {
    if (value === null || value === undefined) return 0;
    if (typeof value !== 'number' && typeof value !== 'bigint') throw this.wrongType(value, 'a whole number', row);
    const number = Number(value) + 0; // -0 + 0 is 0
    if (!Number.isSafeInteger(number)) return this.#storeLarge(value, number, row);
    const start = this.symbols.reserve(9);
    return intern(this.symbols, putNumber(this.symbols.bytes, start, number, false));
  }

  tags(): readonly string[] {
    return this.#hadText && this.holdsText() ? [] : ['$numeric', '$integer'];
  }

  #storeLarge(value: number | bigint, number: number, row: number): number {
    if (typeof value === 'number' && !Number.isFinite(value)) return this.storeNonFinite(value, row);
    if (!Number.isInteger(number) && typeof value === 'number') {
      throw this.error('QVD_NOT_AN_INTEGER', `${value} is not a whole number`, row);
    }
    if (this.policy.largeInteger === 'text') {
      this.#hadText = true;
      return this.storeText(String(BigInt(value)));
    }
    throw this.error('QVD_INTEGER_TOO_LARGE', `${value} is beyond 2^53 and would be altered; store it as text`, row);
  }
}

/** Any finite number. */
export class DoubleColumn extends Column {
  store(value: QvdInput, row: number): number {
    if (value === null || value === undefined) return 0;
    if (typeof value !== 'number') throw this.wrongType(value, 'a number', row);
    if (!Number.isFinite(value)) return this.storeNonFinite(value, row);
    const start = this.symbols.reserve(9);
    return intern(this.symbols, putDouble(this.symbols.bytes, start, value, false));
  }

  tags(): readonly string[] {
    return ['$numeric'];
  }
}

/** Qlik's truth values: true is -1, false is 0. */
export class BooleanColumn extends Column {
  store(value: QvdInput, row: number): number {
    if (value === null || value === undefined) return 0;
    if (typeof value !== 'boolean') throw this.wrongType(value, 'true, false', row);
    const start = this.symbols.reserve(5);
    return intern(this.symbols, putNumber(this.symbols.bytes, start, value ? -1 : 0, false));
  }

  tags(): readonly string[] {
    return ['$numeric', '$integer'];
  }
}
