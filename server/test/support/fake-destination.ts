import { CodedError } from '../../src/domain/errors.ts';
import type { Sequence } from '../../src/domain/sequence.ts';
import type { PreparedFile } from '../../src/pipeline/ports/cursor-store.ts';
import type { Batch, DeliveryOutcome, DeliveryPolicy, Destination } from '../../src/pipeline/ports/destination.ts';

export const SERVER_POLICY: DeliveryPolicy = {
  maxBatchSize: 100,
  maxBatchBytes: 1_000_000,
  writeFrequencyMs: 0,
  attemptTimeoutMs: 10_000,
  reservesPart: false,
  flushOnStop: false,
};

export const FILE_POLICY: DeliveryPolicy = { ...SERVER_POLICY, reservesPart: true, flushOnStop: true };

type Outcome<Kind> = Extract<DeliveryOutcome, { kind: Kind }>;

export const DELIVERED: DeliveryOutcome = { kind: 'delivered', rejected: [] };
export const RETRY: Outcome<'retry'> = { kind: 'retry', error: new CodedError('DELIVERY_ABORTED', 'not now') };
export const REFUSED: Outcome<'refused'> = {
  kind: 'refused',
  error: new CodedError('ROW_NOT_ENCODABLE', 'bad contents'),
};
export const STOPPED: Outcome<'stopped'> = {
  kind: 'stopped',
  error: new CodedError('EXPORT_FILE_ALTERED', 'see to it'),
};

/** What a destination does with the `n`th batch handed to it (from 1), before it takes the rows. */
export type Answer = (batch: Batch, n: number, signal: AbortSignal) => DeliveryOutcome | Promise<DeliveryOutcome>;

/** A server that knows a row again by its position: what it has, in the order of arrival. */
export class FakeDestination implements Destination {
  /** Every batch handed over: positions. */
  readonly handed: number[][] = [];
  readonly stored = new Map<Sequence, Batch['rows'][number]>();
  answer: Answer = () => DELIVERED;
  isReachable = true;
  checks = 0;
  closed = 0;

  async check(): Promise<void> {
    this.checks++;
    if (!this.isReachable) throw new CodedError('DELIVERY_ABORTED', 'not reachable');
  }
  async deliver(batch: Batch, signal: AbortSignal): Promise<DeliveryOutcome> {
    this.handed.push(batch.rows.map((row) => row.position));
    const outcome = await this.answer(batch, this.handed.length, signal);
    if (outcome.kind !== 'delivered') return outcome;
    const rejected = new Set(outcome.rejected.map((r) => r.position));
    for (const row of batch.rows) {
      if (!rejected.has(row.position) && !this.stored.has(row.position)) this.stored.set(row.position, row);
    }
    return outcome;
  }
  async close(): Promise<void> {
    this.closed++;
  }
  get positions(): number[] {
    return [...this.stored.keys()];
  }
}

export type FileDestinationStep = 'written' | 'prepared' | 'published' | 'removed';

/** Files that outlive the process, published exactly as rule 19 says: twice published stays twice in the list. */
export class FakeFiles {
  readonly temporary = new Map<string, readonly number[]>();
  readonly published: { readonly path: string; readonly positions: readonly number[] }[] = [];
  #next = 1;

  write(positions: readonly number[]): string {
    const path = `tmp-${this.#next++}`;
    this.temporary.set(path, positions);
    return path;
  }
  get positions(): number[] {
    return this.published.flatMap((file) => file.positions);
  }
}

export class FakeFileDestination implements Destination {
  readonly #files: FakeFiles;
  readonly #onStep: (step: FileDestinationStep) => void;
  answer: Answer = () => DELIVERED;
  handed = 0;

  constructor(files: FakeFiles, onStep: (step: FileDestinationStep) => void = () => undefined) {
    this.#files = files;
    this.#onStep = onStep;
  }
  async check(): Promise<void> {}
  async close(): Promise<void> {}

  async deliver(batch: Batch, signal: AbortSignal): Promise<DeliveryOutcome> {
    this.handed++;
    const outcome = await this.answer(batch, this.handed, signal);
    const { prepared } = batch.attempt;
    // once prepared, the contents are no question any more
    if (outcome.kind !== 'delivered' && (outcome.kind !== 'refused' || prepared === undefined)) return outcome;
    const file = prepared ?? this.#prepare(batch);
    const positions = this.#files.temporary.get(file.temporaryPath);
    // gone: it had been published
    if (positions === undefined) return DELIVERED;
    const isThere = this.#files.published.some((f) => f.path === file.path);
    if (!isThere) this.#files.published.push({ path: file.path, positions });
    this.#onStep('published');
    this.#files.temporary.delete(file.temporaryPath);
    this.#onStep('removed');
    return DELIVERED;
  }

  #prepare(batch: Batch): PreparedFile {
    const temporaryPath = this.#files.write(batch.rows.map((row) => row.position));
    this.#onStep('written');
    const { day, part } = batch.attempt.part ?? { day: 'none', part: 0 };
    const file = { temporaryPath, path: `${day}_part${part}`, sha256: '' };
    batch.prepare(file);
    this.#onStep('prepared');
    return file;
  }
}
