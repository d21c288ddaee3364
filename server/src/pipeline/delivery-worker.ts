import type { EpochMillis } from '../domain/epoch-millis.ts';
import { CodedError } from '../domain/errors.ts';
import { nextSequence, type Sequence, type SequenceRange, sequence } from '../domain/sequence.ts';
import { PendingBatch } from './batching.ts';
import { DeliveryHealth } from './delivery-health.ts';
import type { DeliveryEntry, DeliverySource, Stretch } from './delivery-reader.ts';
import type { DestinationStatus } from './delivery-status.ts';
import type { Clock } from './ports/clock.ts';
import type { CursorStore } from './ports/cursor-store.ts';
import type { DeliveryPolicy, Destination } from './ports/destination.ts';
import type { Logger } from './ports/logger.ts';
import type { Metrics } from './ports/metrics.ts';
import { type DeliveryPart, PartSettler } from './settle-part.ts';
import { type SkipOutcome, type SkipRequest, skippedRange } from './skip-request.ts';

export interface DeliveryWorkerOptions {
  /** The key of its cursor, attempts and dead letters. Registered before `run`. */
  readonly name: string;
  readonly destination: Destination;
  readonly policy: DeliveryPolicy;
  readonly source: DeliverySource;
  readonly cursors: CursorStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** A fixed end (replay, dead-letter retry): `run` resolves once everything up to it is settled. */
  readonly end?: Sequence;
  /** Rule 8: while true, nothing is begun. */
  readonly paused?: () => boolean;
  /** Appends the `server.destination.skipped` record (rule 17). */
  readonly recordSkip?: (request: SkipRequest, range: SequenceRange) => Promise<void>;
  /** Dead letters that are dealt with once this range is committed (rule 21). */
  readonly resolvedBy?: (range: SequenceRange) => readonly number[];
  /** Keeps the failure for those who ask when no server runs. */
  readonly recordFailure?: (error: CodedError) => void;
  /** 0 … 1, for jitter. */
  readonly random?: () => number;
}

export interface StopOptions {
  /** Destinations with `flushOnStop` deliver what the log holds by now; others finish the attempt under way. */
  readonly flush: boolean;
  /** `stop` resolves by then, also when the destination hangs. */
  readonly deadlineMs: number;
}

interface WaitingSkip {
  readonly request: SkipRequest;
  readonly resolve: (outcome: SkipOutcome) => void;
  readonly reject: (error: unknown) => void;
}

const IDLE_MS = 60_000;
const PAUSED_CHECK_MS = 1000;
const CLOSE_MS = 5000;
/** While a batch fills, events are read in gulps instead of one by one. */
const GULP_MS = 50;
/** Positions that mean nothing to the destination may pass without a transaction of their own, up to so many. */
const LAZY_POSITIONS = 1000;

/**
 * Brings the log to one destination, in log order: read after the cursor, cut a batch, settle it (rules 17-21). All
 * that must survive is in the cursor store: a new worker on the same store goes on where any crash left the old one.
 * Holds one batch in memory, however long the backlog.
 */
export class DeliveryWorker {
  readonly name: string;
  readonly #options: DeliveryWorkerOptions;
  readonly #health: DeliveryHealth;
  readonly #settler: PartSettler;
  /** A range that was begun before this start and has not been read again yet. */
  #begun: SequenceRange | undefined;
  /** Read, and to be delivered next, in log order; the first may be under way. */
  #parts: readonly DeliveryPart[] = [];
  #pending: PendingBatch;
  #skips: WaitingSkip[] = [];
  #lastMoveMs = Number.NEGATIVE_INFINITY;
  /** Of the row that was read last: what has not been read yet is hardly older. */
  #lastReceivedAt: EpochMillis | undefined;
  /** When the log was read last there was no more: what there is by now has just come. */
  #wasCaughtUp = false;
  #waiting: AbortController | undefined;
  #woken = false;
  #running: Promise<void> | undefined;
  #stopping: 'now' | 'flush' | undefined;
  #flushTo: Sequence | undefined;
  #hasAll = false;
  readonly #halt = new AbortController();

  constructor(options: DeliveryWorkerOptions) {
    this.name = options.name;
    this.#options = options;
    this.#health = new DeliveryHealth(options);
    this.#settler = new PartSettler({ ...options, health: this.#health });
    this.#pending = new PendingBatch(this.#settler.committed, options.policy);
  }

  /** Resolves with `stop`, also when the destination hangs, or once a fixed end is reached. Never rejects. */
  run(): Promise<void> {
    this.#running ??= this.#run();
    return this.#running;
  }

  /** Everything up to the fixed end is settled. */
  get isFinished(): boolean {
    const { end } = this.#options;
    return end !== undefined && this.#settler.committed >= end;
  }

  /** Leaves the store so that the next start goes on exactly here. A second call may shorten the first. */
  async stop({ flush, deadlineMs }: StopOptions): Promise<void> {
    this.#flushTo ??= this.#options.source.head();
    this.#stopping = flush && this.#options.policy.flushOnStop && this.#stopping !== 'now' ? 'flush' : 'now';
    this.#wake();
    const inTime = new AbortController();
    await Promise.race([this.#running ?? Promise.resolve(), this.#options.clock.sleep(deadlineMs, inTime.signal)]);
    inTime.abort();
    this.#halt.abort();
    this.#settler.giveUp();
    this.#wake();
  }

  /** Done between two attempts; a back-off ends for it (rule 17). Rejects when its record could not be appended. */
  skip(request: SkipRequest): Promise<SkipOutcome> {
    if (this.#stopping !== undefined || this.#hasAll) return Promise.resolve({ kind: 'worker-gone' });
    return new Promise((resolve, reject) => {
      this.#skips.push({ request, resolve, reject });
      this.#wake();
    });
  }

  status(): DestinationStatus {
    const { clock, source, end } = this.#options;
    const { numbers, state } = this.#health;
    const head = end ?? source.head();
    const nothingWaits = this.#begun === undefined && this.#parts.length === 0 && this.#pending.isEmpty;
    const seen = nothingWaits ? this.#pending.readTo : this.#settler.committed;
    const oldest = this.#parts[0]?.entries[0] ?? this.#pending.oldest;
    const unread = head > seen && !this.#wasCaughtUp ? this.#lastReceivedAt : undefined;
    const since = oldest?.kind === 'row' ? oldest.row.record.receivedAt : (unread ?? clock.now());
    return {
      name: this.name,
      state,
      committed: this.#settler.committed,
      head,
      lagEvents: Math.max(0, head - seen),
      lagSeconds: Math.max(0, clock.now() - since) / 1000,
      delivered: numbers.delivered.value(),
      rejected: numbers.rejected.value(),
      retried: numbers.retried.value(),
      ...(numbers.lastError === undefined ? {} : { lastError: numbers.lastError }),
      ...(numbers.lastSuccessAt === undefined ? {} : { lastSuccessAt: numbers.lastSuccessAt }),
    };
  }

  /** Brings the gauges up to date; called before they are read. */
  publishMetrics(): void {
    this.#health.numbers.publish(this.status());
  }

  async #run(): Promise<void> {
    while (!this.#halt.signal.aborted) {
      try {
        this.#load();
        await this.#work();
        this.#moveCursor();
        break;
      } catch (thrown) {
        if (this.#halt.signal.aborted) break;
        this.#health.retrying(this.#health.defect(thrown));
        if (this.#stopping !== undefined) break;
        await this.#pause(this.#health.waitMs);
      }
    }
    for (const { resolve } of this.#skips.splice(0)) resolve({ kind: 'worker-gone' });
    const closed = this.#options.destination.close().catch((thrown: unknown) => this.#health.defect(thrown));
    const over = new AbortController();
    const tooLong = this.#options.clock.sleep(CLOSE_MS, AbortSignal.any([over.signal, this.#halt.signal]));
    await Promise.race([closed, tooLong]);
    over.abort();
  }

  /** Forgets what is in memory and asks the store: the same at start and after anything unexpected. */
  #load(): void {
    const cursor = this.#options.cursors.load(this.name);
    if (cursor === undefined) {
      throw new CodedError('DESTINATION_UNKNOWN', `No position is stored for the destination ${this.name}.`);
    }
    this.#settler.committed = cursor.committed;
    this.#begun = cursor.begun?.range;
    this.#parts = [];
    this.#pending = new PendingBatch(this.#begun?.last ?? cursor.committed, this.#options.policy);
  }

  async #work(): Promise<void> {
    while (!this.#halt.signal.aborted && !this.#hasAll) {
      await this.#answerSkips();
      const waitMs = this.#health.waitMs;
      const isPaused = this.#options.paused?.() ?? false;
      if (this.#stopping === 'now' || (this.#stopping === 'flush' && (waitMs > 0 || isPaused))) return;
      if (waitMs > 0) await this.#pause(waitMs);
      else if (isPaused) await this.#hold();
      else await this.#advance();
    }
  }

  async #hold(): Promise<void> {
    this.#health.state = 'waiting';
    await this.#pause(PAUSED_CHECK_MS);
  }

  /** Reads until there is something to deliver, or makes one attempt at it. */
  async #advance(): Promise<void> {
    const [part, ...rest] = this.#parts;
    if (part !== undefined) {
      const left = await this.#settler.settle(part);
      this.#parts = [...left, ...rest];
      return;
    }
    const read = this.#begun === undefined ? await this.#fill() : await this.#readBegun(this.#begun);
    if (read !== undefined) this.#parts = [read];
  }

  /** Rule 18: exactly the range that was begun, whatever the batch settings are by now. */
  async #readBegun(range: SequenceRange): Promise<DeliveryPart | undefined> {
    const { source, policy } = this.#options;
    const entries: DeliveryEntry[] = [];
    let readTo = sequence(range.first - 1);
    while (readTo < range.last) {
      const stretch = await source.read(readTo, range.last, new PendingBatch(readTo, policy).room);
      for (const entry of stretch.entries) entries.push(entry);
      if (stretch.readTo === readTo) await this.#awaitNews(readTo, IDLE_MS);
      if (this.#isInterrupted()) return undefined;
      readTo = stretch.readTo;
    }
    this.#begun = undefined;
    return { range, entries, begun: true };
  }

  /** The next batch once it is due; undefined: something else is to be done first, or there is no more. */
  async #fill(): Promise<DeliveryPart | undefined> {
    const { clock, source, policy } = this.#options;
    while (!this.#isInterrupted()) {
      const pending = this.#pending;
      const end = this.#options.end ?? this.#flushTo;
      const isLast = end !== undefined && pending.readTo >= end;
      this.#hasAll = isLast && pending.isEmpty;
      if (this.#hasAll) return undefined;
      if (isLast || pending.isFull) return this.#cut();
      const before = pending.readTo;
      const stretch = await source.read(before, end ?? source.head(), pending.room);
      pending.add(stretch, clock.monotonicMs() - this.#waitedMs(stretch));
      this.#wasCaughtUp = source.head() <= pending.readTo;
      if (pending.readTo > before) continue;
      // all that is there has been read: a backlog fills its batches, however short they may wait
      const dueInMs = pending.dueInMs(clock.monotonicMs());
      if (dueInMs <= 0) return this.#cut();
      this.#health.state = pending.isEmpty ? 'idle' : 'waiting';
      this.#moveCursorLazily();
      await this.#awaitNews(before, Math.min(dueInMs, IDLE_MS));
      if (policy.writeFrequencyMs > GULP_MS && !this.#isInterrupted()) await this.#pause(GULP_MS);
    }
    return undefined;
  }

  /**
   * How long the first of these has waited while the batch before it was delivered: its own batch is due that much sooner.
   * An event that awaited its picture waited for that.
   */
  #waitedMs({ entries: [first] }: Stretch): number {
    const { clock, policy } = this.#options;
    if (first?.kind !== 'row' || first.row.position !== first.row.record.sequence) return 0;
    return Math.min(policy.writeFrequencyMs, Math.max(0, clock.now() - first.row.record.receivedAt));
  }

  #cut(): DeliveryPart {
    const part = this.#pending.cut();
    const last = part.entries.at(-1);
    if (last?.kind === 'row') this.#lastReceivedAt = last.row.record.receivedAt;
    this.#pending = new PendingBatch(part.range.last, this.#options.policy);
    return part;
  }

  async #answerSkips(): Promise<void> {
    for (const { request, resolve, reject } of this.#skips.splice(0)) {
      try {
        resolve(await this.#skip(request));
      } catch (error) {
        reject(error);
      }
    }
  }

  /**
   * What was begun may have arrived and is skipped whole or not at all. A crash after the record leaves the request
   * standing: done again at the next start, with the same record.
   */
  async #skip(request: SkipRequest): Promise<SkipOutcome> {
    const { cursors, source } = this.#options;
    const { committed } = this.#settler;
    const head = source.head();
    const through = sequence(Math.max(request.through, cursors.load(this.name)?.begun?.range.last ?? 0));
    if (request.expectedCommitted !== committed || request.through <= committed || through > head) {
      return { kind: 'not-skipped', committed, head };
    }
    const range = { first: nextSequence(committed), last: through };
    await this.#options.recordSkip?.(request, range);
    this.#settler.commit(range, [skippedRange(range, request)]);
    this.#options.logger.info({ destination: this.name, ...range, reason: request.reason }, 'Events were skipped.');
    this.#health.resume();
    this.#load();
    return { kind: 'skipped', range };
  }

  #moveCursorLazily(): void {
    const now = this.#options.clock.monotonicMs();
    const positions = this.#pending.readTo - this.#settler.committed;
    if (positions < LAZY_POSITIONS && now - this.#lastMoveMs < IDLE_MS) return;
    this.#lastMoveMs = now;
    this.#moveCursor();
  }

  /** Past positions that mean nothing to this destination; nothing is begun for them. */
  #moveCursor(): void {
    const { readTo, isEmpty } = this.#pending;
    const isAhead = this.#begun !== undefined || this.#parts.length > 0 || !isEmpty;
    if (isAhead || readTo <= this.#settler.committed) return;
    this.#settler.commit({ first: nextSequence(this.#settler.committed), last: readTo }, []);
    this.#pending = new PendingBatch(readTo, this.#options.policy);
  }

  #isInterrupted(): boolean {
    return this.#halt.signal.aborted || this.#stopping === 'now' || this.#skips.length > 0;
  }

  /** Also ends a wait that has not started yet, so that nothing asked for between two checks is overlooked. */
  #wake(): void {
    this.#woken = true;
    this.#waiting?.abort();
  }

  /** Until `ms` have passed, something wakes the worker, or more than `readTo` can be read. */
  async #awaitNews(readTo: Sequence, ms: number): Promise<void> {
    const { source } = this.#options;
    // what should be there cannot be read yet: no busy loop
    if (source.end() > readTo) await this.#pause(PAUSED_CHECK_MS);
    else await this.#pause(ms, (signal) => source.waitPast(readTo, signal));
  }

  async #pause(ms: number, news?: (signal: AbortSignal) => Promise<void>): Promise<void> {
    if (!this.#woken) {
      const waiting = new AbortController();
      this.#waiting = waiting;
      const sleep = this.#options.clock.sleep(ms, waiting.signal);
      await (news === undefined ? sleep : Promise.race([sleep, news(waiting.signal)]));
      waiting.abort();
      this.#waiting = undefined;
    }
    this.#woken = false;
  }
}
