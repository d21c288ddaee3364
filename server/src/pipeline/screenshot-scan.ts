import { epochMillis } from '../domain/epoch-millis.ts';
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
    for (const seq of page) {
      queue.add(await this.#pictureAt(seq));
      this.#foundTo = seq;
    }
    return page.length < PAGE;
  }

  /** A host's events beyond those in memory, once most of them are settled. */
  async #refill(): Promise<boolean> {
    const { queue, facts } = this.#options;
    const wanted = queue.hasRoom() ? queue.refillable() : undefined;
    if (wanted === undefined) return true;
    const page = facts.unsettledAwaiting(wanted.after, PAGE).filter((seq) => seq <= this.#foundTo);
    const pictures: WaitingPicture[] = [];
    for (const seq of page) {
      const picture = await this.#pictureAt(seq);
      if (picture.host === wanted.host) pictures.push(picture);
    }
    queue.refill(wanted.host, pictures, page.length < PAGE ? undefined : page.at(-1));
    return page.length < PAGE;
  }

  async #pictureAt(seq: Sequence): Promise<WaitingPicture> {
    const { log, clock, maxWaitMs } = this.#options;
    const [item] = await log.read(sequence(seq - 1), { events: 1, bytes: 1 });
    const event = item?.kind === 'event' && item.seq === seq ? item : undefined;
    const giveUpAt = (event?.at ?? clock.now()) + maxWaitMs;
    return waitingPicture(seq, event === undefined ? '' : imageHostOf(event), giveUpAt);
  }
}

/** @param giveUpAt milliseconds since 1970 */
export function waitingPicture(seq: Sequence, host: string, giveUpAt: number, late?: LateRequest): WaitingPicture {
  return {
    ...{ seq, host, giveUpAt: epochMillis(giveUpAt), dueMs: Number.NEGATIVE_INFINITY, tries: 0, unreadable: 0 },
    ...{ isHostWide: false, lastProblem: undefined },
    ...(late === undefined ? {} : { late }),
  };
}
