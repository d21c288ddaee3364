import { CodedError } from '../domain/errors.ts';
import type { Clock } from './ports/clock.ts';
import type { Batch, DeliveryOutcome, Destination } from './ports/destination.ts';

/** What came of handing over one batch. `defect`: the destination threw, which it never should. */
export type AttemptResult = DeliveryOutcome | { readonly kind: 'defect'; readonly thrown: unknown };

/** How long a destination may take to notice that it was aborted. Later its answer counts for nothing. */
const ABORT_GRACE_MS = 5000;

export interface AttemptOptions {
  readonly destination: Destination;
  readonly batch: Batch;
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** Aborted here after the time, or when the worker gives up. */
  readonly abort: AbortController;
  /** The worker gives up at once, whatever the destination does. */
  readonly giveUp: AbortSignal;
  /** The delivery itself, which may outlive the attempt when the destination hangs. */
  readonly started: (delivery: Promise<AttemptResult>) => void;
}

/** Hands over one batch, for `timeoutMs` at most. Resolves also when the destination never answers. */
export async function attemptDelivery(options: AttemptOptions): Promise<AttemptResult> {
  const { destination, batch, timeoutMs, clock, abort, giveUp } = options;
  const over = new AbortController();
  const listen = (signal: AbortSignal) =>
    new Promise<undefined>((resolve) => {
      signal.addEventListener('abort', () => resolve(undefined), { once: true, signal: over.signal });
    });
  const aborted = listen(abort.signal);
  const givenUp = listen(giveUp);
  void clock.sleep(timeoutMs, over.signal).then(() => {
    if (!over.signal.aborted) abort.abort();
  });
  const delivery = answerOf(destination, batch, abort.signal);
  options.started(delivery);
  try {
    const answer = await Promise.race([delivery, aborted, givenUp]);
    if (answer !== undefined) return answer;
    const late = giveUp.aborted
      ? undefined
      : await Promise.race([delivery, givenUp, clock.sleep(ABORT_GRACE_MS, over.signal)]);
    return late ?? { kind: 'retry', error: unanswered(batch, timeoutMs) };
  } finally {
    abort.abort();
    over.abort();
  }
}

async function answerOf(destination: Destination, batch: Batch, signal: AbortSignal): Promise<AttemptResult> {
  try {
    return await destination.deliver(batch, signal);
  } catch (thrown) {
    return { kind: 'defect', thrown };
  }
}

/** Resolves to true once `delivery` is over; to false after `timeoutMs`, or once the worker gives up. */
export async function isOverWithin(
  delivery: Promise<AttemptResult>,
  timeoutMs: number,
  clock: Clock,
  giveUp: AbortSignal,
): Promise<boolean> {
  const over = new AbortController();
  const late = clock.sleep(timeoutMs, AbortSignal.any([over.signal, giveUp])).then(() => false);
  try {
    return await Promise.race([delivery.then(() => true), late]);
  } finally {
    over.abort();
  }
}

/** DELIVERY_ABORTED of a batch that took too long. */
export function unanswered({ attempt, rows }: Pick<Batch, 'attempt' | 'rows'>, timeoutMs: number): CodedError {
  return new CodedError(
    'DELIVERY_ABORTED',
    `${attempt.destination} gave no answer for a batch of ${rows.length} events within ${timeoutMs} ms.`,
    { destination: attempt.destination, events: rows.length, timeoutMs },
  );
}

/** Whether the destination answers at all; false after `timeoutMs`, or once the worker gives up. */
export async function answers(
  destination: Destination,
  timeoutMs: number,
  clock: Clock,
  giveUp: AbortSignal,
): Promise<boolean> {
  const over = new AbortController();
  const check = destination.check(AbortSignal.any([over.signal, giveUp])).then(
    () => true,
    () => false,
  );
  try {
    return (await Promise.race([check, clock.sleep(timeoutMs, AbortSignal.any([over.signal, giveUp]))])) ?? false;
  } finally {
    over.abort();
  }
}
