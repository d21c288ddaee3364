import type { CodedError } from '../../domain/errors.ts';
import type { NewLogEntry } from '../../domain/log-entry.ts';
import { type Sequence, sequence } from '../../domain/sequence.ts';
import type { AppendReceipt } from '../../pipeline/ports/event-log.ts';

/** One call of `append`: stored or refused as a whole. */
export interface WaitingAppend {
  readonly entries: readonly NewLogEntry[];
  readonly bytes: number;
  /** May be written from the reserve on a full disk (rule 8). */
  readonly isServer: boolean;
  readonly resolve: (receipts: readonly AppendReceipt[]) => void;
  readonly reject: (error: CodedError) => void;
}

/** What arrived while a write was under way; it forms the next batch. */
export class AppendQueue {
  #waiting: WaitingAppend[] = [];
  #events = 0;
  #bytes = 0;

  get events(): number {
    return this.#events;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  add(append: WaitingAppend): void {
    this.#waiting.push(append);
    this.#count(append, 1);
  }

  /** A batch that may be tried again, before everything else. */
  putBack(appends: readonly WaitingAppend[]): void {
    this.#waiting.unshift(...appends);
    for (const append of appends) this.#count(append, 1);
  }

  /** Whole appends up to about `maxBytes`; at least one when there is one. */
  take(maxBytes: number): readonly WaitingAppend[] {
    if (this.#bytes <= maxBytes) return this.takeAll();
    let bytes = 0;
    let count = 0;
    for (const append of this.#waiting) {
      if (count > 0 && bytes + append.bytes > maxBytes) break;
      bytes += append.bytes;
      count++;
    }
    const taken = this.#waiting.splice(0, count);
    for (const append of taken) this.#count(append, -1);
    return taken;
  }

  takeAll(): readonly WaitingAppend[] {
    const taken = this.#waiting;
    this.#waiting = [];
    this.#events = 0;
    this.#bytes = 0;
    return taken;
  }

  #count(append: WaitingAppend, sign: 1 | -1): void {
    this.#events += sign * append.entries.length;
    this.#bytes += sign * append.bytes;
  }
}

/** About the bytes of the lines; good enough to bound memory. */
export function aboutBytes(entries: readonly NewLogEntry[]): number {
  let bytes = 0;
  for (const { envelope } of entries) bytes += envelope.length + 400;
  return bytes;
}

/** @param head the durable head before the batch, whose lines follow it without a gap */
export function acknowledge(batch: readonly WaitingAppend[], head: Sequence): void {
  let seq: number = head;
  for (const { entries, resolve } of batch) {
    resolve(entries.map(() => ({ seq: sequence(++seq) })));
  }
}
