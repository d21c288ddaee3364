import { isUtf8 } from 'node:buffer';
import { QvdError, type QvdErrorCode } from '../errors.ts';
import type { QvdField } from '../header.ts';
import {
  QvdDual,
  type QvdValue,
  SYMBOL_DOUBLE,
  SYMBOL_DUAL_DOUBLE,
  SYMBOL_DUAL_INTEGER,
  SYMBOL_INTEGER,
  SYMBOL_TEXT,
} from '../values.ts';

/** How to treat text that is not UTF-8: refuse it, or put U+FFFD for what cannot be read. */
export type InvalidUtf8 = 'error' | 'replace';

/**
 * The symbols of one field from the bytes of its area, which must hold exactly as many as the header says.
 * @throws {QvdError} QVD_SYMBOLS_DAMAGED, QVD_TEXT_NOT_UTF8
 */
export function decodeSymbols(area: Buffer, field: QvdField, invalidUtf8: InvalidUtf8): NonNullable<QvdValue>[] {
  const symbols: NonNullable<QvdValue>[] = [];
  let at = 0;
  const fail = (code: QvdErrorCode, problem: string): never => {
    throw new QvdError(code, `symbol ${symbols.length}: ${problem}`, { field: field.name });
  };
  const need = (bytes: number): void => {
    if (at + bytes > area.length) fail('QVD_SYMBOLS_DAMAGED', `${area.length} bytes of symbols end within it`);
  };
  const number = (isDouble: boolean): number => {
    need(isDouble ? 8 : 4);
    const value = isDouble ? area.readDoubleLE(at) : area.readInt32LE(at);
    at += isDouble ? 8 : 4;
    return value;
  };
  const text = (): string => {
    const start = at;
    let allBits = 0;
    for (; at < area.length; at++) {
      const byte = area[at] as number;
      if (byte === 0) break;
      allBits |= byte;
    }
    if (at === area.length) fail('QVD_SYMBOLS_DAMAGED', 'its text has no end');
    const end = at++;
    if (allBits < 0x80) return area.toString('latin1', start, end);
    const decoded = area.toString('utf8', start, end);
    if (invalidUtf8 === 'error' && decoded.includes('\uFFFD') && !isUtf8(area.subarray(start, end))) {
      fail('QVD_TEXT_NOT_UTF8', 'its text is not valid UTF-8');
    }
    return decoded;
  };
  const symbol = (type: number | undefined): NonNullable<QvdValue> => {
    if (type === SYMBOL_TEXT) return text();
    if (type === SYMBOL_INTEGER || type === SYMBOL_DOUBLE) return number(type === SYMBOL_DOUBLE);
    if (type === SYMBOL_DUAL_INTEGER || type === SYMBOL_DUAL_DOUBLE) {
      return new QvdDual(number(type === SYMBOL_DUAL_DOUBLE), text());
    }
    return fail('QVD_SYMBOLS_DAMAGED', `unknown type ${type}`);
  };

  while (symbols.length < field.symbolCount) {
    need(1);
    symbols.push(symbol(area[at++]));
  }
  if (at !== area.length) {
    fail('QVD_SYMBOLS_DAMAGED', `${area.length - at} bytes follow the last of ${field.symbolCount} symbols`);
  }
  return symbols;
}
