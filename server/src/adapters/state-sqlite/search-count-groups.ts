import { userKey } from '../../domain/user-identity.ts';
import type { TrailCountBy } from '../../pipeline/ports/trail-index.ts';
import { dayOf, hourOf, weekdayOf } from './search-tokens.ts';

/** An event with numbers of the dictionary. */
export interface CountedRow {
  readonly time: number;
  readonly eventType: number;
  readonly user: number | null;
  readonly app: number | null;
  readonly sheet: number | null;
  readonly object: number | null;
  readonly durationMs: number | null;
}

/** Events that are alike. `key` is a number of the dictionary, an hour, a weekday, or a day since 1970. */
export interface Group {
  readonly key: number;
  /** Of `first-open`. */
  readonly user: number | null;
  events: number;
  views: number;
  totalMs: number;
  firstTime: number;
  lastTime: number;
  readonly users: Set<number>;
  /** Undefined: not all of them are here. */
  durations: number[] | undefined;
}

/** Sums up events, or what was summed up per day, into groups. */
export class CountGroups {
  readonly #by: TrailCountBy;
  readonly #groups = new Map<string, Group>();
  readonly #identityOf: (user: number) => string | null;
  readonly #persons = new Map<number, number>();
  readonly #personOfKey = new Map<string, number>();

  /** @param identityOf what a number of the dictionary stands for */
  constructor(by: TrailCountBy, identityOf: (user: number) => string | null) {
    this.#by = by;
    this.#identityOf = identityOf;
  }

  get groups(): readonly Group[] {
    return [...this.#groups.values()];
  }

  /** One number for all identities that name the same user. */
  person(user: number): number {
    const known = this.#persons.get(user);
    if (known !== undefined) return known;
    const key = userKey(this.#identityOf(user) ?? '');
    const person = this.#personOfKey.get(key) ?? user;
    this.#personOfKey.set(key, person);
    this.#persons.set(user, person);
    return person;
  }

  addRow(row: CountedRow): void {
    const user = row.user === null ? null : this.person(row.user);
    const key = keyOf(this.#by, { ...row, user });
    if (key === null || (this.#by === 'first-open' && user === null)) return;
    const group = this.group(key, this.#by === 'first-open' ? user : null);
    group.events++;
    if (user !== null) group.users.add(user);
    group.firstTime = Math.min(group.firstTime, row.time);
    group.lastTime = Math.max(group.lastTime, row.time);
    if (row.durationMs === null) return;
    group.views++;
    group.totalMs += row.durationMs;
    group.durations?.push(row.durationMs);
  }

  addSums(group: Group, events: number, views: number, totalMs: number, firstTime: number, lastTime: number): void {
    group.events += events;
    group.views += views;
    group.totalMs += totalMs;
    group.firstTime = Math.min(group.firstTime, firstTime);
    group.lastTime = Math.max(group.lastTime, lastTime);
    if (views > 0) group.durations = undefined;
  }

  group(key: number, user: number | null = null): Group {
    const name = `${key} ${user}`;
    let group = this.#groups.get(name);
    if (group === undefined) {
      const counted = { events: 0, views: 0, totalMs: 0, firstTime: Number.MAX_VALUE, lastTime: -Number.MAX_VALUE };
      group = { key, user, ...counted, users: new Set(), durations: [] };
      this.#groups.set(name, group);
    }
    return group;
  }
}

function keyOf(by: TrailCountBy, row: CountedRow): number | null {
  switch (by) {
    case 'app':
    case 'first-open':
      return row.app;
    case 'sheet':
      return row.sheet;
    case 'object':
      return row.object;
    case 'user':
      return row.user;
    case 'eventType':
      return row.eventType;
    case 'hour':
      return hourOf(row.time);
    case 'weekday':
      return weekdayOf(row.time);
    case 'day':
      return dayOf(row.time);
  }
}

/** @param durations in any order. @returns null of none; between the two middle ones of an even number */
export function medianOf(durations: readonly number[]): number | null {
  if (durations.length === 0) return null;
  const sorted = durations.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}
