import { epochMillis } from '../../src/domain/epoch-millis.ts';
import type { LogItem, NewLogEntry, StoredEvent } from '../../src/domain/log-entry.ts';
import { lastSequenceOf } from '../../src/domain/log-entry.ts';
import { type Sequence, type SequenceRange, sequence } from '../../src/domain/sequence.ts';
import { DeliveryReader } from '../../src/pipeline/delivery-reader.ts';
import { DeliveryWorker, type DeliveryWorkerOptions } from '../../src/pipeline/delivery-worker.ts';
import type {
  Attempt,
  CommitDetails,
  Cursor,
  CursorStore,
  PreparedFile,
  Registration,
  Rejection,
} from '../../src/pipeline/ports/cursor-store.ts';
import type { EventLog, ReadLimit } from '../../src/pipeline/ports/event-log.ts';
import type { Counter, Gauge, Histogram, Labels, Metrics } from '../../src/pipeline/ports/metrics.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { FakeDestination, SERVER_POLICY } from '../support/fake-destination.ts';
import { FakeLogFacts } from '../support/fake-log-facts.ts';
import { MemoryCursorStore } from '../support/memory-cursor-store.ts';
import { RecordingLogger } from '../support/recording-logger.ts';

export const START = Date.UTC(2026, 10, 23, 7, 0, 0);

/** An envelope of about `bytes` characters more than it needs. */
export function envelope(id: string, note = '', bytes = 0): string {
  return JSON.stringify({
    schemaVersion: 1,
    eventId: id,
    timestamp: '2026-11-23T06:59:59.000Z',
    type: 'object.view.duration',
    payload: { note, filler: 'x'.repeat(bytes) },
  });
}

/** A log in memory that is always durable, and can lose lines. */
export class FakeLog implements EventLog {
  /** What can be read. */
  items: LogItem[] = [];
  /** What was written, whatever became of it: the deduplicator saw it in time. */
  readonly written: StoredEvent[] = [];
  onAppend: () => void = () => undefined;
  #next = 1;
  readonly #waiting = new Set<() => void>();

  head(): Sequence {
    const last = this.items.at(-1);
    return last === undefined ? sequence(0) : lastSequenceOf(last);
  }
  async append(entries: readonly NewLogEntry[]): Promise<{ seq: Sequence }[]> {
    this.onAppend();
    const seqs = entries.map((entry) => this.#add(entry));
    for (const look of [...this.#waiting]) look();
    return seqs.map((seq) => ({ seq }));
  }
  async firstRetained(): Promise<Sequence> {
    const [first] = this.items;
    return first === undefined ? sequence(this.#next) : first.kind === 'event' ? first.seq : first.first;
  }
  async read(after: Sequence, limit: ReadLimit): Promise<readonly LogItem[]> {
    const start = this.items.findIndex((item) => lastSequenceOf(item) > after);
    if (start === -1) return [];
    const found: LogItem[] = [];
    let bytes = 0;
    for (const item of this.items.slice(start, start + limit.events)) {
      bytes += item.kind === 'event' ? (item.private()?.envelopeText.length ?? 0) : 0;
      if (found.length > 0 && bytes > limit.bytes) break;
      found.push(item);
    }
    return found;
  }
  async waitPast(seq: Sequence, signal: AbortSignal): Promise<void> {
    if (this.head() > seq || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const look = () => {
        if (this.head() <= seq && !signal.aborted) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      signal.addEventListener('abort', look, { once: true });
    });
  }
  damage(first: number, last = first): void {
    const item = { kind: 'damaged', first: sequence(first), last: sequence(last), reason: 'torn' } as const;
    const rest = this.items.filter((i) => i.kind === 'damaged' || i.seq < first || i.seq > last);
    this.items = [...rest, item].sort((a, b) => lastSequenceOf(a) - lastSequenceOf(b));
  }
  retainFrom(first: number): void {
    this.items = this.items.filter((item) => lastSequenceOf(item) >= first);
  }
  #add(entry: NewLogEntry): Sequence {
    const seq = sequence(this.#next++);
    const { envelope, ...rest } = entry;
    const envelopeText = envelope.toString();
    const stored: StoredEvent = {
      ...rest,
      kind: 'event',
      seq,
      digest: '',
      private: () => ({ envelope: JSON.parse(envelopeText), envelopeText }),
    };
    this.items.push(stored);
    this.written.push(stored);
    return seq;
  }
}

export interface StoredDeadLetter extends Rejection {
  readonly destination: string;
}

/** A cursor store that outlives the workers, and can be stopped before and after each step. */
export class SteppedCursors implements CursorStore {
  readonly store = new MemoryCursorStore();
  readonly begun: Attempt[] = [];
  onStep: (step: 'begin' | 'prepare' | 'commit', when: 'before' | 'after') => void = () => undefined;

  get deadLetters(): readonly StoredDeadLetter[] {
    return this.store.rejections.map(({ destination, rejection }) => ({ ...rejection, destination }));
  }
  load(destination: string): Cursor | undefined {
    return this.store.load(destination);
  }
  register(destination: string, committed: Sequence, details?: Registration): void {
    this.store.register(destination, committed, details);
  }
  begin(destination: string, range: SequenceRange, reserve?: { readonly day: string }): Attempt {
    const attempt = this.#step('begin', () => this.store.begin(destination, range, reserve));
    this.begun.push(attempt);
    return attempt;
  }
  prepare(attempt: Attempt, prepared: PreparedFile): Attempt {
    return this.#step('prepare', () => this.store.prepare(attempt, prepared));
  }
  reserveNext(attempt: Attempt, atLeast?: number): Attempt {
    return this.store.reserveNext(attempt, atLeast);
  }
  raisePartTo(destination: string, day: string, atLeast: number): void {
    this.store.raisePartTo(destination, day, atLeast);
  }
  commit(destination: string, range: SequenceRange, rejected: readonly Rejection[], details?: CommitDetails): void {
    this.#step('commit', () => this.store.commit(destination, range, rejected, details));
  }
  #step<T>(step: 'begin' | 'prepare' | 'commit', action: () => T): T {
    this.onStep(step, 'before');
    const result = action();
    this.onStep(step, 'after');
    return result;
  }
}

class Cell implements Counter, Gauge, Histogram {
  #value = 0;
  add(amount = 1): void {
    this.#value += amount;
  }
  set(value: number): void {
    this.#value = value;
  }
  observe(): void {}
  value(): number {
    return this.#value;
  }
}

export class FakeMetrics implements Metrics {
  readonly cells = new Map<string, Cell>();
  readonly counter = (name: string, _help: string, labels?: Labels) => this.#cell(name, labels);
  readonly gauge = this.counter;
  readonly histogram = (name: string, _help: string, _buckets: readonly number[], labels?: Labels) =>
    this.#cell(name, labels);
  #cell(name: string, labels: Labels = {}): Cell {
    const key = `${name}${JSON.stringify(labels)}`;
    const cell = this.cells.get(key) ?? new Cell();
    this.cells.set(key, cell);
    return cell;
  }
}

/** A log, a deduplicator and a durable store, on which workers come and go. */
export class DeliveryWorld {
  readonly clock = new FakeClock(START);
  readonly log = new FakeLog();
  readonly facts = new FakeLogFacts(() => this.log.written);
  readonly cursors = new SteppedCursors();
  readonly logger = new RecordingLogger();
  readonly metrics = new FakeMetrics();
  readonly workers: DeliveryWorker[] = [];

  async client(id: string, more: Partial<NewLogEntry> = {}): Promise<Sequence> {
    return this.#append({
      origin: 'client',
      id,
      type: 'object.view.duration',
      at: epochMillis(START),
      envelope: envelope(id),
      ...more,
    });
  }
  async clients(count: number, prefix = 'e'): Promise<void> {
    for (let i = 1; i <= count; i++) await this.client(`${prefix}${i}`);
  }
  /** An outcome record about `subject`. */
  async outcome(subject: number, kind: 'saved' | 'failed', id = `${kind}-${subject}`): Promise<Sequence> {
    const payload = { status: kind, reason: kind === 'failed' ? 'gone' : null, files: [{ path: `${subject}.png` }] };
    return this.#append({
      origin: 'server',
      id,
      type: `server.screenshot.${kind}`,
      at: epochMillis(START),
      subject: sequence(subject),
      envelope: JSON.stringify({ payload }),
    });
  }
  async serverRecord(type: string): Promise<Sequence> {
    return this.#append({
      origin: 'server',
      id: `${type}-${this.log.head()}`,
      type,
      at: epochMillis(START),
      envelope: '{}',
    });
  }
  /** A worker on these stores, running. */
  start(options: Partial<DeliveryWorkerOptions> = {}): DeliveryWorker {
    const name = options.name ?? 'test';
    if (this.cursors.load(name) === undefined) this.cursors.register(name, sequence(0));
    const worker = new DeliveryWorker({
      name,
      destination: new FakeDestination(),
      policy: SERVER_POLICY,
      source: new DeliveryReader({ log: this.log, facts: this.facts }),
      cursors: this.cursors,
      clock: this.clock,
      logger: this.logger,
      metrics: this.metrics,
      random: () => 0,
      ...options,
    });
    this.workers.push(worker);
    void worker.run();
    return worker;
  }
  /** Ends every worker as a crash would: nothing more of it counts. */
  async end(): Promise<void> {
    const ended = this.workers.splice(0).map((worker) => worker.stop({ flush: false, deadlineMs: 0 }));
    await this.clock.advance(0);
    await Promise.all(ended);
  }
  committed(name = 'test'): number {
    return this.cursors.load(name)?.committed ?? -1;
  }
  async #append(entry: NewLogEntry): Promise<Sequence> {
    const [receipt] = await this.log.append([entry]);
    this.facts.moved();
    if (receipt === undefined) throw new Error('no receipt');
    return receipt.seq;
  }
}
