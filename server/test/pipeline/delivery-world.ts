import { epochMillis } from '../../src/domain/epoch-millis.ts';
import type { LogItem, NewLogEntry, StoredEvent } from '../../src/domain/log-entry.ts';
import { lastSequenceOf } from '../../src/domain/log-entry.ts';
import { type Sequence, type SequenceRange, sequence } from '../../src/domain/sequence.ts';
import { DeliveryReader } from '../../src/pipeline/delivery-reader.ts';
import { DeliveryWorker, type DeliveryWorkerOptions } from '../../src/pipeline/delivery-worker.ts';
import type { Attempt, Cursor, CursorStore, PreparedFile, Rejection } from '../../src/pipeline/ports/cursor-store.ts';
import type { EventLog, ReadLimit } from '../../src/pipeline/ports/event-log.ts';
import type { Counter, Gauge, Histogram, Labels, Metrics } from '../../src/pipeline/ports/metrics.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { FakeDestination, SERVER_POLICY } from '../support/fake-destination.ts';
import { FakeLogFacts } from '../support/fake-log-facts.ts';
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
  items: LogItem[] = [];
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
    const { envelope: envelopeText, ...rest } = entry;
    const stored: StoredEvent = {
      ...rest,
      kind: 'event',
      seq,
      digest: '',
      private: () => ({ envelope: JSON.parse(envelopeText), envelopeText }),
    };
    this.items.push(stored);
    return seq;
  }
}

export interface StoredDeadLetter extends Rejection {
  readonly destination: string;
}

/** A cursor store in memory that outlives the worker and keeps the promises of the port. */
export class FakeCursors implements CursorStore {
  readonly cursors = new Map<string, Cursor>();
  readonly deadLetters: StoredDeadLetter[] = [];
  readonly begun: Attempt[] = [];
  commits = 0;
  onStep: (step: 'begin' | 'prepare' | 'commit', when: 'before' | 'after') => void = () => undefined;
  readonly #parts = new Map<string, number>();

  load(destination: string): Cursor | undefined {
    return this.cursors.get(destination);
  }
  register(destination: string, committed: Sequence): void {
    this.cursors.set(destination, { committed });
  }
  begin(destination: string, range: SequenceRange, reserve?: { readonly day: string }): Attempt {
    this.onStep('begin', 'before');
    const cursor = this.#cursor(destination);
    if (range.first !== cursor.committed + 1) throw new Error(`begin ${range.first} after ${cursor.committed}`);
    const old = cursor.begun;
    const isSame = old !== undefined && old.range.first === range.first && old.range.last === range.last;
    const attempt: Attempt = isSame
      ? { ...old, number: old.number + 1 }
      : {
          destination,
          range,
          number: 1,
          ...(reserve === undefined
            ? {}
            : { part: old?.part ?? { day: reserve.day, part: this.#nextPart(reserve.day) } }),
        };
    this.cursors.set(destination, { committed: cursor.committed, begun: attempt });
    this.begun.push(attempt);
    this.onStep('begin', 'after');
    return attempt;
  }
  prepare(attempt: Attempt, prepared: PreparedFile): Attempt {
    this.onStep('prepare', 'before');
    const changed = this.#change(attempt, { prepared });
    this.onStep('prepare', 'after');
    return changed;
  }
  reserveNext(attempt: Attempt, atLeast = 1): Attempt {
    const day = attempt.part?.day ?? '';
    return this.#change(attempt, { part: { day, part: this.#nextPart(day, atLeast) } });
  }
  raisePartTo(_destination: string, day: string, atLeast: number): void {
    this.#parts.set(day, Math.max(this.#parts.get(day) ?? 0, atLeast - 1));
  }
  commit(destination: string, range: SequenceRange, rejected: readonly Rejection[]): void {
    this.onStep('commit', 'before');
    const { committed } = this.#cursor(destination);
    if (range.first !== committed + 1) throw new Error(`commit ${range.first} after ${committed}`);
    this.cursors.set(destination, { committed: range.last });
    for (const rejection of rejected) this.deadLetters.push({ ...rejection, destination });
    this.commits++;
    this.onStep('commit', 'after');
  }
  #cursor(destination: string): Cursor {
    const cursor = this.cursors.get(destination);
    if (cursor === undefined) throw new Error(`not registered: ${destination}`);
    return cursor;
  }
  #change(attempt: Attempt, change: Partial<Attempt>): Attempt {
    const { committed, begun } = this.#cursor(attempt.destination);
    if (begun?.number !== attempt.number || begun.range.last !== attempt.range.last) throw new Error('stale attempt');
    const changed = { ...attempt, ...change };
    this.cursors.set(attempt.destination, { committed, begun: changed });
    return changed;
  }
  #nextPart(day: string, atLeast = 1): number {
    const part = Math.max((this.#parts.get(day) ?? 0) + 1, atLeast);
    this.#parts.set(day, part);
    return part;
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
  readonly facts = new FakeLogFacts(() => this.log.items);
  readonly cursors = new FakeCursors();
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
