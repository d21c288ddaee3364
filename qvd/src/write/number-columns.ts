import { isInt32, type QvdInput, SYMBOL_DOUBLE, SYMBOL_INTEGER } from '../values.ts';
import { NEGATIVE_ZERO, type SymbolKey } from './distinct-keys.ts';
import { SymbolColumn } from './symbol-column.ts';

/** Writes a number as int32 where that is exact and allowed, else as float64; returns the position behind it. */
export function putNumber(bytes: Buffer, position: number, value: number, asInteger: boolean): number {
  return asInteger ? bytes.writeInt32LE(value, position) : bytes.writeDoubleLE(value, position);
}

/** Whole numbers: int32 symbols, beyond that float64, which is exact to 2^53. -0 is 0 here. */
export class IntegerColumn extends SymbolColumn {
  store(value: QvdInput, row: number): number {
    if (value === null || value === undefined) return 0;
    if (typeof value === 'number') return this.known.get(value) ?? this.#add(value, row);
    if (typeof value !== 'bigint') throw this.wrongType(value, 'a whole number', row);
    const number = Number(value);
    if (!Number.isSafeInteger(number)) throw this.#tooLarge(value, row);
    return this.known.get(number) ?? this.#add(number, row);
  }

  tags(): readonly string[] {
    return ['$numeric', '$integer'];
  }

  #add(value: number, row: number): number {
    if (!Number.isFinite(value)) return this.storeNonFinite(String(value), row);
    if (!Number.isInteger(value)) throw this.error('QVD_NOT_AN_INTEGER', `${value} is not a whole number`, row);
    if (!Number.isSafeInteger(value)) throw this.#tooLarge(value, row);
    return this.append(value + 0, row); // -0 + 0 is 0
  }

  #tooLarge(value: number | bigint, row: number): Error {
    return this.error('QVD_INTEGER_TOO_LARGE', `${value} is beyond 2^53 and would be altered; store it as text`, row);
  }

  protected sizeOf(key: SymbolKey): number {
    return isInt32(key as number) ? 5 : 9;
  }

  protected put(bytes: Buffer, position: number, key: SymbolKey): number {
    const value = key as number;
    const small = isInt32(value);
    bytes[position] = small ? SYMBOL_INTEGER : SYMBOL_DOUBLE;
    return putNumber(bytes, position + 1, value, small);
  }
}

/** Any finite number, each distinct by its bits, so -0 and 0 are two. */
export class DoubleColumn extends SymbolColumn {
  store(value: QvdInput, row: number): number {
    if (value === null || value === undefined) return 0;
    if (typeof value !== 'number') throw this.wrongType(value, 'a number', row);
    if (!Number.isFinite(value)) return this.storeNonFinite(String(value), row);
    const key = value === 0 && Object.is(value, -0) ? NEGATIVE_ZERO : value;
    return this.known.get(key) ?? this.append(key, row);
  }

  tags(): readonly string[] {
    return ['$numeric'];
  }

  protected sizeOf(): number {
    return 9;
  }

  protected put(bytes: Buffer, position: number, key: SymbolKey): number {
    bytes[position] = SYMBOL_DOUBLE;
    return bytes.writeDoubleLE(key === NEGATIVE_ZERO ? -0 : (key as number), position + 1);
  }
}

/** Qlik's truth values: true is -1, false is 0. */
export class BooleanColumn extends SymbolColumn {
  store(value: QvdInput, row: number): number {
    if (value === null || value === undefined) return 0;
    if (typeof value !== 'boolean') throw this.wrongType(value, 'true, false', row);
    const key = value ? -1 : 0;
    return this.known.get(key) ?? this.append(key, row);
  }

  tags(): readonly string[] {
    return ['$numeric', '$integer'];
  }

  protected sizeOf(): number {
    return 5;
  }

  protected put(bytes: Buffer, position: number, key: SymbolKey): number {
    bytes[position] = SYMBOL_INTEGER;
    return bytes.writeInt32LE(key as number, position + 1);
  }
}
