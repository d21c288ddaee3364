import type { LogItem, StoredEvent } from '../../domain/log-entry.ts';
import type { Sequence } from '../../domain/sequence.ts';
import type { ReadLimit } from '../../pipeline/ports/event-log.ts';

/** What one read hands out, within its limit; at least one item whatever the limit. */
export class ReadItems {
  readonly list: LogItem[] = [];
  readonly #limit: ReadLimit;
  readonly #head: Sequence;
  #bytes = 0;

  constructor(limit: ReadLimit, head: Sequence) {
    this.#limit = limit;
    this.#head = head;
  }

  get isFull(): boolean {
    const { length } = this.list;
    return length > 0 && (length >= this.#limit.events || this.#bytes >= this.#limit.bytes);
  }

  addLine(line: StoredEvent, bytes: number): void {
    this.list.push(line);
    this.#bytes += bytes;
  }

  /** Nothing is said about what lies past the head. */
  addDamage(first: Sequence, last: Sequence, reason: string): void {
    const end = Math.min(last, this.#head) as Sequence;
    if (first <= end) this.list.push({ kind: 'damaged', first, last: end, reason });
  }
}
