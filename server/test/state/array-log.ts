import { createHash } from 'node:crypto';
import { epochMillis } from '../../src/domain/epoch-millis.ts';
import { type LogItem, lastSequenceOf, type StoredEvent } from '../../src/domain/log-entry.ts';
import { type Sequence, sequence } from '../../src/domain/sequence.ts';
import type { EventLogReader, ReadLimit } from '../../src/pipeline/ports/event-log.ts';

export interface LineSketch {
  readonly origin?: 'client' | 'server';
  /** A number stands for a UUID that ends in it. */
  readonly id: number | string;
  readonly type?: string;
  readonly awaits?: boolean;
  readonly subject?: number;
  readonly text?: string;
  readonly at?: number;
  /** Of server records. */
  readonly actor?: string;
}

export function uuid(n: number): string {
  return `a0000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
}

/** A log in an array, read only; lines are added by tests and visible at once. */
export class ArrayLog implements EventLogReader {
  items: LogItem[] = [];
  /** How often the private part of a line was looked into. */
  privateReads = 0;
  /** Thrown by the next read. */
  failNext: Error | undefined;
  #firstRetained = 1;
  #waiting: { seq: Sequence; resolve: () => void }[] = [];

  head(): Sequence {
    const last = this.items.at(-1);
    return last === undefined ? sequence(0) : lastSequenceOf(last);
  }

  add(...sketches: readonly LineSketch[]): this {
    for (const sketch of sketches) this.items.push(this.#line(sketch, this.head() + 1));
    this.#wake();
    return this;
  }

  addDamage(count: number): this {
    const first = sequence(this.head() + 1);
    this.items.push({ kind: 'damaged', first, last: sequence(first + count - 1), reason: 'torn' });
    this.#wake();
    return this;
  }

  retainFrom(seq: number): void {
    this.#firstRetained = seq;
    this.items = this.items.filter((item) => lastSequenceOf(item) >= seq);
  }

  firstRetained(): Promise<Sequence> {
    return Promise.resolve(sequence(this.#firstRetained));
  }

  read(after: Sequence, limit: ReadLimit): Promise<readonly LogItem[]> {
    const failure = this.failNext;
    this.failNext = undefined;
    if (failure !== undefined) return Promise.reject(failure);
    const from = this.items.findIndex((item) => lastSequenceOf(item) > after);
    return Promise.resolve(from === -1 ? [] : this.items.slice(from, from + limit.events));
  }

  waitPast(seq: Sequence, signal: AbortSignal): Promise<void> {
    if (this.head() > seq || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.push({ seq, resolve });
      signal.addEventListener('abort', () => resolve());
    });
  }

  #wake(): void {
    const due = this.#waiting.filter((w) => w.seq < this.head());
    this.#waiting = this.#waiting.filter((w) => w.seq >= this.head());
    for (const { resolve } of due) resolve();
  }

  #line(sketch: LineSketch, seq: number): StoredEvent {
    const id = typeof sketch.id === 'number' ? uuid(sketch.id) : sketch.id;
    const type = sketch.type ?? 'object.view.duration';
    const envelopeText = sketch.text ?? JSON.stringify({ eventId: id, type });
    return {
      kind: 'event',
      seq: sequence(seq),
      at: epochMillis(sketch.at ?? Date.UTC(2026, 10, 23, 7) + seq),
      origin: sketch.origin ?? 'client',
      id,
      type,
      ...(sketch.awaits === true ? { awaits: 'screenshot' as const } : {}),
      ...(sketch.subject === undefined ? {} : { subject: sequence(sketch.subject) }),
      digest: createHash('sha256').update(envelopeText).digest('base64url'),
      private: () => {
        this.privateReads++;
        const actor = sketch.actor === undefined ? {} : { actor: sketch.actor };
        return { ...actor, envelope: JSON.parse(envelopeText) as unknown, envelopeText };
      },
    };
  }
}

export const SAVED = 'server.screenshot.saved';
export const FAILED = 'server.screenshot.failed';
