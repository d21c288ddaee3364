import { CodedError } from '../domain/errors.ts';
import type { LogItem, Origin, StoredEvent } from '../domain/log-entry.ts';
import { BEFORE_FIRST, type Sequence, type SequenceRange, sequence } from '../domain/sequence.ts';
import { LogFollower, lastDigestOf, lastPositionOf, type StartOverReason } from './log-follower.ts';
import type { Clock } from './ports/clock.ts';
import type { EventLogReader } from './ports/event-log.ts';
import type {
  FactBatch,
  IdHit,
  LogFacts,
  LogFactsQueries,
  LogFactsReader,
  LogFactsStore,
  PictureMissing,
  RepeatedLine,
  RetiredId,
} from './ports/log-facts.ts';
import type { Logger } from './ports/logger.ts';
import type { Counter, Metrics } from './ports/metrics.ts';

export interface DeduplicatorOptions {
  readonly log: EventLogReader;
  /** Few large batches instead of many small ones; 0 if not given. */
  readonly gatherMs?: number;
  readonly store: LogFactsStore;
  /** Ids of segments that retention deleted, in log order (rule 12). */
  readonly retiredIds: () => AsyncIterable<RetiredId>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** Large, because sorted writes of random ids cost the less the more of them there are; small enough to block briefly. */
const LIMIT = { events: 500, bytes: 1 << 20 };
/** Earlier lines that stand so close together are read at once. */
const NEAR = 16;
const READ_TOGETHER = 500;
const CONFLICT_WARNING_MS = 60_000;

/**
 * Follows the log and finds out which lines are not the first with their id, and which events their outcomes settle
 * (rules 13, 14). Delivery reads no further than this. Looks into the private part of a line only where an id is repeated.
 */
export class Deduplicator implements LogFactsReader, LogFactsQueries {
  readonly #options: DeduplicatorOptions;
  readonly #follower: LogFollower;
  readonly #events: Counter;
  readonly #repeats: Counter;
  readonly #conflicts: Counter;
  readonly #unverifiable: Counter;
  #conflictsToTell = 0;
  #lastConflict: IdHit | undefined;
  #lastTellingMs = Number.NEGATIVE_INFINITY;

  constructor(options: DeduplicatorOptions) {
    this.#options = options;
    const counter = (name: string, help: string) =>
      options.metrics.counter(`butler_sos_audit_dedup_${name}_total`, help);
    this.#events = counter('events', 'Log lines that the deduplicator has read.');
    this.#repeats = counter('repeats', 'Events that had been received before.');
    this.#conflicts = counter('conflicts', 'Events with the id of another event.');
    this.#unverifiable = counter(
      'unverifiable',
      'Repeats whose first line is gone, so that contents are not compared.',
    );
    this.#follower = new LogFollower({
      ...options,
      table: options.store,
      limit: LIMIT,
      prepare: () => this.#prepare(),
      take: (items) => this.#take(items),
      everyMs: { ms: CONFLICT_WARNING_MS, call: () => this.#tellConflicts() },
    });
  }

  /** Resolves when the signal aborts. Never rejects. */
  run(signal: AbortSignal): Promise<void> {
    return this.#follower.run(signal);
  }

  position(): Sequence {
    return this.#follower.position();
  }

  waitPast(seq: Sequence, signal: AbortSignal): Promise<void> {
    return this.#follower.waitPast(seq, signal);
  }

  facts(range: SequenceRange): LogFacts {
    if (range.last > this.position()) throw rebuilding();
    return this.#reading(() => this.#options.store.facts(range));
  }

  firstWithId(origin: Origin, id: string): Sequence | undefined {
    return this.#reading(() => this.#options.store.firstWithId(origin, id));
  }

  unsettledAwaiting(after: Sequence, limit: number): readonly Sequence[] {
    return this.#reading(() => this.#options.store.unsettledAwaiting(after, limit));
  }

  unsettledCount(): number {
    return this.#reading(() => this.#options.store.unsettledCount());
  }

  withoutPicture(after: Sequence, limit: number): readonly PictureMissing[] {
    return this.#reading(() => this.#options.store.withoutPicture(after, limit));
  }

  holdsAwaiting(range: SequenceRange, cursor: Sequence): boolean {
    // what has not been read yet may hold anything
    if (range.last > this.position()) return true;
    return this.#reading(() => this.#options.store.holdsAwaiting(range, cursor));
  }

  damaged(): readonly SequenceRange[] {
    return this.#reading(() => this.#options.store.damaged());
  }

  /** `reindex`: builds the table again from the log. Deliveries wait meanwhile; their cursors stay. */
  startOver(reason: StartOverReason): void {
    this.#follower.startOver(reason);
  }

  async #prepare(): Promise<void> {
    const { store, retiredIds, logger } = this.#options;
    if (store.hasRetiredIds()) return;
    const loaded = await store.loadRetiredIds(retiredIds());
    if (loaded > 0) logger.info({ loaded }, 'The ids of deleted log segments were loaded.');
  }

  async #take(items: readonly LogItem[]): Promise<Sequence> {
    const { store } = this.#options;
    const batch = factBatchOf(items);
    let outcome = store.record(batch);
    if ('hits' in outcome) outcome = store.record(batch, await this.#compare(outcome.hits, items));
    if ('hits' in outcome) throw new CodedError('DEFECT', 'The ids of a batch changed while it was compared.');
    this.#events.add(batch.lines.length);
    this.#repeats.add(outcome.recorded.repeats);
    this.#conflicts.add(outcome.recorded.conflicts);
    this.#conflictsToTell += outcome.recorded.conflicts;
    this.#tellDamage(batch.damaged);
    return batch.position;
  }

  /** Rule 9: a start reads no more than the ends of older segments, so damage inside them shows here first. */
  #tellDamage(damaged: readonly SequenceRange[]): void {
    const first = damaged[0]?.first;
    if (first === undefined) return;
    this.#options.logger.error(
      { code: 'EVENT_LOG_DAMAGED', first, last: damaged.at(-1)?.last, places: damaged.length },
      'The event log is damaged: lines that were on disk once are missing, torn or changed. Restore them from a backup.',
    );
  }

  /** Rule 13: by the exact bytes of the envelopes. What cannot be compared any more counts as a repeat. */
  async #compare(
    hits: readonly IdHit[],
    items: readonly LogItem[],
  ): Promise<ReadonlyMap<Sequence, RepeatedLine['kind']>> {
    const here = new Map(items.flatMap((item) => (item.kind === 'event' ? [[item.seq, item] as const] : [])));
    const earlier = hits.map((hit) => hit.firstSeq).filter((seq) => !here.has(seq));
    const texts = await this.#envelopesAt(earlier);
    const kinds = new Map<Sequence, RepeatedLine['kind']>();
    for (const hit of hits) {
      const first = texts.get(hit.firstSeq) ?? envelopeOf(here.get(hit.firstSeq));
      const text = envelopeOf(here.get(hit.seq));
      if (first === undefined || text === undefined) this.#unverifiable.add();
      const isConflict = first !== undefined && text !== undefined && first !== text;
      if (isConflict) this.#lastConflict = hit;
      kinds.set(hit.seq, isConflict ? 'conflict' : 'repeat');
    }
    return kinds;
  }

  /** Envelopes by sequence, where they can still be read. A client that sends a whole batch again hits neighbours. */
  async #envelopesAt(sequences: readonly Sequence[]): Promise<ReadonlyMap<Sequence, string>> {
    const texts = new Map<Sequence, string>();
    const wanted = [...new Set(sequences)].sort((a, b) => a - b);
    for (let i = 0; i < wanted.length; ) {
      const first = wanted[i] ?? BEFORE_FIRST;
      let last = first;
      for (; i < wanted.length; i++) {
        const next = wanted[i] ?? BEFORE_FIRST;
        if (next - last > NEAR || next - first >= READ_TOGETHER) break;
        last = next;
      }
      await this.#readEnvelopes(first, last, new Set(wanted), texts);
    }
    return texts;
  }

  async #readEnvelopes(
    first: Sequence,
    last: Sequence,
    wanted: ReadonlySet<Sequence>,
    texts: Map<Sequence, string>,
  ): Promise<void> {
    for (let after = sequence(first - 1); after < last; ) {
      const items = await this.#options.log.read(after, { events: last - after, bytes: LIMIT.bytes });
      for (const item of items) {
        if (item.kind !== 'event' || !wanted.has(item.seq)) continue;
        const text = envelopeOf(item);
        if (text !== undefined) texts.set(item.seq, text);
      }
      // what retention took: the read went on behind it
      if (items.length === 0) return;
      after = lastPositionOf(items, last);
    }
  }

  #reading<T>(read: () => T): T {
    try {
      return read();
    } catch (thrown) {
      if (!(thrown instanceof CodedError) || thrown.code !== 'INDEX_DAMAGED') throw thrown;
      this.#follower.startOver('damaged');
      throw rebuilding(thrown);
    }
  }

  /** At once for the first, then at most once a minute. */
  #tellConflicts(): void {
    const { clock, logger } = this.#options;
    const now = clock.monotonicMs();
    if (this.#conflictsToTell === 0 || now - this.#lastTellingMs < CONFLICT_WARNING_MS) return;
    logger.warn(
      {
        conflicts: this.#conflictsToTell,
        lastSequence: this.#lastConflict?.seq,
        firstSequence: this.#lastConflict?.firstSeq,
      },
      'Events came under ids that other events have; they are in the dead letters of every destination.',
    );
    this.#conflictsToTell = 0;
    this.#lastTellingMs = now;
  }
}

function factBatchOf(items: readonly LogItem[]): FactBatch {
  const lastDigest = lastDigestOf(items);
  return {
    lines: items.filter((item): item is StoredEvent => item.kind === 'event'),
    damaged: items.flatMap((item) => (item.kind === 'damaged' ? [{ first: item.first, last: item.last }] : [])),
    position: lastPositionOf(items, BEFORE_FIRST),
    ...(lastDigest === undefined ? {} : { lastDigest }),
  };
}

function envelopeOf(line: StoredEvent | undefined): string | undefined {
  return line?.private()?.envelopeText;
}

function rebuilding(cause?: unknown): CodedError {
  const message = 'The table of event ids is being built again from the log; deliveries wait for it.';
  return new CodedError('INDEX_REBUILDING', message, {}, cause);
}
