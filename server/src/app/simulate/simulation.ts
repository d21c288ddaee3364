import { setImmediate as nextTurn } from 'node:timers/promises';
import { messageOf } from '../../domain/errors.ts';
import type { Clock } from '../../pipeline/ports/clock.ts';
import type { Answer } from './audit-client.ts';
import type { SimulatedEnvelope } from './envelope.ts';
import { type EventStreamOptions, eventStream } from './event-stream.ts';
import { LatencyHistogram } from './latency-histogram.ts';

/** How events leave; `AuditClient` in production. */
export interface EventSender {
  postEvent(body: string, signal: AbortSignal): Promise<Answer>;
  postEvents(bodies: readonly string[], signal: AbortSignal): Promise<Answer>;
}

export interface SimulationOptions {
  readonly users: number;
  /** Events per second of all users together. */
  readonly rate: number;
  readonly durationSeconds: number;
  readonly seed: number;
  /** Time of the first event as the events tell it, milliseconds since 1970. */
  readonly startAt: number;
  /** Events per request; 1 = one POST per event, as Audit.qs does. */
  readonly batch?: number;
  readonly screenshotOrigin?: string;
  readonly clock: Clock;
  readonly sender: EventSender;
  readonly signal: AbortSignal;
  /** Called before an event is sent. */
  readonly onEvent?: (envelope: SimulatedEnvelope) => void;
  /** Called after every answer. */
  readonly onProgress?: (counts: SimulationCounts) => void;
}

export interface SimulationCounts {
  /** Events handed to the network, each counted once. */
  readonly sent: number;
  readonly acknowledged: number;
  /** Events that were sent again after 429, 503 or a broken connection. */
  readonly repeats: number;
  /** Events that the server refused for good, by status. */
  readonly refused: Readonly<Record<number, number>>;
  /** Events given up without an answer when the run ended. */
  readonly unanswered: number;
  /** The last thing that went wrong, for people. */
  readonly lastProblem?: string;
}

export interface SimulationSummary extends SimulationCounts {
  readonly elapsedSeconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

const MAX_IN_FLIGHT = 256;
const GRACE_MS = 10_000;
const LONGEST_PAUSE_MS = 30_000;

/**
 * Sends rate × duration events at their times, whatever the server does (open loop, at most 256 requests under way), and
 * repeats with the same event id what was answered by 429, 503 or not at all. Ends 10 s after the last event at the latest.
 */
export async function runSimulation(options: SimulationOptions): Promise<SimulationSummary> {
  return new Simulation(options).run();
}

class Simulation {
  readonly #options: SimulationOptions;
  readonly #latency = new LatencyHistogram();
  readonly #underWay = new Set<Promise<void>>();
  readonly #ended = new AbortController();
  #sent = 0;
  #acknowledged = 0;
  #repeats = 0;
  #refused: Record<number, number> = {};
  #unanswered = 0;
  #lastProblem: string | undefined;

  constructor(options: SimulationOptions) {
    this.#options = options;
  }

  async run(): Promise<SimulationSummary> {
    const { clock, signal } = this.#options;
    const began = clock.monotonicMs();
    const end = () => this.#ended.abort();
    signal.addEventListener('abort', end);
    try {
      if (!signal.aborted) await this.#sendAll(began);
      const graceOver = clock.sleep(GRACE_MS, this.#ended.signal).then(end);
      await Promise.all(this.#underWay);
      end();
      await graceOver;
    } finally {
      signal.removeEventListener('abort', end);
    }
    return {
      ...this.#counts(),
      elapsedSeconds: (clock.monotonicMs() - began) / 1000,
      p50Ms: this.#latency.percentileMs(0.5),
      p99Ms: this.#latency.percentileMs(0.99),
      maxMs: this.#latency.maxMs,
    };
  }

  async #sendAll(began: number): Promise<void> {
    const { clock, batch = 1, durationSeconds, onEvent } = this.#options;
    let waiting: string[] = [];
    let dueMs = 0;
    for (const { envelope, delayMs } of eventStream(streamOptions(this.#options))) {
      dueMs += delayMs;
      if (dueMs >= durationSeconds * 1000 || this.#ended.signal.aborted) break;
      const aheadMs = began + dueMs - clock.monotonicMs();
      if (aheadMs > 1) await clock.sleep(aheadMs, this.#ended.signal);
      onEvent?.(envelope);
      waiting.push(JSON.stringify(envelope));
      if (waiting.length < batch) continue;
      await this.#launch(waiting);
      waiting = [];
    }
    if (waiting.length > 0) await this.#launch(waiting);
  }

  async #launch(bodies: readonly string[]): Promise<void> {
    while (this.#underWay.size >= MAX_IN_FLIGHT) await Promise.race(this.#underWay);
    if (this.#ended.signal.aborted) return;
    this.#sent += bodies.length;
    const delivery = this.#deliver(bodies).finally(() => this.#underWay.delete(delivery));
    this.#underWay.add(delivery);
    if (this.#underWay.size % 16 === 0) await nextTurn();
  }

  async #deliver(bodies: readonly string[]): Promise<void> {
    const { clock, sender } = this.#options;
    const { signal } = this.#ended;
    let left = bodies;
    for (let pauseMs = 250; left.length > 0; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      const began = clock.monotonicMs();
      const answer = await (left.length === 1
        ? sender.postEvent(left[0] ?? '', signal)
        : sender.postEvents(left, signal)
      ).catch((error: unknown) => this.#noConnection(error));
      if (answer !== undefined) {
        this.#latency.add(clock.monotonicMs() - began);
        left = this.#settle(left, answer);
      }
      this.#options.onProgress?.(this.#counts());
      if (left.length === 0) return;
      if (!signal.aborted) await clock.sleep(answer?.retryAfterMs ?? pauseMs, signal);
      if (signal.aborted) break;
      this.#repeats += left.length;
    }
    this.#unanswered += left.length;
  }

  #noConnection(error: unknown): undefined {
    if (!this.#ended.signal.aborted) this.#lastProblem = messageOf(error);
  }

  /** Counts what is settled; gives back what has to be sent again. */
  #settle(bodies: readonly string[], answer: Answer): readonly string[] {
    const statuses = bodies.length === 1 ? [answer.status] : batchStatuses(answer, bodies.length);
    return bodies.filter((_, index) => {
      const status = statuses[index] ?? answer.status;
      if (status === 202) this.#acknowledged += 1;
      else this.#lastProblem = `HTTP ${status}: ${answer.body.slice(0, 300)}`;
      if (status === 202) return false;
      if (status === 429 || status >= 500) return true;
      this.#refused[status] = (this.#refused[status] ?? 0) + 1;
      return false;
    });
  }

  #counts(): SimulationCounts {
    return {
      sent: this.#sent,
      acknowledged: this.#acknowledged,
      repeats: this.#repeats,
      refused: { ...this.#refused },
      unanswered: this.#unanswered,
      ...(this.#lastProblem === undefined ? {} : { lastProblem: this.#lastProblem }),
    };
  }
}

function streamOptions(options: SimulationOptions): EventStreamOptions {
  const { users, seed, startAt, rate, screenshotOrigin } = options;
  return { users, seed, startAt, rate, ...(screenshotOrigin === undefined ? {} : { screenshotOrigin }) };
}

/** The batch endpoint answers 200 with one verdict per event, in order; anything else holds for all of them. */
function batchStatuses(answer: Answer, count: number): number[] {
  if (answer.status !== 200) return new Array<number>(count).fill(answer.status);
  const { results } = JSON.parse(answer.body) as { results: { statusCode: number }[] };
  return results.map((result) => result.statusCode);
}
