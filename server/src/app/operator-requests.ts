import { messageOf } from '../domain/errors.ts';
import type { Sequence } from '../domain/sequence.ts';
import type { DeliveryWorker } from '../pipeline/delivery-worker.ts';
import type { Clock } from '../pipeline/ports/clock.ts';
import type { Logger } from '../pipeline/ports/logger.ts';
import type { RequestQueue, StoredRequest } from '../pipeline/ports/request-queue.ts';
import { type FixedRun, type FixedRunOptions, replay, retryDeadLetters } from '../pipeline/replay.ts';
import type { ScreenshotWorker } from '../pipeline/screenshot-worker.ts';

export interface RequestParts {
  readonly requests: RequestQueue;
  readonly fixedRun: FixedRunOptions;
  /** Those under way: they hold the log back and end with the server. */
  readonly runs: Set<FixedRun>;
  readonly worker: (destination: string) => DeliveryWorker | undefined;
  readonly stopRequested: (actor: string) => void;
  /** @returns how far the tables were built again */
  readonly reindex: () => Promise<Sequence>;
  /** Undefined: pictures are not fetched. */
  readonly screenshots: ScreenshotWorker | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** `undefined`: the server stopped first; the request waits for the next one. */
type Answer = string | undefined;

const POLL_MS = 250;
const SCREENSHOTS_OFF =
  'Pictures are not fetched here: screenshots.enable is false, or no folder is enabled in screenshots.storageTargets.';

/**
 * Does what people ask for on the command line, in the order in which they asked; long ones run side by side. A request
 * that a crash interrupted is done again at the next start: each knows its id, so doing it twice does it once.
 */
export async function answerRequests(parts: RequestParts, signal: AbortSignal): Promise<void> {
  const { requests, clock, logger } = parts;
  const underWay = new Set<Promise<void>>();
  requests.recover();
  while (!signal.aborted) {
    try {
      for (let request = requests.claim(); request !== undefined; request = requests.claim()) {
        const work: Promise<void> = carryOut(request, parts).finally(() => underWay.delete(work));
        underWay.add(work);
      }
    } catch (error) {
      logger.warn({ error: messageOf(error) }, 'Requests from the command line cannot be read; tried again.');
    }
    await clock.sleep(POLL_MS, signal);
  }
  await Promise.all(underWay);
}

async function carryOut(stored: StoredRequest, parts: RequestParts): Promise<void> {
  const { requests, logger } = parts;
  try {
    const answer = await answerTo(stored, parts);
    if (answer !== undefined) requests.finish(stored.id, 'done', answer);
  } catch (error) {
    logger.warn(
      { request: stored.request.kind, actor: stored.actor, error: messageOf(error) },
      'A request could not be carried out.',
    );
    requests.finish(stored.id, 'failed', messageOf(error));
  }
}

async function answerTo({ id, request, actor }: StoredRequest, parts: RequestParts): Promise<Answer> {
  switch (request.kind) {
    case 'stop':
      parts.stopRequested(actor);
      return 'Stopping.';
    case 'reindex': {
      const upTo = await parts.reindex();
      return `The tables are built again from the log, up to ${upTo}.`;
    }
    case 'skip':
      return skip(id, request, actor, parts);
    case 'retry-screenshots':
      if (parts.screenshots === undefined) throw new Error(SCREENSHOTS_OFF);
      return parts.screenshots.retry({ ...request, requestId: id, actor });
    case 'replay':
      return finished(await replay({ ...request, id }, parts.fixedRun), parts);
    case 'retry-dead-letters': {
      const run = retryDeadLetters({ ...request, id }, parts.fixedRun);
      return run === undefined ? 'No dead letters are left to retry.' : finished(run, parts);
    }
  }
}

async function skip(
  id: number,
  request: Extract<StoredRequest['request'], { kind: 'skip' }>,
  actor: string,
  parts: RequestParts,
): Promise<Answer> {
  const { destination, expectedCommitted, through, reason } = request;
  const worker = parts.worker(destination);
  if (worker === undefined)
    throw new Error(`${destination} is not running here: it is not configured, or held; see "status".`);
  const outcome = await worker.skip({ id: String(id), expectedCommitted, through, reason, actor });
  if (outcome.kind === 'skipped') {
    const { first, last } = outcome.range;
    return `${destination} let go of ${first} to ${last}; a dead letter keeps the range.`;
  }
  if (outcome.kind === 'worker-gone') return undefined;
  throw new Error(
    `Nothing was skipped: ${destination} has moved on to ${outcome.committed}. Look again, and repeat the command.`,
  );
}

async function finished(run: FixedRun, { runs }: RequestParts): Promise<Answer> {
  runs.add(run);
  try {
    const { isFinished, status } = await run.run();
    if (!isFinished) return undefined;
    const { delivered, rejected } = status;
    return `${run.destination}: ${delivered} ${delivered === 1 ? 'event' : 'events'} sent again${rejected === 0 ? '' : `, ${rejected} are dead letters (again)`}.`;
  } finally {
    runs.delete(run);
  }
}
