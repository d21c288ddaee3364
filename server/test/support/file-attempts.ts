import { sequence } from '../../src/domain/sequence.ts';
import type { Attempt, FilePart, PreparedFile } from '../../src/pipeline/ports/cursor-store.ts';
import type { Batch, DeliveryRow } from '../../src/pipeline/ports/destination.ts';

/**
 * What a cursor store remembers of one destination's attempt, as far as a file destination sees it. It
 * outlives the destinations of a test as the durable database outlives the process.
 */
export class AttemptMemory {
  attempt: Attempt | undefined;
  readonly #lastParts = new Map<string, number>();

  /** As the worker does: the open attempt again, else a new one with the next part of the day. */
  batch(rows: readonly DeliveryRow[], day = '20261123', destination = 'parquet'): Batch {
    const range = { first: rows[0]?.position ?? sequence(1), last: rows.at(-1)?.position ?? sequence(1) };
    this.attempt =
      this.attempt === undefined
        ? { destination, range, number: 1, part: this.#next(day, 1) }
        : { ...this.attempt, number: this.attempt.number + 1 };
    return {
      range: this.attempt.range,
      rows,
      attempt: this.attempt,
      prepare: (file) => this.#prepare(file),
      reserveNext: (atLeast = 1) => this.#change({ part: this.#next(this.attempt?.part?.day ?? day, atLeast) }),
    };
  }

  commit(): void {
    this.attempt = undefined;
  }

  #prepare(prepared: PreparedFile): Attempt {
    return this.#change({ prepared });
  }

  #change(change: Partial<Attempt>): Attempt {
    if (this.attempt === undefined) throw new Error('no attempt has begun');
    this.attempt = { ...this.attempt, ...change };
    return this.attempt;
  }

  #next(day: string, atLeast: number): FilePart {
    const part = Math.max((this.#lastParts.get(day) ?? 0) + 1, atLeast);
    this.#lastParts.set(day, part);
    return { day, part };
  }
}
