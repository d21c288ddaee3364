import { Worker } from 'node:worker_threads';
import { CodedError, messageOf } from '../../domain/errors.ts';
import type { Sequence } from '../../domain/sequence.ts';
import type { Logger } from '../../pipeline/ports/logger.ts';
import type {
  DeliveryMethods,
  DeliveryThreadStatus,
  DiskNews,
  MainForDelivery,
  MainForViewer,
  MetricsSnapshot,
  ThreadStart,
  ViewerMethods,
} from './contracts.ts';
import { connectThread, type Methods, type ThreadPort } from './thread-port.ts';

/** News of the head go out at most this often: each costs both threads a turn. */
const HEAD_MS = 20;
/** By default the garbage of each thread may grow to 128 MiB before it is collected. */
const YOUNG_MIB = 12;
/** A thread without a stuck call ends in a few milliseconds. */
const END_MS = 400;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;
/** A thread that ran this long has recovered: the next pause is short again. */
const STEADY_MS = 300_000;

interface ThreadMethods extends Methods {
  head(seq: Sequence): void;
  disk(news: DiskNews): void;
}

/**
 * A thread that is started again, after a growing pause, when it dies: everything it knows is in the log and in SQLite, so
 * ingest goes on meanwhile and nothing is lost.
 */
class SupervisedThread<Local extends Methods, Remote extends ThreadMethods> {
  readonly #name: string;
  readonly #local: Local;
  readonly #threadStart: () => ThreadStart;
  readonly #logger: Logger;
  /** What a thread that was spawned needs to be told. */
  readonly #bringUp: (port: ThreadPort<Remote>) => Promise<unknown>;
  #worker: Worker;
  #port: ThreadPort<Remote>;
  #stopping = false;
  #pauseMs = FIRST_PAUSE_MS;
  #head: Sequence | undefined;
  #headTimer: NodeJS.Timeout | undefined;
  #downBecause: string | undefined;

  constructor(
    name: 'delivery-thread' | 'viewer-thread',
    local: Local,
    threadStart: () => ThreadStart,
    logger: Logger,
    bringUp: (port: ThreadPort<Remote>) => Promise<unknown>,
  ) {
    this.#name = name;
    this.#local = local;
    this.#threadStart = threadStart;
    this.#logger = logger;
    this.#bringUp = bringUp;
    [this.#worker, this.#port] = this.#spawn();
  }

  get port(): ThreadPort<Remote> {
    return this.#port;
  }

  get downBecause(): string | undefined {
    return this.#downBecause;
  }

  /** The latest counts; what is told late costs nothing. */
  head(seq: Sequence): void {
    this.#head = seq;
    this.#headTimer ??= setTimeout(() => {
      this.#tellHead();
    }, HEAD_MS);
  }

  /** Before the thread is asked to deliver what the log holds: it must know all of it. */
  headNow(): void {
    if (this.#headTimer !== undefined) this.#tellHead();
  }

  #tellHead(): void {
    clearTimeout(this.#headTimer);
    this.#headTimer = undefined;
    if (this.#head !== undefined) this.#port.tell('head', this.#head as never);
  }

  disk(news: DiskNews): void {
    this.#port.tell('disk', news as never);
  }

  /** @returns false when it could not be ended: a call into a dead disk, say, holds it */
  async end(): Promise<boolean> {
    this.#stopping = true;
    clearTimeout(this.#headTimer);
    this.#port.disconnect('The server is stopping.');
    const ended = this.#worker.terminate().then(() => true);
    return Promise.race([ended, new Promise<false>((resolve) => setTimeout(resolve, END_MS, false).unref())]);
  }

  /** From now on its end is not a surprise. */
  expectEnd(): void {
    this.#stopping = true;
  }

  #spawn(): [Worker, ThreadPort<Remote>] {
    // the same folder holds TypeScript in a checkout and JavaScript in a published package
    const file = new URL(`./${this.#name}${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url);
    const worker = new Worker(file, {
      workerData: this.#threadStart(),
      name: this.#name,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MIB },
    });
    const startedAt = performance.now();
    worker.on('error', (error) => {
      this.#downBecause = messageOf(error);
      this.#logger.error(
        { thread: this.#name, error: messageOf(error), stack: error instanceof Error ? error.stack : undefined },
        'A thread failed.',
      );
    });
    worker.on('exit', () => this.#exited(startedAt));
    return [worker, connectThread<Local, Remote>(worker, this.#local)];
  }

  #exited(startedAt: number): void {
    this.#port.disconnect(`The ${this.#name} has ended.`);
    if (this.#stopping) return;
    this.#downBecause ??= 'it ended';
    if (performance.now() - startedAt > STEADY_MS) this.#pauseMs = FIRST_PAUSE_MS;
    this.#logger.error(
      { thread: this.#name, error: this.#downBecause, pauseMs: this.#pauseMs },
      'A thread has ended; it is started again after a pause.',
    );
    setTimeout(() => void this.#startAgain(), this.#pauseMs);
    this.#pauseMs = Math.min(LONGEST_PAUSE_MS, this.#pauseMs * 2);
  }

  /** @returns false when the thread could not be brought up: that is logged, and it is tried again */
  async startOrRetry(bringUp: (port: ThreadPort<Remote>) => Promise<unknown> = this.#bringUp): Promise<boolean> {
    try {
      await bringUp(this.#port);
      this.#downBecause = undefined;
      return true;
    } catch (error) {
      // of a thread that has ended, what it said before tells more
      if (!(error instanceof CodedError && error.code === 'THREAD_GONE')) this.#downBecause = messageOf(error);
      await this.#worker.terminate(); // its exit starts the next try
      return false;
    }
  }

  async #startAgain(): Promise<void> {
    if (this.#stopping) return;
    [this.#worker, this.#port] = this.#spawn();
    if (!(await this.startOrRetry())) return;
    if (this.#head !== undefined) this.head(this.#head);
    this.#logger.info({ thread: this.#name }, 'The thread runs again.');
  }
}

/** Deduplicator, delivery workers, retention. */
export class DeliveryThread {
  readonly #thread: SupervisedThread<MainForDelivery, DeliveryMethods>;

  constructor(threadStart: () => ThreadStart, logger: Logger, main: MainForDelivery) {
    this.#thread = new SupervisedThread<MainForDelivery, DeliveryMethods>(
      'delivery-thread',
      main,
      threadStart,
      logger,
      (port) => port.call('start', undefined),
    );
  }
  head(seq: Sequence): void {
    this.#thread.head(seq);
  }
  disk(news: DiskNews): void {
    this.#thread.disk(news);
  }
  indexed(upTo: Sequence): void {
    this.#thread.port.tell('indexed', upTo);
  }
  start(): Promise<void> {
    return this.#thread.port.call('start', undefined);
  }
  /** Nothing of a thread that is just being started again. */
  async metrics(): Promise<MetricsSnapshot> {
    return this.#thread.port.call('metrics', undefined).catch(() => []);
  }
  status(): Promise<DeliveryThreadStatus> {
    return this.#thread.port.call('status', undefined);
  }
  notReadyBecause(): string | undefined {
    const reason = this.#thread.downBecause;
    return reason === undefined ? undefined : `the delivery thread is down: ${reason}`;
  }
  /** @returns false when the thread is stuck */
  async stop(deadlineMs: number): Promise<boolean> {
    this.#thread.expectEnd();
    this.#thread.headNow();
    await Promise.race([
      this.#thread.port.call('stop', { deadlineMs }).catch(() => undefined),
      new Promise((resolve) => setTimeout(resolve, deadlineMs + 300).unref()),
    ]);
    return this.#thread.end();
  }
}

/** Search indexer and viewer port. */
export class ViewerThread {
  readonly #thread: SupervisedThread<MainForViewer, ViewerMethods>;

  constructor(threadStart: () => ThreadStart, logger: Logger, main: MainForViewer) {
    this.#thread = new SupervisedThread<MainForViewer, ViewerMethods>(
      'viewer-thread',
      main,
      threadStart,
      logger,
      (port) => port.call('start', undefined),
    );
  }
  head(seq: Sequence): void {
    this.#thread.head(seq);
  }
  disk(news: DiskNews): void {
    this.#thread.disk(news);
  }
  logBegins(firstRetained: Sequence): void {
    this.#thread.port.tell('logBegins', firstRetained);
  }
  /** Nobody who sends or gets events waits for it: what keeps it from starting is logged, and it is tried again. */
  async start(): Promise<{ readonly url: string | undefined }> {
    let url: string | undefined;
    await this.#thread.startOrRetry(async (port) => {
      ({ url } = await port.call('start', undefined));
    });
    return { url };
  }
  reindex(): Promise<void> {
    return this.#thread.port.call('reindex', undefined);
  }
  /** @returns false when the thread is stuck */
  async stop(): Promise<boolean> {
    this.#thread.expectEnd();
    await Promise.race([
      this.#thread.port.call('stop', undefined).catch(() => undefined),
      new Promise((resolve) => setTimeout(resolve, 500).unref()),
    ]);
    return this.#thread.end();
  }
}
