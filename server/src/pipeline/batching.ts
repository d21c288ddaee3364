import type { Sequence, SequenceRange } from '../domain/sequence.ts';
import { nextSequence, sequence } from '../domain/sequence.ts';
import type { DeliveryEntry, Stretch } from './delivery-reader.ts';
import type { Rejection } from './ports/cursor-store.ts';
import type { DeliveryPolicy, DeliveryRow } from './ports/destination.ts';
import type { ReadLimit } from './ports/event-log.ts';

/** A range of the log with everything in it that concerns the destination. */
export interface BatchPart {
  readonly range: SequenceRange;
  readonly entries: readonly DeliveryEntry[];
}

export type BatchLimits = Pick<DeliveryPolicy, 'maxBatchSize' | 'maxBatchBytes' | 'writeFrequencyMs'>;

/** Small reads, so that other followers in the thread get their turn. */
const READ_EVENTS = 1000;
const READ_BYTES = 4 * 1024 * 1024;

/** What has been read after the cursor and waits for its batch to fill. Holds one batch at most, whatever the backlog. */
export class PendingBatch {
  readonly #after: Sequence;
  readonly #limits: BatchLimits;
  readonly #entries: DeliveryEntry[] = [];
  #readTo: Sequence;
  #bytes = 0;
  #full = false;
  #waitsSinceMs: number | undefined;

  constructor(after: Sequence, limits: BatchLimits) {
    this.#after = after;
    this.#readTo = after;
    this.#limits = limits;
  }

  get readTo(): Sequence {
    return this.#readTo;
  }
  get isFull(): boolean {
    return this.#full;
  }
  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }
  /** The oldest entry that waits. */
  get oldest(): DeliveryEntry | undefined {
    return this.#entries[0];
  }

  /** How much more may be read; at least one event. */
  get room(): ReadLimit {
    return {
      events: Math.max(1, Math.min(READ_EVENTS, this.#limits.maxBatchSize - this.#entries.length)),
      bytes: Math.max(1, Math.min(READ_BYTES, this.#limits.maxBatchBytes - this.#bytes)),
    };
  }

  /**
   * Takes what fits; the rest is read again for the next batch. The first entry always fits.
   * @param sinceMs since when the first entry waits, by the monotonic clock
   */
  add(stretch: Stretch, sinceMs: number): void {
    for (const entry of stretch.entries) {
      const bytes = bytesOf(entry);
      if (this.#entries.length > 0 && this.#bytes + bytes > this.#limits.maxBatchBytes) this.#full = true;
      if (this.#full) {
        this.#readTo = sequence(firstPositionOf(entry) - 1);
        return;
      }
      this.#waitsSinceMs ??= sinceMs;
      this.#entries.push(entry);
      this.#bytes += bytes;
      this.#readTo = lastPositionOf(entry);
      this.#full = this.#entries.length >= this.#limits.maxBatchSize || this.#bytes >= this.#limits.maxBatchBytes;
    }
    this.#readTo = stretch.readTo;
  }

  /** 0 = cut it now; Infinity = nothing waits. By the monotonic clock, so a stepping wall clock changes nothing. */
  dueInMs(nowMs: number): number {
    if (this.#waitsSinceMs === undefined) return Number.POSITIVE_INFINITY;
    return this.#full ? 0 : Math.max(0, this.#waitsSinceMs + this.#limits.writeFrequencyMs - nowMs);
  }

  cut(): BatchPart {
    return { range: { first: nextSequence(this.#after), last: this.#readTo }, entries: this.#entries };
  }
}

export function rowsOf(part: BatchPart): readonly DeliveryRow[] {
  return part.entries.flatMap((entry) => (entry.kind === 'row' ? [entry.row] : []));
}

export function rejectionsOf(part: BatchPart): readonly Rejection[] {
  return part.entries.flatMap((entry) => (entry.kind === 'rejection' ? [entry.rejection] : []));
}

function firstPositionOf(entry: DeliveryEntry): Sequence {
  return entry.kind === 'row' ? entry.row.position : entry.rejection.range.first;
}

export function lastPositionOf(entry: DeliveryEntry): Sequence {
  return entry.kind === 'row' ? entry.row.position : entry.rejection.range.last;
}

/** About what it takes in memory beyond the fixed fields: the envelope. */
function bytesOf(entry: DeliveryEntry): number {
  const envelope = entry.kind === 'row' ? entry.row.record.rawEnvelope : entry.rejection.envelope;
  return envelope?.length ?? 0;
}
