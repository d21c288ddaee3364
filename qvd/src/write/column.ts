import { QvdError, type QvdErrorCode } from '../errors.ts';
import type { QvdInput } from '../values.ts';
import { SymbolTable } from './symbol-table.ts';

/** What to do with values that the format cannot hold as they are. */
export interface UnstorablePolicy {
  /** NaN, Infinity and invalid dates: refuse them, or store NULL. Default: error. */
  readonly nonFinite: 'error' | 'null';
  /** A whole number beyond 2^53, which a float64 would alter: refuse it, or store its digits as text. Default: error. */
  readonly largeInteger: 'error' | 'text';
  /** U+0000, which ends a text in the file: refuse it, or store U+FFFD in its place. Default: error. */
  readonly nulCharacter: 'error' | 'replace';
  /** Half a surrogate pair, which has no UTF-8: refuse it, or store U+FFFD in its place. Default: replace. */
  readonly loneSurrogate: 'error' | 'replace';
}

/**
 * One field while a file is being written. A cell is stored as 0 for NULL or as its symbol's number counted from 1.
 * The subclasses say which values a field type takes and what its symbols look like.
 */
export abstract class Column {
  readonly name: string;
  readonly symbols = new SymbolTable();
  protected readonly policy: UnstorablePolicy;

  constructor(name: string, policy: UnstorablePolicy) {
    this.name = name;
    this.policy = policy;
  }

  /** Stores one cell. @throws {QvdError} when the field type or the format cannot hold the value. */
  abstract store(value: QvdInput, row: number): number;

  /** The tags that are true of every value stored so far. */
  abstract tags(): readonly string[];

  /** Takes back all but so many symbols, because another cell of what added them was refused. */
  rollBack(count: number): void {
    this.symbols.rollBack(count);
  }

  /** NULL for NaN, Infinity or an invalid date, or the error. */
  protected storeNonFinite(value: number, row: number): 0 {
    if (this.policy.nonFinite === 'null') return 0;
    throw this.error('QVD_VALUE_NOT_FINITE', `${value} has no place in a QVD file`, row);
  }

  protected wrongType(value: unknown, wanted: string, row: number): QvdError {
    const found = Array.isArray(value) ? 'array' : typeof value;
    return this.error('QVD_VALUE_TYPE', `expected ${wanted} or null, found ${found}`, row);
  }

  protected error(code: QvdErrorCode, message: string, row: number): QvdError {
    return new QvdError(code, message, { field: this.name, row });
  }
}
