import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SqliteStateStore } from '../../src/adapters/state-sqlite/sqlite-state-store.ts';
import { FakeClock } from '../support/fake-clock.ts';

export interface StateFolder {
  readonly path: string;
  readonly clock: FakeClock;
  /** A connection of its own each time, as another process would have. */
  open(): SqliteStateStore;
  /** Closes what was opened. */
  remove(): void;
}

export function openStateFolder(): StateFolder {
  const path = mkdtempSync(join(tmpdir(), 'audit-state-'));
  const clock = new FakeClock();
  const opened: SqliteStateStore[] = [];
  return {
    path,
    clock,
    open() {
      const store = new SqliteStateStore(join(path, 'durable.sqlite'), clock);
      opened.push(store);
      return store;
    },
    remove() {
      for (const store of opened) store.close();
      rmSync(path, { recursive: true, force: true });
    },
  };
}
