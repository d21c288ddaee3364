import { auditRecordOf } from '../domain/audit-record.ts';
import { CodedError } from '../domain/errors.ts';
import { type DamagedLines, type LogItem, lastSequenceOf, type StoredEvent } from '../domain/log-entry.ts';
import { readScreenshotOutcome } from '../domain/screenshot-outcome.ts';
import { nextSequence, type Sequence, sequence } from '../domain/sequence.ts';
import type { Rejection } from './ports/cursor-store.ts';
import type { DeliveryRow } from './ports/destination.ts';
import type { EventLogReader, ReadLimit } from './ports/event-log.ts';
import type { LogFacts, LogFactsReader, Outcome } from './ports/log-facts.ts';

/** What a position of the log means for a destination; positions that mean nothing have no entry. */
export type DeliveryEntry =
  | { readonly kind: 'row'; readonly row: DeliveryRow }
  | { readonly kind: 'rejection'; readonly rejection: Rejection };

/** A piece of the log as a destination sees it: its entries in log order, and how far it goes. */
export interface Stretch {
  readonly entries: readonly DeliveryEntry[];
  readonly readTo: Sequence;
}

/** Where a delivery worker gets its rows from. The same positions give the same entries every time. */
export interface DeliverySource {
  /** The highest durable position. */
  head(): Sequence;
  /** How far it can be read by now; nobody reads past it. */
  end(): Sequence;
  /** What stands after `after`, up to `upTo` at most. `readTo` = `after`: nothing there yet. */
  read(after: Sequence, upTo: Sequence, limit: ReadLimit): Promise<Stretch>;
  /** Resolves once `end() > seq`, or when the signal aborts. */
  waitPast(seq: Sequence, signal: AbortSignal): Promise<void>;
}

export interface DeliveryReaderOptions {
  readonly log: EventLogReader;
  readonly facts: LogFactsReader;
  /** Server records that the destination asks for; outcomes of screenshots are no matter of choice. */
  readonly wants?: (type: string) => boolean;
  /**
   * Events whose id had already been used for others (rule 13): rejected unless a person has decided to send them; a replay
   * leaves them out, because they are dead letters since they came.
   */
  readonly conflicts?: 'reject' | 'deliver' | 'leave-out';
}

/**
 * Turns the log, with what the deduplicator knows about it, into rows in log order: an event at its own position, one
 * that awaits a screenshot at that of its first outcome record, a late picture as a row of its own (rules 13, 14).
 */
export class DeliveryReader implements DeliverySource {
  readonly #log: EventLogReader;
  readonly #facts: LogFactsReader;
  readonly #wants: (type: string) => boolean;
  readonly #conflicts: 'reject' | 'deliver' | 'leave-out';

  constructor(options: DeliveryReaderOptions) {
    this.#log = options.log;
    this.#facts = options.facts;
    this.#wants = options.wants ?? (() => false);
    this.#conflicts = options.conflicts ?? 'reject';
  }

  head(): Sequence {
    return this.#log.head();
  }

  end(): Sequence {
    return lower(this.#log.head(), this.#facts.position());
  }

  async waitPast(seq: Sequence, signal: AbortSignal): Promise<void> {
    while (!signal.aborted && this.end() <= seq) {
      const slower = this.#log.head() <= seq ? this.#log : this.#facts;
      await slower.waitPast(seq, signal);
    }
  }

  async read(after: Sequence, upTo: Sequence, limit: ReadLimit): Promise<Stretch> {
    const end = lower(upTo, this.end());
    if (end <= after) return { entries: [], readTo: after };
    const events = Math.min(limit.events, end - after);
    const found = await this.#log.read(after, { events, bytes: limit.bytes });
    const items = found.filter((item) => firstOf(item) <= end);
    const lastItem = items.at(-1);
    if (lastItem === undefined) {
      // nothing there yet; or the log begins later by now
      return found.length === 0
        ? { entries: [], readTo: after }
        : { entries: [notRetained(nextSequence(after), end)], readTo: end };
    }
    const readTo = lower(lastSequenceOf(lastItem), end);
    const facts = this.#facts.facts({ first: nextSequence(after), last: readTo });
    const near = new Map(items.flatMap((item) => (item.kind === 'event' ? [[item.seq, item] as const] : [])));
    const entries: DeliveryEntry[] = [];
    let expected = nextSequence(after);
    for (const item of items) {
      const first = higher(firstOf(item), expected);
      if (first > expected) entries.push(notRetained(expected, sequence(first - 1)));
      const last = lower(lastSequenceOf(item), end);
      const entry = item.kind === 'damaged' ? damaged(item, first, last) : await this.#entryOf(item, facts, near);
      if (entry !== undefined) entries.push(entry);
      expected = nextSequence(last);
    }
    return { entries, readTo };
  }

  async #entryOf(
    event: StoredEvent,
    facts: LogFacts,
    near: ReadonlyMap<Sequence, StoredEvent>,
  ): Promise<DeliveryEntry | undefined> {
    const repeat = facts.repeats.get(event.seq);
    if (repeat?.kind === 'repeat') return undefined;
    if (repeat?.kind === 'conflict') {
      if (this.#conflicts === 'leave-out') return undefined;
      return this.#conflicts === 'deliver' ? conflictRow(event) : conflict(event, repeat.firstSeq);
    }
    if (event.origin === 'client') return event.awaits === undefined ? rowOf(event.seq, event) : undefined;
    const outcome = facts.outcomes.get(event.seq);
    if (outcome !== undefined) return this.#outcomeEntry(event, outcome, near);
    return this.#wants(event.type) ? rowOf(event.seq, event) : undefined;
  }

  /** Rule 14. The first outcome stands for its event; after it only a picture is news. */
  async #outcomeEntry(
    record: StoredEvent,
    outcome: Outcome,
    near: ReadonlyMap<Sequence, StoredEvent>,
  ): Promise<DeliveryEntry | undefined> {
    if (!outcome.first) return record.type === 'server.screenshot.saved' ? rowOf(record.seq, record) : undefined;
    const subject = near.get(outcome.subject) ?? (await this.#lineAt(outcome.subject));
    if (subject === undefined) return subjectGone(record, outcome.subject);
    return { kind: 'row', row: { position: record.seq, record: auditRecordOf(subject, record) } };
  }

  async #lineAt(seq: Sequence): Promise<StoredEvent | undefined> {
    const [item] = await this.#log.read(sequence(seq - 1), { events: 1, bytes: 1 });
    return item?.kind === 'event' && item.seq === seq ? item : undefined;
  }
}

function rowOf(position: Sequence, event: StoredEvent): DeliveryEntry {
  return { kind: 'row', row: { position, record: auditRecordOf(event) } };
}

function conflictRow(event: StoredEvent): DeliveryEntry {
  return { kind: 'row', row: { position: event.seq, record: auditRecordOf(event), isConflict: true } };
}

/** Rule 13. */
function conflict(event: StoredEvent, firstSeq: Sequence): DeliveryEntry {
  const envelope = event.private()?.envelopeText;
  const error = new CodedError(
    'EVENT_ID_CONFLICT',
    `The event ${event.id} at ${event.seq} has the id of another event, at ${firstSeq}, and other contents. ` +
      'Look at both; "dead-letters retry" delivers this one too.',
    { eventId: event.id, sequence: event.seq, firstSequence: firstSeq },
  );
  const range = { first: event.seq, last: event.seq };
  const rejection = { range, eventId: event.id, eventType: event.type, error };
  return { kind: 'rejection', rejection: envelope === undefined ? rejection : { ...rejection, envelope } };
}

/** Rule 9. */
function damaged(item: DamagedLines, first: Sequence, last: Sequence): DeliveryEntry {
  const error = new CodedError(
    'EVENT_LOG_DAMAGED',
    `The log cannot be read from ${first} to ${last}: ${item.reason}. Restore those lines from a backup, then retry.`,
    { first, last },
  );
  return { kind: 'rejection', rejection: { range: { first, last }, error } };
}

/** Rule 11. */
function notRetained(first: Sequence, last: Sequence): DeliveryEntry {
  const error = new CodedError(
    'EVENTS_NOT_RETAINED',
    `The log no longer holds ${first} to ${last}, which this destination had not yet been given.`,
    { first, last },
  );
  return { kind: 'rejection', rejection: { range: { first, last }, error } };
}

function subjectGone(record: StoredEvent, subject: Sequence): DeliveryEntry {
  const { subjectEventId } = readScreenshotOutcome(record.type, record.private()?.envelope);
  const error = new CodedError(
    'EVENT_LOG_DAMAGED',
    `The event at ${subject}, due now that its screenshot is settled, cannot be read any more.`,
    { sequence: subject, position: record.seq },
  );
  const rejection = { range: { first: record.seq, last: record.seq }, error };
  return {
    kind: 'rejection',
    rejection: subjectEventId === null ? rejection : { ...rejection, eventId: subjectEventId },
  };
}

function firstOf(item: LogItem): Sequence {
  return item.kind === 'event' ? item.seq : item.first;
}

function lower(a: Sequence, b: Sequence): Sequence {
  return a < b ? a : b;
}

function higher(a: Sequence, b: Sequence): Sequence {
  return a > b ? a : b;
}
