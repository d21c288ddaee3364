/** -0 as a key: a Map takes it for 0, and then the file would lose its sign. */
export const NEGATIVE_ZERO: unique symbol = Symbol('-0');

/** What a symbol is known by while a file is being written: a number, a text, or the one number a Map cannot hold. */
export type SymbolKey = number | string | typeof NEGATIVE_ZERO;

/** V8 refuses a Map of 2^24 entries. */
const MAP_CAPACITY = 2 ** 24 - 1;

/**
 * The distinct values of one field in the order of their first appearance, numbered from 1.
 * Any number of them: when a Map is full the next one is begun, and a lookup asks all of them.
 */
export class DistinctKeys {
  readonly #capacity: number;
  readonly #full: Map<SymbolKey, number>[] = [];
  #newest = new Map<SymbolKey, number>();
  #count = 0;

  constructor(capacity: number = MAP_CAPACITY) {
    this.#capacity = capacity;
  }

  get count(): number {
    return this.#count;
  }

  /** The number of a known key, or undefined. */
  get(key: SymbolKey): number | undefined {
    const found = this.#newest.get(key);
    if (found !== undefined || this.#full.length === 0) return found;
    for (const map of this.#full) {
      const older = map.get(key);
      if (older !== undefined) return older;
    }
    return undefined;
  }

  /** Takes in a key that `get` does not know; returns its number. */
  add(key: SymbolKey): number {
    if (this.#newest.size >= this.#capacity) {
      this.#full.push(this.#newest);
      this.#newest = new Map();
    }
    this.#count += 1;
    this.#newest.set(key, this.#count);
    return this.#count;
  }

  /** Takes back the key that was added last. */
  removeNewest(key: SymbolKey): void {
    if (this.#newest.delete(key)) this.#count -= 1;
  }

  *keys(): Generator<SymbolKey> {
    for (const map of this.#full) yield* map.keys();
    yield* this.#newest.keys();
  }
}
