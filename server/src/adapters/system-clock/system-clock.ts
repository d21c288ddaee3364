import { performance } from 'node:perf_hooks';
import { type EpochMillis, epochMillis } from '../../domain/epoch-millis.ts';
import type { Clock } from '../../pipeline/ports/clock.ts';

export const systemClock: Clock = {
  now(): EpochMillis {
    return epochMillis(Date.now());
  },
  monotonicMs(): number {
    return performance.now();
  },
  sleep(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal.addEventListener('abort', done);
    });
  },
};
