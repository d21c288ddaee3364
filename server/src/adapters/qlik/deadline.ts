import type { Clock } from '../../pipeline/ports/clock.ts';

/** Ends work that takes too long, or that somebody else has ended. */
export interface Deadline {
  /** Aborts at the deadline, or with the signal given. */
  readonly signal: AbortSignal;
  /** The time is up; else it was the signal given, or nothing yet. */
  isOver(): boolean;
  /** Must be called at the end of the work. */
  cancel(): void;
}

/** @param outer may live for ever: it knows nothing of the deadline once that is cancelled */
export function startDeadline(clock: Clock, afterMs: number, outer: AbortSignal): Deadline {
  // no AbortSignal.any: the engine keeps such a signal, and all that listens to it, until it aborts
  const ended = new AbortController();
  const cancelled = new AbortController();
  const end = () => ended.abort();
  let isOver = false;
  if (outer.aborted) end();
  outer.addEventListener('abort', end);
  void clock.sleep(afterMs, cancelled.signal).then(() => {
    if (cancelled.signal.aborted) return;
    isOver = true;
    end();
  });
  return {
    signal: ended.signal,
    isOver: () => isOver && !outer.aborted,
    cancel: () => {
      cancelled.abort();
      outer.removeEventListener('abort', end);
    },
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
