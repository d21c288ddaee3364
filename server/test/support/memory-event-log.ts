import { CodedError, type ErrorCode } from '../../src/domain/errors.ts';
import type { LogItem, NewLogEntry } from '../../src/domain/log-entry.ts';
import { lastSequenceOf } from '../../src/domain/log-entry.ts';
import { assertStorable, encodeLine, maxLineBytes, parseLine } from '../../src/domain/log-line.ts';
import { type Sequence, sequence } from '../../src/domain/sequence.ts';
import type { AppendReceipt, EventLogWriter, LogPressure, ReadLimit } from '../../src/pipeline/ports/event-log.ts';

interface Waiter {
  readonly seq: Sequence;
  readonly wake: () => void;
}

const SALT = 'AAAAAAAAAAAAAAAAAAAAAA';

/**
 * A log without a disk. Keeps to its port as the real one does, and fails on misuse: what no caller may do is thrown as
 * `MisuseError`, so that a test of the caller goes red.
 */
export class MemoryEventLog implements EventLogWriter {
  #items: LogItem[] = [];
  #head = 0;
  #first = 1;
  #closed = false;
  #waiters: Waiter[] = [];
  /** What `append` answers from now on; undefined: it stores. */
  refuse: ErrorCode | undefined;
  /** Appends wait for it, as for a disk that does not answer. */
  held: Promise<void> | undefined;
  pressureNow: LogPressure = { waitingEvents: 0, waitingBytes: 0, writeUnderWayMs: 0 };

  async append(entries: readonly NewLogEntry[]): Promise<readonly AppendReceipt[]> {
    for (const entry of entries) checkEntry(entry);
    if (this.#closed) throw new CodedError('EVENT_LOG_CLOSED', 'the log is closed');
    // never in the same turn, as a disk never is
    await new Promise((resolve) => setImmediate(resolve));
    await this.held;
    if (this.refuse !== undefined && entries.length > 0) throw new CodedError(this.refuse, 'refused by the test');
    const receipts = entries.map((entry) => ({ seq: this.#store(entry) }));
    const due = this.#waiters.filter((waiter) => waiter.seq < this.#head);
    this.#waiters = this.#waiters.filter((waiter) => waiter.seq >= this.#head);
    for (const waiter of due) waiter.wake();
    return receipts;
  }

  async read(after: Sequence, limit: ReadLimit): Promise<readonly LogItem[]> {
    checkSequence(after);
    if (!(limit.events >= 1) || !(limit.bytes >= 1)) throw new MisuseError('a read asks for something');
    await Promise.resolve();
    const found: LogItem[] = [];
    let bytes = 0;
    for (const item of this.#items) {
      if (lastSequenceOf(item) <= after) continue;
      if (found.length >= limit.events || (found.length > 0 && bytes >= limit.bytes)) break;
      found.push(item.kind === 'damaged' && item.first <= after ? { ...item, first: sequence(after + 1) } : item);
      bytes += item.kind === 'event' ? (item.private()?.envelopeText.length ?? 0) + 400 : 0;
    }
    return found;
  }

  head(): Sequence {
    return sequence(this.#head);
  }

  async firstRetained(): Promise<Sequence> {
    return sequence(this.#first);
  }

  waitPast(seq: Sequence, signal: AbortSignal): Promise<void> {
    checkSequence(seq);
    if (this.#head > seq || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiters.push({ seq, wake: resolve });
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  pressure(): LogPressure {
    return this.pressureNow;
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  /** Retention took everything before `first`. */
  retainFrom(first: number): void {
    this.#first = first;
    this.#items = this.#items.filter((item) => lastSequenceOf(item) >= first);
  }

  /** The lines from `first` to `last` cannot be read any more. */
  damage(first: number, last: number): void {
    const before = this.#items.filter((item) => lastSequenceOf(item) < first);
    const after = this.#items.filter((item) => item.kind === 'event' && item.seq > last);
    const hole = { kind: 'damaged', first: sequence(first), last: sequence(last), reason: 'by the test' } as const;
    this.#items = [...before, hole, ...after];
  }

  /** The real encoding, so that what is read back has gone through it. */
  #store(entry: NewLogEntry): Sequence {
    const bytes = Buffer.alloc(maxLineBytes(entry));
    const seq = sequence(this.#head + 1);
    const end = encodeLine(entry, seq, this.head(), SALT, bytes, 0);
    const line = parseLine(bytes, 0, end - 1);
    if (line === undefined) throw new MisuseError('the entry makes no line');
    this.#items.push(line);
    this.#head = seq;
    return seq;
  }
}

export class MisuseError extends Error {}

function checkEntry(entry: NewLogEntry): void {
  assertStorable(entry);
  if (entry.id !== entry.id.toLowerCase()) throw new MisuseError(`an id that is not in lower case: ${entry.id}`);
  if (entry.origin === 'server' && entry.actor === undefined) throw new MisuseError('a server record without an actor');
  if (!Number.isSafeInteger(entry.at)) throw new MisuseError(`not a time: ${entry.at}`);
  JSON.parse(entry.envelope.toString());
}

function checkSequence(seq: Sequence): void {
  if (!Number.isSafeInteger(seq) || seq < 0) throw new MisuseError(`not a sequence: ${seq}`);
}
