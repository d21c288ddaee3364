import { epochMillis } from '../domain/epoch-millis.ts';
import type { StoredEvent } from '../domain/log-entry.ts';
import { BEFORE_FIRST, type Sequence, sequence } from '../domain/sequence.ts';
import type { Clock } from './ports/clock.ts';
import type { EventLogReader } from './ports/event-log.ts';
import type { LogFactsQueries, LogFactsReader } from './ports/log-facts.ts';
import type { LateRequest, ScreenshotQueue, WaitingPicture } from './screenshot-queue.ts';
import { imageHostOf } from './screenshot-task.ts';

export interface WaitingPicturesOptions {
  readonly log: EventLogReader;
  readonly facts: Pick<LogFactsReader, 'position'> & Pick<LogFactsQueries, 'unsettledAwaiting'>;
  readonly queue: ScreenshotQueue;
  readonly clock: Clock;
  /** Since receipt. */
  readonly maxWaitMs: number;
}

const PAGE = 200;
/** Lines that stand so close together are read at once. */
const NEAR = 16;
const READ_TOGETHER = 500;
const READ_BYTES = 1 << 20;

/** Finds events that await a picture and hands them to the queue; those for which it has no room stay in the log until it has. */
export class WaitingPictures {
  readonly #options: WaitingPicturesOptions;
  #foundTo: Sequence = BEFORE_FIRST;
  /** The table has told of outcomes up to here. While it is built again it knows less, and waiting looks like settled. */
  #knownTo: Sequence = BEFORE_FIRST;

  constructor(options: WaitingPicturesOptions) {
    this.#options = options;
  }

  /** One page. @returns false when there may be more to find at once */
  async look(): Promise<boolean> {
    const position = this.#options.facts.position();
    if (position < this.#knownTo) return true;
    this.#knownTo = position;
    const foundNew = await this.#findNew();
    const foundOld = await this.#refill();
    return foundNew && foundOld;
  }

  async #findNew(): Promise<boolean> {
    const { queue, facts } = this.#options;
    if (!queue.hasRoom()) return true;
    const page = facts.unsettledAwaiting(this.#foundTo, PAGE);
    for (const picture of await this.#picturesAt(page)) {
      queue.add(picture);
      this.#foundTo = picture.seq;
    }
    return page.length < PAGE;
  }

  /** A host's events beyond those in memory, once most of them are settled. */
  async #refill(): Promise<boolean> {
    const { queue, facts } = this.#options;
    const wanted = queue.hasRoom() ? queue.refillable() : undefined;
    if (wanted === undefined) return true;
    const page = facts.unsettledAwaiting(wanted.after, PAGE).filter((seq) => seq <= this.#foundTo);
    const pictures = (await this.#picturesAt(page)).filter(({ host }) => host === wanted.host);
    queue.refill(wanted.host, pictures, page.length < PAGE ? undefined : page.at(-1));
    return page.length < PAGE;
  }

  /** In log order. Neighbours are read together: there may be very many. */
  async #picturesAt(seqs: readonly Sequence[]): Promise<readonly WaitingPicture[]> {
    const pictures: WaitingPicture[] = [];
    for (let i = 0; i < seqs.length; ) {
      const events = await this.#eventsFrom(seqs, i);
      for (const seq of seqs.slice(i)) {
        if (events.readTo < seq) break;
        pictures.push(this.#pictureOf(seq, events.found.get(seq)));
        i++;
      }
    }
    return pictures;
  }

  /** Those that stand close behind `seqs[from]`. `readTo`: what is not found up to there is not there. */
  async #eventsFrom(
    seqs: readonly Sequence[],
    from: number,
  ): Promise<{ readonly readTo: number; readonly found: ReadonlyMap<Sequence, StoredEvent> }> {
    const first = seqs[from] ?? BEFORE_FIRST;
    let last = first;
    for (const next of seqs.slice(from + 1)) {
      if (next - last > NEAR) break;
      last = next;
    }
    const limit = { events: Math.min(last - first + 1, READ_TOGETHER), bytes: READ_BYTES };
    const items = await this.#options.log.read(sequence(first - 1), limit);
    const found = items.flatMap((item) => (item.kind === 'event' ? [[item.seq, item] as const] : []));
    return { readTo: Math.max(first, found.at(-1)?.[0] ?? first), found: new Map(found) };
  }

  #pictureOf(seq: Sequence, event: StoredEvent | undefined): WaitingPicture {
    const { clock, maxWaitMs } = this.#options;
    const giveUpAt = (event?.at ?? clock.now()) + maxWaitMs;
    return waitingPicture(seq, event === undefined ? '' : imageHostOf(event), giveUpAt);
  }
}

/** @param giveUpAt milliseconds since 1970 */
export function waitingPicture(seq: Sequence, host: string, giveUpAt: number, late?: LateRequest): WaitingPicture {
  return {
    ...{ seq, host, giveUpAt: epochMillis(giveUpAt), dueMs: Number.NEGATIVE_INFINITY, tries: 0, unreadable: 0 },
    ...{ notBeforeMs: Number.NEGATIVE_INFINITY, isHostWide: false, lastProblem: undefined },
    ...(late === undefined ? {} : { late }),
  };
}
