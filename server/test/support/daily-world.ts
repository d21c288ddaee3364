import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ParquetDestination } from '../../src/adapters/destinations/parquet/index.ts';
import { parquetParts } from '../../src/adapters/destinations/parquet/merge.ts';
import { QvdDestination } from '../../src/adapters/destinations/qvd/index.ts';
import { qvdParts } from '../../src/adapters/destinations/qvd/merge.ts';
import type { Disk } from '../../src/adapters/shared/durable-file.ts';
import { dayMergerOf } from '../../src/adapters/shared/file-options.ts';
import type { PartFormat } from '../../src/adapters/shared/part-merger.ts';
import { SqliteStateStore } from '../../src/adapters/state-sqlite/sqlite-state-store.ts';
import { utcDay } from '../../src/domain/epoch-millis.ts';
import { sequence } from '../../src/domain/sequence.ts';
import type { FieldSet } from '../../src/domain/table-row.ts';
import { DailyMerge } from '../../src/pipeline/daily-merge.ts';
import type { DailyMergeState, DailyMerges } from '../../src/pipeline/ports/daily-merges.ts';
import type { Batch, DeliveryRow } from '../../src/pipeline/ports/destination.ts';
import { FakeClock } from './fake-clock.ts';
import { PrometheusMetrics } from './metrics.ts';
import { RecordingLogger } from './recording-logger.ts';

export type DailyKind = 'parquet' | 'qvd';

export interface WriteOptions {
  readonly fieldSet?: FieldSet;
  readonly staticTags?: Readonly<Record<string, string>>;
  /** A retry of dead letters: it has a cursor of its own and shares the parts. */
  readonly retry?: string;
  /** Prepared and published, but never committed. */
  readonly commit?: false;
}

const NEVER = new AbortController().signal;
const PRODUCT = { name: 'butler-sos-audit', version: '15.0.0' };
const LOG_ID = '11111111-2222-4333-8444-555555555555';

/** Sleeps take no time at all. */
class RestlessClock extends FakeClock {
  override sleep(): Promise<void> {
    return Promise.resolve();
  }
}

/** A file destination with daily files on the durable database, without a worker: parts are written when a test says so. */
export class DailyWorld {
  readonly root = mkdtempSync(join(tmpdir(), 'audit-daily-'));
  readonly parts = join(this.root, 'export');
  readonly daily = join(this.root, 'daily');
  readonly logger = new RecordingLogger();
  readonly clock = new RestlessClock();
  readonly metrics = new PrometheusMetrics();
  readonly kind: DailyKind;
  state = this.#openState();
  paused = false;
  #merges: DailyMerges | undefined;

  constructor(kind: DailyKind) {
    this.kind = kind;
    this.state.cursors.register(kind, sequence(0));
    this.state.dailyMerges.remember(kind, this.today);
  }

  get today(): string {
    return utcDay(this.clock.now());
  }

  nextDay(): void {
    this.clock.stepWallClock(86_400_000);
  }

  /** One part of today, as the worker makes it. */
  async write(rows: readonly DeliveryRow[], options: WriteOptions = {}): Promise<void> {
    const { fieldSet = 'documented', staticTags = {}, retry } = options;
    const { cursors } = this.state;
    const name = retry ?? this.kind;
    const [first = sequence(1), last = sequence(1)] = [rows[0]?.position, rows.at(-1)?.position];
    if (retry !== undefined) {
      cursors.register(retry, sequence(first - 1), { end: last, target: this.kind, sharesPartsOfTarget: true });
    }
    const range = { first, last };
    let attempt = cursors.begin(name, range, { day: this.today });
    const batch: Batch = {
      range,
      rows,
      get attempt() {
        return attempt;
      },
      prepare(file) {
        attempt = cursors.prepare(attempt, file);
        return attempt;
      },
      reserveNext(atLeast) {
        attempt = cursors.reserveNext(attempt, atLeast);
        return attempt;
      },
    };
    const tags = Object.entries(staticTags).map(([key, value]) => ({ name: key, value }));
    const destination = this.#destination(fieldSet, tags);
    const outcome = await destination.deliver(batch, NEVER);
    if (outcome.kind !== 'delivered') throw new Error(`not delivered: ${JSON.stringify(outcome)}`);
    if (options.commit !== false) cursors.commit(name, range, [], { delivered: rows.length });
  }

  /** What a server does that starts now, once. */
  async merge(disk?: Disk, signal: AbortSignal = NEVER): Promise<void> {
    await this.dailyMerge(disk).pass(signal);
  }

  dailyMerge(disk?: Disk, maxMemoryBytes?: number): DailyMerge {
    const format: PartFormat =
      this.kind === 'parquet' ? parquetParts(PRODUCT) : qvdParts(PRODUCT, ...(maxMemoryBytes ? [maxMemoryBytes] : []));
    const merger = dayMergerOf(
      { ...this.#options('documented', []), dailyDirectory: 'daily' },
      this.#context(),
      format,
      disk,
    );
    if (merger === undefined) throw new Error('no merger');
    return new DailyMerge({
      name: this.kind,
      merger,
      merges: this.#merges ?? this.state.dailyMerges,
      clock: this.clock,
      logger: this.logger,
      metrics: this.metrics,
      paused: () => this.paused,
    });
  }

  /** Every call of the store is a step of the process that a test may stop before. */
  stepBefore(step: ((name: string) => void) | undefined): void {
    const { dailyMerges } = this.state;
    this.#merges =
      step === undefined
        ? undefined
        : {
            remember: (...args) => dailyMerges.remember(...args),
            forget: (...args) => dailyMerges.forget(...args),
            closeDaysBefore: (...args) => stepped(step, 'close', () => dailyMerges.closeDaysBefore(...args)),
            state: (...args) => dailyMerges.state(...args),
            parts: (...args) => dailyMerges.parts(...args),
            prepare: (...args) => stepped(step, 'prepare', () => dailyMerges.prepare(...args)),
            recordFailure: (...args) => stepped(step, 'recordFailure', () => dailyMerges.recordFailure(...args)),
            finish: (...args) => stepped(step, 'finish', () => dailyMerges.finish(...args)),
          };
  }

  get merges(): DailyMergeState {
    const state = this.state.dailyMerges.state(this.kind);
    if (state === undefined) throw new Error('nothing is remembered');
    return state;
  }

  /** Names of the folder, hidden ones too; none when it is not there. */
  files(folder: string): readonly string[] {
    try {
      return readdirSync(folder).sort();
    } catch {
      return [];
    }
  }

  restart(): void {
    this.state.close();
    this.state = this.#openState();
    this.#merges = undefined;
  }

  remove(): void {
    this.state.close();
    rmSync(this.root, { recursive: true, force: true });
  }

  #openState(): SqliteStateStore {
    return new SqliteStateStore(join(this.root, 'durable.sqlite'), this.clock);
  }

  #options(fieldSet: FieldSet, staticTags: readonly { readonly name: string; readonly value: string }[]) {
    return { exportDirectory: 'export', staticTags, fieldSet, maxBatchSize: 1000, writeFrequencyMs: 0 };
  }

  #context() {
    const { clock, logger, root } = this;
    return { name: this.kind, logId: LOG_ID, clock, logger, root, product: PRODUCT };
  }

  #destination(fieldSet: FieldSet, staticTags: readonly { readonly name: string; readonly value: string }[]) {
    const Tables = this.kind === 'parquet' ? ParquetDestination : QvdDestination;
    return new Tables(this.#options(fieldSet, staticTags), this.#context());
  }
}

function stepped<T>(step: (name: string) => void, name: string, call: () => T): T {
  step(name);
  return call();
}
