import { getPriority, setPriority } from 'node:os';

/** Steps of Linux' nice values: each 5 is about a third of the processor time, where there is not enough for all. */
export const BELOW_INGEST = { delivery: 5, viewer: 10 } as const;

/**
 * Where processors are short, answering browsers goes before delivering, and that before what people look at: what waits
 * is on disk. For the calling thread, which is what Linux understands by a process; other systems would slow the whole
 * process down, so there nothing is changed.
 */
export function lowerThreadPriority(steps: number): void {
  if (process.platform !== 'linux') return;
  try {
    setPriority(0, Math.min(19, getPriority(0) + steps));
  } catch {
    // the system allows it to nobody: everything runs as before
  }
}
