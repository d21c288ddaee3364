import { CodedError } from '../domain/errors.ts';
import type { Clock } from './ports/clock.ts';
import type { Batch, DeliveryOutcome, Destination } from './ports/destination.ts';

/** What came of handing over one batch. `defect`: the destination threw, which it never should. */
export type AttemptResult = DeliveryOutcome | { readonly kind: 'defect'; readonly thrown: unknown };

/** How long a destination may take to notice that it was aborted. Later its answer counts for nothing. */
const ABORT_GRACE_MS = 5000;

/**
 * Hands over one batch, for `timeoutMs` at most. Resolves also when the destination never answers.
 * @param abort aborted here after the time; whoever stops the worker aborts it too
 */
export async function attemptDelivery(
  destination: Destination,
  batch: Batch,
  timeoutMs: number,
  clock: Clock,
  abort: AbortController,
): Promise<AttemptResult> {
  const over = new AbortController();
  const aborted = new Promise<undefined>((resolve) => {
    abort.signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
  void clock.sleep(timeoutMs, over.signal).then(() => {
    if (!over.signal.aborted) abort.abort();
  });
  const delivery = answerOf(destination, batch, abort.signal);
  try {
    const answer = await Promise.race([delivery, aborted]);
    if (answer !== undefined) return answer;
    const late = await Promise.race([delivery, clock.sleep(ABORT_GRACE_MS, over.signal)]);
    return late ?? { kind: 'retry', error: unanswered(batch, timeoutMs) };
  } finally {
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

function unanswered({ attempt, rows }: Batch, timeoutMs: number): CodedError {
  return new CodedError(
    'DELIVERY_ABORTED',
    `${attempt.destination} gave no answer for a batch of ${rows.length} events within ${timeoutMs} ms.`,
    { destination: attempt.destination, events: rows.length, timeoutMs },
  );
}

/** Whether the destination answers at all; false after `timeoutMs`. */
export async function answers(
  destination: Destination,
  timeoutMs: number,
  clock: Clock,
  abort: AbortController,
): Promise<boolean> {
  const over = new AbortController();
  const check = destination.check(abort.signal).then(
    () => true,
    () => false,
  );
  try {
    return (await Promise.race([check, clock.sleep(timeoutMs, over.signal)])) ?? false;
  } finally {
    over.abort();
    abort.abort();
  }
}
