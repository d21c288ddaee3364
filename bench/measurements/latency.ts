import { createHome, parquetDestination, startProduct, startReference } from '../child-server.ts';
import { runLoad } from '../load/load.ts';
import type { Measurement } from '../measurement.ts';

/** An open loop: requests leave when they are due, however slow the answers are. */
export const OPEN_LOOP = { rate: 2000, connections: 64 } as const;

export const latency: Measurement = {
  name: 'latency',
  about: 'p99 at 2,000 events/s, open loop',
  async run({ durationMs, say }) {
    say('  bare server');
    const reference = await startReference();
    const bare = await runLoad({ url: reference.url, durationMs, ...OPEN_LOOP }).finally(() => reference.stop());
    say('  product');
    const home = createHome(parquetDestination(1000));
    try {
      const server = await startProduct(home);
      const ours = await runLoad({ url: server.url, durationMs, ...OPEN_LOOP }).finally(() => server.stop());
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
