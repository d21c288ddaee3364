import { BEFORE_FIRST, type Sequence } from '../../domain/sequence.ts';

interface Waiter {
  readonly seq: Sequence;
  readonly wake: () => void;
}

/** The highest durable sequence, and who waits for more (rule 6). */
export class HeadPosition {
  #value: Sequence;
  #waiters: Waiter[] = [];

  constructor(value: Sequence = BEFORE_FIRST) {
    this.#value = value;
  }

  get value(): Sequence {
    return this.#value;
  }

  /** A value that is not higher changes nothing. */
  moveTo(seq: Sequence): void {
    if (seq <= this.#value) return;
    this.#value = seq;
    if (this.#waiters.length === 0) return;
    const due = this.#waiters.filter((waiter) => waiter.seq < seq);
    this.#waiters = this.#waiters.filter((waiter) => waiter.seq >= seq);
    for (const waiter of due) waiter.wake();
  }

  /** Resolves once the head is past `seq`, or when the signal aborts. */
  waitPast(seq: Sequence, signal: AbortSignal): Promise<void> {
    if (this.#value > seq || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const aborted = () => {
        this.#waiters = this.#waiters.filter((other) => other !== waiter);
        resolve();
      };
      const waiter: Waiter = {
        seq,
        wake: () => {
          signal.removeEventListener('abort', aborted);
          resolve();
        },
      };
      signal.addEventListener('abort', aborted, { once: true });
      this.#waiters.push(waiter);
    });
  }
}
