import type { CountedEvent } from './search-rollups.ts';
import { NONE, ROLLUP_DIMENSIONS, type RollupDimension } from './search-tables.ts';
import { hourOf } from './search-tokens.ts';
import type { SqliteFile } from './sqlite-file.ts';

const FIND = 'SELECT users FROM viewers WHERE dim = ? AND id = ? AND app = ?';
const STORE = 'INSERT OR REPLACE INTO viewers VALUES (?, ?, ?, ?)';
/** A cache that is full begins anew. */
const MAX_SETS = 20_000;
const MAX_NUMBERS = 2_000_000;

interface ViewerSet {
  readonly cells: readonly [dimension: RollupDimension, id: number, app: number];
  /** Ascending. */
  users: Uint32Array;
}

/**
 * Who was ever seen at an object, on a sheet, with a type of event, in an hour of the day. Nearly every event has somebody
 * who is known already, so a row is written once for each who comes first.
 */
export class ViewerSets {
  readonly #sets = new Map<string, ViewerSet>();
  readonly #dirty = new Set<ViewerSet>();
  #numbers = 0;

  add(file: SqliteFile, { app, user, eventType, sheet, object, time }: CountedEvent): void {
    if (user === null) return;
    this.#addTo(file, ROLLUP_DIMENSIONS.eventType, eventType, app, user);
    this.#addTo(file, ROLLUP_DIMENSIONS.hour, hourOf(time), app, user);
    if (sheet !== null) this.#addTo(file, ROLLUP_DIMENSIONS.sheet, sheet, app, user);
    if (object !== null) this.#addTo(file, ROLLUP_DIMENSIONS.object, object, app, user);
  }

  /** Inside the transaction of the events. */
  write(file: SqliteFile): void {
    const store = file.statement(STORE);
    for (const set of this.#dirty) store.run(...set.cells, bytesOf(set.users));
    this.#dirty.clear();
    if (this.#sets.size > MAX_SETS || this.#numbers > MAX_NUMBERS) this.forget();
  }

  /** After a transaction that was rolled back, what it added is not there. */
  forget(): void {
    this.#sets.clear();
    this.#dirty.clear();
    this.#numbers = 0;
  }

  #addTo(file: SqliteFile, dimension: RollupDimension, id: number, app: number | null, user: number): void {
    const set = this.#setOf(file, dimension, id, app ?? NONE);
    const at = placeOf(set.users, user);
    if (set.users[at] === user) return;
    const users = new Uint32Array(set.users.length + 1);
    users.set(set.users.subarray(0, at));
    users[at] = user;
    users.set(set.users.subarray(at), at + 1);
    set.users = users;
    this.#numbers++;
    this.#dirty.add(set);
  }

  #setOf(file: SqliteFile, dimension: RollupDimension, id: number, app: number): ViewerSet {
    const key = `${dimension} ${id} ${app}`;
    const known = this.#sets.get(key);
    if (known !== undefined) return known;
    const users = file.get((row) => viewersOf(row.users), FIND, dimension, id, app) ?? new Uint32Array();
    const set: ViewerSet = { cells: [dimension, id, app], users };
    this.#sets.set(key, set);
    this.#numbers += users.length;
    return set;
  }
}

/** Of a stored set. */
export function viewersOf(stored: unknown): Uint32Array {
  if (!(stored instanceof Uint8Array)) return new Uint32Array();
  const view = new DataView(stored.buffer, stored.byteOffset, stored.byteLength);
  return Uint32Array.from({ length: stored.byteLength >> 2 }, (_, i) => view.getUint32(4 * i, true));
}

function bytesOf(users: Uint32Array): Uint8Array {
  const bytes = Buffer.alloc(4 * users.length);
  for (const [i, user] of users.entries()) bytes.writeUInt32LE(user, 4 * i);
  return bytes;
}

/** Where it is, or would be. */
function placeOf(users: Uint32Array, user: number): number {
  let low = 0;
  let high = users.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((users[middle] ?? 0) < user) low = middle + 1;
    else high = middle;
  }
  return low;
}
