import type { EpochMillis } from '../domain/epoch-millis.ts';
import type { Sequence } from '../domain/sequence.ts';
import type { DownloadProblem } from './ports/screenshots.ts';
import { type BackOff, retryDelayMs } from './retry-policy.ts';

/** A picture that an operator asked for again (rule 14). */
export interface LateRequest {
  readonly requestId: number;
  readonly actor: string;
  readonly ended: (result: 'saved' | 'stopped' | DownloadProblem) => void;
}

/** An event that waits for its picture. Small: there may be many; the event itself stays in the log. */
export interface WaitingPicture {
  readonly seq: Sequence;
  /** Whose trouble it is when a download fails: `host:port`, empty where the URL names none. */
  readonly host: string;
  /** From then on it is not tried again, by the wall clock. */
  readonly giveUpAt: EpochMillis;
  readonly late?: LateRequest;
  /** Not before, by the monotonic clock. */
  dueMs: number;
  /** As `dueMs`, and asked for by the host (`Retry-After`): that other pictures come from there changes nothing. */
  notBeforeMs: number;
  tries: number;
  /** Times in a row that its picture could be read and not be made into files. */
  unreadable: number;
  isHostWide: boolean;
  lastProblem: DownloadProblem | undefined;
}

/** A picture that is being fetched. */
export interface Attempt {
  readonly picture: WaitingPicture;
  readonly beganMs: number;
  /** Ends the download; once that is over it does nothing. */
  readonly abort: AbortController;
  isDownloading: boolean;
}

export interface HostStatus {
  readonly host: string;
  readonly state: 'ok' | 'failing';
  readonly waiting: number;
  readonly inFlight: number;
  readonly lastProblem?: DownloadProblem;
}

export interface ScreenshotQueueOptions {
  /** Attempts at a time, all hosts together. */
  readonly maxConcurrent: number;
  /** 0 … 1; `Math.random` unless a test says otherwise. */
  readonly random: () => number;
}

interface Lane {
  readonly host: string;
  waiting: WaitingPicture[];
  readonly underWay: Set<Attempt>;
  /** Host-wide failures in a row. */
  failures: number;
  /** While failing: not before. */
  nextMs: number;
  lastBeganMs: number;
  lastProblem: DownloadProblem | undefined;
  /** More of this host's events stand in the log behind it. */
  moreAfter: Sequence | undefined;
}

/** What of one host is held in memory; the rest is read from the log again when there is room. */
const MAX_PER_HOST = 1000;
const MAX_WAITING = 10_000;
const FAILING_AFTER = 3;
const PICTURE_BACK_OFF: BackOff = { firstDelayMs: 1000, maxDelayMs: 60_000 };
const HOST_BACK_OFF: BackOff = { firstDelayMs: 1000, maxDelayMs: 30_000 };
/** A host with more than one download this old under way gives one up when another host waits. */
const SLOW_MS = 2000;

/**
 * Who is fetched next. Each host has a lane of its own, so that one that hangs delays only its own events: after a few
 * failures it is asked for one picture at a time, with pauses, and it never keeps all places while others wait.
 */
export class ScreenshotQueue {
  readonly #options: ScreenshotQueueOptions;
  readonly #lanes = new Map<string, Lane>();
  readonly #attempts = new Set<Attempt>();
  #waiting = 0;

  constructor(options: ScreenshotQueueOptions) {
    this.#options = options;
  }

  get inFlight(): number {
    return this.#attempts.size;
  }

  hasRoom(): boolean {
    return this.#waiting < MAX_WAITING;
  }

  /** @returns false when the host has too many in memory already: it is noted that more stand in the log */
  add(picture: WaitingPicture): boolean {
    const lane = this.#laneOf(picture.host);
    if (picture.late === undefined && (lane.moreAfter !== undefined || lane.waiting.length >= MAX_PER_HOST)) {
      lane.moreAfter ??= (picture.seq - 1) as Sequence;
      return false;
    }
    this.#put(lane, picture);
    return true;
  }

  /** A host that has room again for events that stand in the log behind `after`. */
  refillable(): { readonly host: string; readonly after: Sequence } | undefined {
    for (const { host, waiting, moreAfter } of this.#lanes.values()) {
      if (moreAfter !== undefined && waiting.length < MAX_PER_HOST / 2) return { host, after: moreAfter };
    }
    return undefined;
  }

  /** Of those events, the ones up to `readTo` were looked at. @param more where to go on; undefined: those were all */
  refill(host: string, pictures: readonly WaitingPicture[], more: Sequence | undefined): void {
    const lane = this.#laneOf(host);
    for (const picture of pictures) this.#put(lane, picture);
    lane.moreAfter = more;
    this.#forgetIfDone(lane);
  }

  /** Takes the next picture that may be fetched now. */
  next(nowMs: number): Attempt | undefined {
    if (this.#attempts.size >= this.#options.maxConcurrent) return undefined;
    const [lane] = this.#ready(nowMs);
    if (lane === undefined) return undefined;
    const at = isFailing(lane)
      ? leastTried(lane.waiting, nowMs)
      : lane.waiting.findIndex(({ dueMs }) => dueMs <= nowMs);
    const [picture] = lane.waiting.splice(at, 1);
    if (picture === undefined) return undefined;
    this.#waiting--;
    lane.lastBeganMs = nowMs;
    const attempt = { picture, beganMs: nowMs, abort: new AbortController(), isDownloading: true };
    lane.underWay.add(attempt);
    this.#attempts.add(attempt);
    return attempt;
  }

  /** One to break off because another host waits while a slow one keeps several places; it is fetched again later. */
  inTheWay(nowMs: number): Attempt | undefined {
    const isWaiting = (lane: Lane) => lane.underWay.size === 0 && !isFailing(lane);
    if (this.#attempts.size < this.#options.maxConcurrent || !this.#ready(nowMs).some(isWaiting)) return undefined;
    const isSlow = ({ isDownloading, beganMs }: Attempt) => isDownloading && nowMs - beganMs >= SLOW_MS;
    const slow = [...this.#lanes.values()].filter(({ underWay }) => underWay.size > 1 && [...underWay].some(isSlow));
    const [worst] = slow.sort((a, b) => b.underWay.size - a.underWay.size);
    return [...(worst?.underWay ?? [])].findLast((one) => one.isDownloading && !one.abort.signal.aborted);
  }

  /** When there may be something to do although nothing happens. */
  nextDueMs(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const lane of this.#lanes.values()) {
      const dueMsOf = ({ dueMs, notBeforeMs }: WaitingPicture) =>
        isFailing(lane) ? Math.max(lane.nextMs, notBeforeMs) : dueMs;
      for (const picture of lane.waiting) next = Math.min(next, dueMsOf(picture));
    }
    return next;
  }

  /** The host has answered, whatever it said of this picture. */
  ended(attempt: Attempt, nowMs: number): void {
    const lane = this.#remove(attempt);
    this.#answers(lane, nowMs);
    this.#forgetIfDone(lane);
  }

  /** Not now. */
  failed(attempt: Attempt, nowMs: number, problem: DownloadProblem, isHostWide: boolean, afterMs?: number): void {
    const lane = this.#remove(attempt);
    const { picture } = attempt;
    const { random } = this.#options;
    picture.tries++;
    picture.lastProblem = problem;
    picture.isHostWide = isHostWide;
    picture.notBeforeMs = nowMs + (afterMs ?? 0);
    if (isHostWide) {
      lane.failures++;
      lane.lastProblem = problem;
      lane.nextMs = nowMs + retryDelayMs(HOST_BACK_OFF, lane.failures, random(), afterMs);
      picture.dueMs = lane.nextMs;
    } else {
      this.#answers(lane, nowMs);
      picture.dueMs = nowMs + retryDelayMs(PICTURE_BACK_OFF, picture.tries, random(), afterMs);
    }
    this.#put(lane, picture);
  }

  /** As if it had not been begun. */
  brokenOff(attempt: Attempt): void {
    const lane = this.#remove(attempt);
    this.#put(lane, attempt.picture);
  }

  /**
   * Takes those whose time is over. One that was never tried is tried once, unless its host fails anyway: a server that
   * was down for a day still gets pictures that are there.
   */
  takeOverdue(now: EpochMillis, limit: number): readonly WaitingPicture[] {
    const overdue: WaitingPicture[] = [];
    for (const lane of this.#lanes.values()) {
      const isOver = ({ giveUpAt, tries }: WaitingPicture) => giveUpAt <= now && (tries > 0 || isFailing(lane));
      const kept: WaitingPicture[] = [];
      for (const picture of lane.waiting) {
        if (overdue.length >= limit || !isOver(picture)) {
          kept.push(picture);
          continue;
        }
        picture.lastProblem ??= lane.lastProblem;
        overdue.push(picture);
      }
      this.#waiting -= lane.waiting.length - kept.length;
      lane.waiting = kept;
      this.#forgetIfDone(lane);
    }
    return overdue;
  }

  /** What could not be recorded waits on. */
  putBack(picture: WaitingPicture): void {
    this.#put(this.#laneOf(picture.host), picture);
  }

  /** An operator knows better: everything is tried now. */
  tryAllNow(nowMs: number): number {
    for (const lane of this.#lanes.values()) {
      lane.nextMs = nowMs;
      for (const picture of lane.waiting) picture.dueMs = picture.notBeforeMs = nowMs;
    }
    return this.#waiting;
  }

  /** Everything that is in memory, to end it. */
  attempts(): readonly Attempt[] {
    return [...this.#attempts];
  }

  waitingPictures(): readonly WaitingPicture[] {
    return [...this.#lanes.values()].flatMap(({ waiting }) => waiting);
  }

  hosts(): readonly HostStatus[] {
    return [...this.#lanes.values()].map((lane) => ({
      host: lane.host,
      state: isFailing(lane) ? 'failing' : 'ok',
      waiting: lane.waiting.length,
      inFlight: lane.underWay.size,
      ...(lane.lastProblem === undefined ? {} : { lastProblem: lane.lastProblem }),
    }));
  }

  /** Hosts that may be asked now, the least busy first. */
  #ready(nowMs: number): readonly Lane[] {
    const lanes = [...this.#lanes.values()];
    const failingUnderWay = lanes.filter((lane) => isFailing(lane) && lane.underWay.size > 0).length;
    const mayProbe = failingUnderWay < Math.max(1, Math.floor(this.#options.maxConcurrent / 2));
    const isReady = (lane: Lane) =>
      isFailing(lane)
        ? mayProbe && lane.underWay.size === 0 && lane.nextMs <= nowMs && lane.waiting.some(mayBeTried(nowMs))
        : lane.waiting.some(({ dueMs }) => dueMs <= nowMs);
    return lanes.filter(isReady).sort((a, b) => a.underWay.size - b.underWay.size || a.lastBeganMs - b.lastBeganMs);
  }

  #answers(lane: Lane, nowMs: number): void {
    lane.failures = 0;
    lane.lastProblem = undefined;
    for (const picture of lane.waiting) {
      if (picture.isHostWide) picture.dueMs = Math.min(picture.dueMs, Math.max(nowMs, picture.notBeforeMs));
    }
  }

  #remove(attempt: Attempt): Lane {
    const lane = this.#laneOf(attempt.picture.host);
    lane.underWay.delete(attempt);
    this.#attempts.delete(attempt);
    return lane;
  }

  #put(lane: Lane, picture: WaitingPicture): void {
    lane.waiting.push(picture);
    this.#waiting++;
  }

  #laneOf(host: string): Lane {
    const known = this.#lanes.get(host);
    if (known !== undefined) return known;
    const lane: Lane = {
      ...{ host, waiting: [], underWay: new Set<Attempt>(), failures: 0, nextMs: 0, lastBeganMs: 0 },
      lastProblem: undefined,
      moreAfter: undefined,
    };
    this.#lanes.set(host, lane);
    return lane;
  }

  #forgetIfDone(lane: Lane): void {
    const isDone = lane.waiting.length === 0 && lane.underWay.size === 0 && lane.moreAfter === undefined;
    if (isDone) this.#lanes.delete(lane.host);
  }
}

/**
 * Of a failing host: one that was asked for in vain may be what is wrong, so another one comes first; the newest, for
 * many old ones may be of the same kind.
 */
function leastTried(waiting: readonly WaitingPicture[], nowMs: number): number {
  const triesOf = (picture: WaitingPicture | undefined) =>
    picture !== undefined && mayBeTried(nowMs)(picture) ? picture.tries : Number.POSITIVE_INFINITY;
  return waiting.reduce((least, picture, i) => (triesOf(picture) <= triesOf(waiting[least]) ? i : least), 0);
}

function mayBeTried(nowMs: number): (picture: WaitingPicture) => boolean {
  return ({ notBeforeMs }) => notBeforeMs <= nowMs;
}

function isFailing({ failures }: Lane): boolean {
  return failures >= FAILING_AFTER;
}
