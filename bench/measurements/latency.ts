import { createHome, parquetDestination, startProduct, startReference } from '../child-server.ts';
import { type LoadResult, runLoad } from '../load/load.ts';
import type { Measurement } from '../measurement.ts';

/** An open loop: requests leave when they are due, however slow the answers are. */
export const OPEN_LOOP = { rate: 2000, connections: 64 } as const;

/** Not counted: the engine compiles what is used most. Both servers get it. */
const WARM_UP_MS = 6000;

async function loadOf(url: string, durationMs: number): Promise<LoadResult> {
  await runLoad({ url, durationMs: WARM_UP_MS, ...OPEN_LOOP });
  return runLoad({ url, durationMs, ...OPEN_LOOP });
}

export const latency: Measurement = {
  name: 'latency',
  about: 'p99 at 2,000 events/s, open loop',
  async run({ durationMs, say }) {
    say('  bare server');
    const reference = await startReference();
    const bare = await loadOf(reference.url, durationMs).finally(() => reference.stop());
    say('  product');
    const home = createHome(parquetDestination(1000));
    try {
      const server = await startProduct(home);
      const ours = await loadOf(server.url, durationMs).finally(() => server.stop());
      const lost = ours.failed + ours.broken;
      return [
        {
          what: 'bare server at 2,000/s',
          result: `p50 ${bare.p50Ms.toFixed(2)} ms, p99 ${bare.p99Ms.toFixed(2)} ms`,
          budget: '',
        },
        {
          what: 'product at 2,000/s',
          result: `p50 ${ours.p50Ms.toFixed(2)} ms, p99 ${ours.p99Ms.toFixed(2)} ms, max ${ours.maxMs.toFixed(1)} ms, ${lost} refused or broken`,
          budget: 'p99 ≤ 10 ms',
          met: ours.p99Ms <= 10 && lost === 0,
        },
        {
          what: '  p99, ours / bare',
          result: (ours.p99Ms / bare.p99Ms).toFixed(2),
          budget: '≤ 3',
          met: ours.p99Ms <= 3 * bare.p99Ms,
        },
      ];
    } finally {
      home.remove();
    }
  },
};
