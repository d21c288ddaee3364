import { setImmediate } from 'node:timers/promises';
import { NONE, ROLLUP_DIMENSIONS, type RollupDimension } from './search-tables.ts';
import { dayOf, hourOf } from './search-tokens.ts';
import type { SqliteFile } from './sqlite-file.ts';

const ADD = `INSERT INTO rollups VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
  ON CONFLICT DO UPDATE SET events = events + ?5, views = views + ?6, total_ms = total_ms + ?7,
    first_time = min(first_time, ?8), last_time = max(last_time, ?9)`;

export interface CountedEvent {
  readonly time: number;
  readonly app: number | null;
  readonly eventType: number;
  readonly user: number | null;
  readonly sheet: number | null;
  readonly object: number | null;
  /** Of an object view. */
  readonly durationMs: number | null;
}

interface Sums {
  readonly cells: readonly [dimension: number, day: number, id: number, app: number];
  events: number;
  views: number;
  totalMs: number;
  firstTime: number;
  lastTime: number;
}

/** Sums per day of one batch, written once at its end: many events of a batch fall into the same rows. */
export class RollupBatch {
  readonly #sums = new Map<string, Sums>();

  add(event: CountedEvent): void {
    const { time, eventType, user, sheet, object } = event;
    const day = dayOf(time);
    this.#addTo(ROLLUP_DIMENSIONS.eventType, day, eventType, event);
    this.#addTo(ROLLUP_DIMENSIONS.hour, day, hourOf(time), event);
    this.#addTo(ROLLUP_DIMENSIONS.user, day, user ?? NONE, event);
    if (sheet !== null) this.#addTo(ROLLUP_DIMENSIONS.sheet, day, sheet, event);
    if (object !== null) this.#addTo(ROLLUP_DIMENSIONS.object, day, object, event);
  }

  write(file: SqliteFile): void {
    const add = file.statement(ADD);
    for (const { cells, events, views, totalMs, firstTime, lastTime } of this.#sums.values()) {
      add.run(...cells, events, views, totalMs, firstTime, lastTime);
    }
  }

  #addTo(dimension: RollupDimension, day: number, id: number, { app, durationMs, time }: CountedEvent): void {
    const key = `${dimension} ${day} ${id} ${app ?? NONE}`;
    let sums = this.#sums.get(key);
    if (sums === undefined) {
      const cells = [dimension, day, id, app ?? NONE] as const;
      sums = { cells, events: 0, views: 0, totalMs: 0, firstTime: time, lastTime: time };
      this.#sums.set(key, sums);
    }
    sums.events++;
    sums.views += durationMs === null ? 0 : 1;
    sums.totalMs += durationMs ?? 0;
    sums.firstTime = Math.min(sums.firstTime, time);
    sums.lastTime = Math.max(sums.lastTime, time);
  }
}

/** What retention deleted does not count any more; on the day at which the log now begins, it still does. */
export async function forgetRollupsBefore(file: () => SqliteFile, day: number): Promise<void> {
  for (const dimension of Object.values(ROLLUP_DIMENSIONS)) {
    file().transaction(() => file().run('DELETE FROM rollups WHERE dim = ? AND day < ?', dimension, day));
    await setImmediate();
  }
}
