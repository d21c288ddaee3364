import { CodedError, messageOf } from '../domain/errors.ts';
import type { NewLogEntry, StoredEvent } from '../domain/log-entry.ts';
import { type ScreenshotEnding, screenshotRecord, unreadableSubject } from '../domain/screenshot-record.ts';
import { BEFORE_FIRST, type Sequence, sequence } from '../domain/sequence.ts';
import { CountedWarnings } from './counted-warnings.ts';
import type { EventLog } from './ports/event-log.ts';
import type { LogFactsQueries, LogFactsReader } from './ports/log-facts.ts';
import type { DownloadProblem } from './ports/screenshots.ts';
import { type AttemptResult, PictureFetcher, type PictureParts } from './screenshot-attempt.ts';
import type { ScreenshotCounts } from './screenshot-counts.ts';
import { type Attempt, ScreenshotQueue, type WaitingPicture } from './screenshot-queue.ts';
import { retryScreenshots, type ScreenshotRetry } from './screenshot-retry.ts';
import { WaitingPictures } from './screenshot-scan.ts';
import { type ScreenshotStatus, shownHosts } from './screenshot-status.ts';
import { type ScreenshotTask, screenshotTaskOf } from './screenshot-task.ts';

export interface ScreenshotWorkerOptions extends PictureParts {
  readonly log: EventLog;
  readonly facts: LogFactsReader & Pick<LogFactsQueries, 'unsettledAwaiting' | 'unsettledCount' | 'withoutPicture'>;
  readonly counts: ScreenshotCounts;
  /** Pictures at a time. */
  readonly maxConcurrent: number;
  /** Since receipt. */
  readonly maxWaitMs: number;
  /** Rule 8: while true, nothing is fetched. */
  readonly paused: () => boolean;
}

const LOOK_MS = 1000;
const EXPIRED_AT_ONCE = 100;

/**
 * Fetches the pictures that events await, off the way of everything else, and records what became of each (rule 14). All
 * it knows is in the log: a worker of the next start fetches what has no outcome yet.
 */
export class ScreenshotWorker {
  readonly queue: ScreenshotQueue;
  readonly #options: ScreenshotWorkerOptions;
  readonly #fetcher: PictureFetcher;
  readonly #waiting: WaitingPictures;
  readonly #warnings: CountedWarnings;
  readonly #stop = new AbortController();
  readonly #underWay = new Set<Promise<void>>();
  #running: Promise<void> | undefined;
  #retries: Promise<unknown> = Promise.resolve();
  #wake = new AbortController();
  #nextLookMs = Number.NEGATIVE_INFINITY;

  constructor(options: ScreenshotWorkerOptions) {
    this.#options = options;
    this.queue = new ScreenshotQueue(options);
    this.#fetcher = new PictureFetcher(options);
    this.#waiting = new WaitingPictures({ ...options, queue: this.queue });
    this.#warnings = new CountedWarnings(options.clock);
  }

  /** Resolves with `stop`. Never rejects. */
  run(): Promise<void> {
    this.#running ??= this.#run();
    return this.#running;
  }

  /** Downloads are broken off and the sessions at Qlik Sense ended; what is being saved is saved and recorded. */
  async stop(deadlineMs: number): Promise<void> {
    const { clock, source } = this.#options;
    const beganMs = clock.monotonicMs();
    this.#stop.abort();
    const inTime = new AbortController();
    const ended = Promise.all([this.run(), ...this.#underWay]).then(() => inTime.abort());
    // half of the time for what is under way, the rest for the sessions
    await Promise.race([ended, clock.sleep(deadlineMs / 2, inTime.signal)]);
    inTime.abort();
    for (const { late } of [...this.queue.waitingPictures(), ...this.queue.attempts().map((one) => one.picture)]) {
      late?.ended('stopped');
    }
    await source.close(Math.max(0, deadlineMs - (clock.monotonicMs() - beganMs)));
    this.#warnings.flush();
  }

  /** What an operator asked for; one request after the other, so that no picture is fetched for two of them. */
  retry(request: ScreenshotRetry): Promise<string | undefined> {
    const { queue } = this;
    const parts = { ...this.#options, queue, stopped: this.#stop.signal, wake: () => this.#wake.abort() };
    const answer = this.#retries.then(() => retryScreenshots(request, parts));
    this.#retries = answer.catch(() => {});
    return answer;
  }

  status(): ScreenshotStatus {
    const { counts, paused } = this.#options;
    return {
      state: paused() ? 'paused' : 'running',
      waiting: this.#unsettled() ?? null,
      inFlight: this.queue.inFlight,
      saved: counts.saved,
      failed: counts.failed,
      hosts: shownHosts(this.queue.hosts()),
    };
  }

  publishMetrics(): void {
    const waiting = this.#unsettled();
    if (waiting !== undefined) this.#options.counts.publish(this.queue.inFlight, waiting);
  }

  #unsettled(): number | undefined {
    try {
      return this.#options.facts.unsettledCount();
    } catch {
      return undefined;
    }
  }

  async #run(): Promise<void> {
    const { facts, log, clock, logger } = this.#options;
    const { signal } = this.#stop;
    // outcomes of an earlier run may stand anywhere up to the head
    const head = log.head();
    if (head > BEFORE_FIRST) await facts.waitPast(sequence(head - 1), signal);
    while (!signal.aborted) {
      this.#wake = new AbortController();
      try {
        await this.#step();
      } catch (thrown) {
        logger.warn({ error: messageOf(thrown) }, 'Pictures could not be looked after; tried again.');
        await clock.sleep(LOOK_MS, signal);
      }
    }
  }

  async #step(): Promise<void> {
    const { facts, clock, paused } = this.#options;
    const position = facts.position();
    const foundAll = await this.#waiting.look();
    if (!paused()) {
      if (clock.monotonicMs() >= this.#nextLookMs) await this.#giveUpOverdue();
      this.#begin();
    }
    if (!foundAll || this.#stop.signal.aborted) return;
    await this.#news(position);
  }

  #begin(): void {
    const nowMs = this.#options.clock.monotonicMs();
    for (let attempt = this.queue.next(nowMs); attempt !== undefined; attempt = this.queue.next(nowMs)) {
      const work: Promise<void> = this.#settle(attempt).finally(() => {
        this.#underWay.delete(work);
        this.#wake.abort();
      });
      this.#underWay.add(work);
    }
    this.queue.inTheWay(nowMs)?.abort.abort();
  }

  /** Resolves when an event came, an attempt ended, or something is due; after a second at most. */
  async #news(position: Sequence): Promise<void> {
    const { facts, clock, paused } = this.#options;
    const dueInMs = paused() ? LOOK_MS : this.queue.nextDueMs() - clock.monotonicMs();
    const over = new AbortController();
    const signal = AbortSignal.any([this.#stop.signal, this.#wake.signal, over.signal]);
    // a place that is free now and a picture that is due would have met already
    const sleepMs = Math.min(LOOK_MS, dueInMs > 0 ? dueInMs : LOOK_MS);
    await Promise.race([facts.waitPast(position, signal), clock.sleep(sleepMs, signal)]);
    over.abort();
  }

  /** Never rejects. */
  async #settle(attempt: Attempt): Promise<void> {
    const { picture } = attempt;
    const { clock, counts, logger } = this.#options;
    try {
      const event = await this.#eventAt(picture.seq);
      const task = event === undefined ? undefined : screenshotTaskOf(event);
      const result: AttemptResult =
        task === undefined ? UNREADABLE : await this.#fetcher.fetch(task, attempt, this.#stop.signal);
      await this.#conclude(attempt, task, result);
      counts.attempted(result.kind, clock.monotonicMs() - attempt.beganMs);
    } catch (thrown) {
      // nothing was recorded: it is done again
      if (!this.#stop.signal.aborted) {
        logger.warn({ error: messageOf(thrown) }, 'The outcome of a picture could not be recorded; tried again.');
      }
      const problem = { reason: thrown instanceof CodedError ? thrown.code : 'DEFECT', message: messageOf(thrown) };
      this.queue.failed(attempt, clock.monotonicMs(), problem, false);
    }
  }

  async #conclude(attempt: Attempt, task: ScreenshotTask | undefined, result: AttemptResult): Promise<void> {
    const { clock, counts } = this.#options;
    switch (result.kind) {
      case 'brokenOff':
        this.queue.brokenOff(attempt);
        return;
      case 'retry':
        counts.retried(result.problem.reason);
        // its time is over: that is seen to before it is tried again
        if (clock.now() >= attempt.picture.giveUpAt) this.#nextLookMs = Number.NEGATIVE_INFINITY;
        this.#warnOf(attempt.picture.host, result.problem, 'A picture did not come; it is asked for again.');
        this.queue.failed(attempt, clock.monotonicMs(), result.problem, result.isHostWide, result.afterMs);
        return;
      case 'failed':
        await this.#record([{ picture: attempt.picture, task, ending: failedWith(result.problem) }]);
        break;
      case 'saved':
        await this.#record([{ picture: attempt.picture, task, ending: savedAs(result) }]);
    }
    this.queue.ended(attempt, clock.monotonicMs());
  }

  /** Rule 14: those that waited `maxWaitMs` are delivered without a picture. */
  async #giveUpOverdue(): Promise<void> {
    const { clock } = this.#options;
    for (let isMore = true; isMore && !this.#stop.signal.aborted; ) {
      const overdue = this.queue.takeOverdue(clock.now(), EXPIRED_AT_ONCE);
      isMore = overdue.length === EXPIRED_AT_ONCE;
      try {
        const endings: Ending[] = [];
        for (const picture of overdue) {
          const event = await this.#eventAt(picture.seq);
          const task = event === undefined ? undefined : screenshotTaskOf(event);
          endings.push({ picture, task, ending: expired(picture.lastProblem) });
        }
        await this.#record(endings);
      } catch (thrown) {
        for (const picture of overdue) this.queue.putBack(picture);
        throw thrown;
      }
    }
    this.#nextLookMs = clock.monotonicMs() + LOOK_MS;
  }

  /** One commit. An operator's request that failed again is no news for the log: its first outcome says so already. */
  async #record(endings: readonly Ending[]): Promise<void> {
    const { log, counts } = this.#options;
    const news = endings.filter(({ picture, ending }) => picture.late === undefined || ending.status === 'saved');
    if (news.length > 0) await log.append(news.map((one) => this.#entryOf(one)));
    for (const { picture, ending } of endings) {
      counts.ended(ending, picture.late !== undefined);
      if (ending.status === 'failed') {
        const problem = { reason: ending.reason, message: ending.message ?? ending.reason };
        this.#warnOf(picture.host, problem, 'No picture will come for an event; it is delivered with the reason.');
        picture.late?.ended(picture.lastProblem ?? problem);
      } else picture.late?.ended('saved');
    }
  }

  #entryOf({ picture, task, ending }: Ending): NewLogEntry {
    const { late } = picture;
    const at = this.#options.clock.now();
    if (late === undefined) {
      return screenshotRecord(task?.subject ?? unreadableSubject(picture.seq), ending, {
        actor: 'server',
        request: 'screenshots',
        at,
      });
    }
    const { requestId, actor } = late;
    const cause = { actor, request: `screenshots retry ${requestId}`, at, late: { requestId } };
    return screenshotRecord(task?.subject ?? unreadableSubject(picture.seq), ending, cause);
  }

  async #eventAt(seq: Sequence): Promise<StoredEvent | undefined> {
    const [item] = await this.#options.log.read(sequence(seq - 1), { events: 1, bytes: 1 });
    return item?.kind === 'event' && item.seq === seq ? item : undefined;
  }

  #warnOf(host: string, { reason, message }: DownloadProblem, sentence: string): void {
    this.#warnings.add(`${sentence}\n${reason}\n${host}`, (count) => {
      this.#options.logger.warn({ host, reason, error: message, count }, sentence);
    });
  }
}

interface Ending {
  readonly picture: WaitingPicture;
  readonly task: ScreenshotTask | undefined;
  readonly ending: ScreenshotEnding;
}

const UNREADABLE: AttemptResult = {
  kind: 'failed',
  problem: { reason: 'unreadable', message: 'The event cannot be read from the log any more.' },
};

function failedWith({ reason, message }: DownloadProblem): ScreenshotEnding {
  return { status: 'failed', reason, message };
}

function savedAs({ files, note }: Extract<AttemptResult, { kind: 'saved' }>): ScreenshotEnding {
  return { status: 'saved', files, ...(note === undefined ? {} : { message: note }) };
}

/** With the word for what was the matter at last, as far as that is known. */
function expired(last: DownloadProblem | undefined): ScreenshotEnding {
  const message = 'No picture came within screenshots.maxWaitMs.';
  if (last === undefined) return { status: 'failed', reason: 'expired', message };
  const why = `At last: ${last.reason}: ${last.message}`;
  return { status: 'failed', reason: `expired: ${last.reason}`, message: `${message} ${why}` };
}
