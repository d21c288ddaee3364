import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { PrometheusMetrics } from '../../src/adapters/metrics/prometheus-metrics.ts';
import { SqliteLogFactsStore } from '../../src/adapters/state-sqlite/sqlite-log-facts-store.ts';
import { sequence } from '../../src/domain/sequence.ts';
import { Deduplicator } from '../../src/pipeline/deduplicator.ts';
import type { EventLogReader } from '../../src/pipeline/ports/event-log.ts';
import type { RetiredId } from '../../src/pipeline/ports/log-facts.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { RecordingLogger } from '../support/recording-logger.ts';

/** A folder with `ids.sqlite`, and deduplicators on it. */
export class FactsFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'audit-facts-'));
  readonly file = join(this.path, 'ids.sqlite');
  readonly clock = new FakeClock();
  readonly logger = new RecordingLogger();
  readonly metrics = new PrometheusMetrics();
  readonly #ends: (() => Promise<void> | void)[] = [];

  openStore(logId = 'log-1'): SqliteLogFactsStore {
    const store = new SqliteLogFactsStore({ path: this.file, logId, logger: this.logger });
    this.#ends.push(() => store.close());
    return store;
  }

  /** Runs until it has read everything that the log holds now. */
  async follow(log: EventLogReader, retired: readonly RetiredId[] = [], logId = 'log-1'): Promise<RunningDeduplicator> {
    const { clock, logger, metrics } = this;
    const store = this.openStore(logId);
    const retiredIds = async function* () {
      yield* retired;
    };
    const deduplicator = new Deduplicator({ log, store, retiredIds, clock, logger, metrics });
    const abort = new AbortController();
    const run = deduplicator.run(abort.signal);
    const stop = async () => {
      abort.abort();
      await run;
      store.close();
    };
    this.#ends.push(stop);
    await reached(deduplicator, log);
    return { deduplicator, store, stop };
  }

  count(name: string): number {
    return this.metrics.counter(`butler_sos_audit_dedup_${name}_total`, '').value();
  }

  /** Every row of every table, for comparisons; what differs between two files that say the same. */
  dump(file = this.file): unknown {
    return dumpOf(file);
  }

  async remove(): Promise<void> {
    for (const end of this.#ends) await end();
    rmSync(this.path, { recursive: true, force: true });
  }
}

export interface RunningDeduplicator {
  readonly deduplicator: Deduplicator;
  readonly store: SqliteLogFactsStore;
  stop(): Promise<void>;
}

interface Positioned {
  position(): number;
  waitPast(seq: ReturnType<typeof sequence>, signal: AbortSignal): Promise<void>;
}

export async function reached(follower: Positioned, log: EventLogReader): Promise<void> {
  const head = log.head();
  if (head > 0) await follower.waitPast(sequence(head - 1), AbortSignal.timeout(10_000));
}

export function dumpOf(file: string): unknown {
  const database = new DatabaseSync(file, { readOnly: true });
  const schema = database.prepare(`SELECT name, sql FROM sqlite_schema WHERE type = 'table' ORDER BY name`).all();
  const indexes = schema.filter(({ sql }) => /USING fts5/.test(String(sql))).map(({ name }) => String(name));
  const dump = schema.map(({ name }) => {
    // how a term index lies in its tables depends on the batches; what it says must not
    if (indexes.some((index) => String(name).startsWith(`${index}_`))) return { name };
    const isIndex = indexes.includes(String(name));
    if (isIndex) database.exec(`CREATE VIRTUAL TABLE temp."${name}_terms" USING fts5vocab (main, "${name}", instance)`);
    const rows = database.prepare(`SELECT * FROM ${isIndex ? `temp."${name}_terms"` : `"${name}"`}`);
    rows.setReadBigInts(true);
    const text = (row: object) => JSON.stringify(row, (_key, cell) => (typeof cell === 'bigint' ? String(cell) : cell));
    return { name, rows: rows.all().map(text).sort() };
  });
  database.close();
  return dump;
}

/** Overwrites all pages behind the first, and the log of pages that would hide it. */
export function damagePages(file: string): void {
  const checkpoint = new DatabaseSync(file);
  checkpoint.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  checkpoint.close();
  const bytes = readFileSync(file);
  bytes.fill(0xa5, 4096);
  const descriptor = openSync(file, 'r+');
  writeSync(descriptor, bytes, 4096, bytes.length - 4096, 4096);
  closeSync(descriptor);
}
