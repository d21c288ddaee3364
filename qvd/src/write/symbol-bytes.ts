import { isInt32, SYMBOL_DOUBLE, SYMBOL_DUAL_DOUBLE, SYMBOL_DUAL_INTEGER, SYMBOL_INTEGER } from '../values.ts';
import type { SymbolTable } from './symbol-table.ts';

/** Writes type and number, as int32 where that is exact, else as float64; returns the position behind them. */
export function putNumber(bytes: Buffer, start: number, value: number, dual: boolean): number {
  if (isInt32(value)) {
    bytes[start] = dual ? SYMBOL_DUAL_INTEGER : SYMBOL_INTEGER;
    bytes[start + 1] = value;
    bytes[start + 2] = value >> 8;
    bytes[start + 3] = value >> 16;
    bytes[start + 4] = value >> 24;
    return start + 5;
  }
  return putDouble(bytes, start, value, dual);
}

/** Writes type and float64; returns the position behind them. */
export function putDouble(bytes: Buffer, start: number, value: number, dual: boolean): number {
  bytes[start] = dual ? SYMBOL_DUAL_DOUBLE : SYMBOL_DOUBLE;
  return bytes.writeDoubleLE(value, start + 1);
}

/** Writes a text and the 0x00 that ends it; half a surrogate pair becomes U+FFFD. Returns the position behind them. */
export function putText(bytes: Buffer, start: number, text: string): number {
  const end = start + bytes.write(text, start);
  bytes[end] = 0;
  return end + 1;
}

const SURELY_SMALL = 16 * 1024;

/** An upper bound for the bytes that `putText` writes. */
export function textBytes(text: string): number {
  return 1 + (text.length < SURELY_SMALL ? text.length * 3 : Buffer.byteLength(text));
}

/** The number of the symbol that ends here, which is kept if it is new. */
export function intern(symbols: SymbolTable, end: number): number {
  return symbols.find(end) || symbols.keep(end);
}
