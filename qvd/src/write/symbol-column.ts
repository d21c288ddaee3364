import { QvdError } from '../errors.ts';
import type { QvdInput } from '../values.ts';
import { DistinctKeys, type SymbolKey } from './distinct-keys.ts';
import type { UnstorablePolicy } from './storable-text.ts';

/** Symbols leave in pieces of about this size, so that a large table never has its bytes in memory twice. */
export const PIECE_BYTES = 256 * 1024;

/**
 * The symbols of one field while a file is being written. A cell is stored as 0 for NULL or as the symbol's number
 * counted from 1. The subclasses say which values a field type takes and what its symbols look like in the file.
 */
export abstract class SymbolColumn {
  readonly name: string;
  protected readonly policy: UnstorablePolicy;
  protected readonly known = new DistinctKeys();
  #byteLength = 0;
  #newestKey: SymbolKey = 0;
  #newestRow = -1;

  constructor(name: string, policy: UnstorablePolicy) {
    this.name = name;
    this.policy = policy;
  }

  get symbolCount(): number {
    return this.known.count;
  }

  /** How many bytes the symbols take in the file. */
  get byteLength(): number {
    return this.#byteLength;
  }

  /** Stores one cell. @throws {QvdError} when the field type or the format cannot hold the value. */
  abstract store(value: QvdInput, row: number): number;

  /** The tags that are true of every value stored so far. */
  abstract tags(): readonly string[];

  protected abstract sizeOf(key: SymbolKey): number;
  protected abstract put(bytes: Buffer, position: number, key: SymbolKey): number;

  /** The symbols as they stand in the file, in order. */
  *encode(): Generator<Buffer> {
    let piece = Buffer.allocUnsafe(Math.min(PIECE_BYTES, this.#byteLength));
    let position = 0;
    for (const key of this.known.keys()) {
      const size = this.sizeOf(key);
      if (position + size > piece.length) {
        if (position > 0) yield piece.subarray(0, position);
        piece = Buffer.allocUnsafe(Math.max(PIECE_BYTES, size));
        position = 0;
      }
      position = this.put(piece, position, key);
    }
    if (position > 0) yield piece.subarray(0, position);
  }

  /** Takes back what this row added, because a later cell of the row was refused. */
  rollBack(row: number): void {
    if (this.#newestRow !== row) return;
    this.#newestRow = -1;
    this.known.removeNewest(this.#newestKey);
    this.#byteLength -= this.sizeOf(this.#newestKey);
    this.onAppended(this.#newestKey, -1);
  }

  protected append(key: SymbolKey, row: number): number {
    this.#newestKey = key;
    this.#newestRow = row;
    this.#byteLength += this.sizeOf(key);
    this.onAppended(key, 1);
    return this.known.add(key);
  }

  /** Called with +1 for every new symbol and with -1 for one taken back. */
  protected onAppended(_key: SymbolKey, _step: 1 | -1): void {}

  /** NULL for NaN, Infinity or an invalid date, or the error. */
  protected storeNonFinite(what: string, row: number): 0 {
    if (this.policy.nonFinite === 'null') return 0;
    throw this.error('QVD_VALUE_NOT_FINITE', `${what} has no place in a QVD file`, row);
  }

  protected wrongType(value: unknown, wanted: string, row: number): QvdError {
    const found = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
    return this.error('QVD_VALUE_TYPE', `expected ${wanted} or null, found ${found}`, row);
  }

  protected error(code: ConstructorParameters<typeof QvdError>[0], message: string, row: number): QvdError {
    return new QvdError(code, message, { field: this.name, row });
  }
}
