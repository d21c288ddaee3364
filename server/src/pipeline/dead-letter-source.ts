import { auditRecordOf } from '../domain/audit-record.ts';
import type { StoredEvent } from '../domain/log-entry.ts';
import { nextSequence, type Sequence, type SequenceRange, sequence } from '../domain/sequence.ts';
import type { DeliveryEntry, DeliverySource, Stretch } from './delivery-reader.ts';
import type { DeadLetter, DeadLetters, DeadLettersInLogOrder } from './ports/dead-letters.ts';
import type { ReadLimit } from './ports/event-log.ts';

export interface DeadLetterSourceOptions {
  readonly destination: string;
  /** Only these; absent: all of the destination up to `end`. */
  readonly ids?: readonly number[];
  /** The last position of the last dead letter when the retry began (rule 21). */
  readonly end: Sequence;
  readonly deadLetters: DeadLetters & DeadLettersInLogOrder;
  /** Reads the log again, and delivers conflicts: a person has asked for it. */
  readonly reader: DeliverySource;
}

const PAGE = 500;

/**
 * A destination's dead letters in delivery order, each read from the log again, so that a retry delivers the same row;
 * what retention has taken comes from the envelope that the dead letter kept. What still cannot be read becomes a dead
 * letter again, with the reason of today.
 */
export class DeadLetterSource implements DeliverySource {
  readonly #options: DeadLetterSourceOptions;

  constructor(options: DeadLetterSourceOptions) {
    this.#options = options;
  }

  head(): Sequence {
    return this.#options.end;
  }

  end(): Sequence {
    return lower(this.#options.reader.end(), this.#options.end);
  }

  waitPast(seq: Sequence, signal: AbortSignal): Promise<void> {
    return this.#options.reader.waitPast(seq, signal);
  }

  async read(after: Sequence, upTo: Sequence, limit: ReadLimit): Promise<Stretch> {
    const { destination, deadLetters } = this.#options;
    const end = lower(upTo, this.end());
    if (end <= after) return { entries: [], readTo: after };
    const next = nextSequence(after);
    const page = deadLetters.due(destination, after, this.#options.end, limit.events);
    // a range of which a part was delivered by an earlier batch
    const open = deadLetters.list({ destination, range: { first: next, last: next } }, { limit: PAGE });
    const letters = [...open.filter((letter) => letter.range.first < next), ...page].filter((l) => this.#isMeant(l));
    const entries: DeliveryEntry[] = [];
    let bytes = 0;
    for (const letter of letters) {
      if (letter.range.first > end) break;
      const from = sequence(Math.max(after, letter.range.first - 1));
      const stretch = await this.#read(letter, from, lower(letter.range.last, end), limit);
      entries.push(...stretch.entries);
      const isWhole = stretch.readTo >= lower(letter.range.last, end);
      bytes += letter.envelope?.length ?? 0;
      if (!isWhole || entries.length >= limit.events || bytes >= limit.bytes)
        return { entries, readTo: stretch.readTo };
    }
    const last = page.length < limit.events ? end : lower(page.at(-1)?.range.last ?? end, end);
    return { entries, readTo: last };
  }

  /** The dead letters that end in this range: dealt with once it is committed. */
  resolvedBy(range: SequenceRange): readonly number[] {
    const { destination, deadLetters } = this.#options;
    const ids: number[] = [];
    for (let afterId = 0; ; ) {
      const page = deadLetters.list({ destination, range }, { afterId, limit: PAGE });
      for (const letter of page) {
        if (letter.range.last <= range.last && this.#isMeant(letter)) ids.push(letter.id);
      }
      if (page.length < PAGE) return ids;
      afterId = page.at(-1)?.id ?? afterId;
    }
  }

  async #read(letter: DeadLetter, after: Sequence, upTo: Sequence, limit: ReadLimit): Promise<Stretch> {
    const stretch = await this.#options.reader.read(after, upTo, limit);
    if (letter.envelope === undefined || stretch.readTo < upTo) return stretch;
    if (stretch.entries.some((entry) => entry.kind === 'row')) return stretch;
    const record = auditRecordOf(eventOf(letter, letter.envelope));
    const isConflict = letter.code === 'EVENT_ID_CONFLICT' ? ({ isConflict: true } as const) : {};
    const row = { position: letter.range.first, record, ...isConflict };
    return { entries: [{ kind: 'row', row }], readTo: stretch.readTo };
  }

  #isMeant({ id, range }: DeadLetter): boolean {
    const { ids, end } = this.#options;
    return range.last <= end && (ids === undefined || ids.includes(id));
  }
}

/** What the dead letter kept of the line; it was received some time before the dead letter was written. */
function eventOf({ range, eventId, eventType, at }: DeadLetter, envelopeText: string): StoredEvent {
  const type = eventType ?? '';
  return {
    kind: 'event',
    seq: range.first,
    at,
    origin: type.startsWith('server.') ? 'server' : 'client',
    id: eventId ?? '',
    type,
    digest: '',
    private: () => ({ envelope: JSON.parse(envelopeText), envelopeText }),
  };
}

function lower(a: Sequence, b: Sequence): Sequence {
  return a < b ? a : b;
}
