import type { Clock } from '../../pipeline/ports/clock.ts';

/** Ends work that takes too long, or that somebody else has ended. */
export interface Deadline {
  /** Aborts at the deadline, or with the signal given. */
  readonly signal: AbortSignal;
  /** The time is up; else it was the signal given, or nothing yet. */
  isOver(): boolean;
  cancel(): void;
}

export function startDeadline(clock: Clock, afterMs: number, outer: AbortSignal): Deadline {
  const over = new AbortController();
  const cancelled = new AbortController();
  void clock.sleep(afterMs, cancelled.signal).then(() => {
    if (!cancelled.signal.aborted) over.abort();
  });
  return {
    signal: AbortSignal.any([outer, over.signal]),
    isOver: () => over.signal.aborted && !outer.aborted,
    cancel: () => cancelled.abort(),
  };
}

/** Resolves with undefined when the signal aborts first; what the work comes to later is ignored. */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const stop = () => resolve(undefined);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
