import { createHome, NO_DESTINATION, parquetDestination, startProduct } from '../child-server.ts';
import { runLoad } from '../load/load.ts';
import type { Measurement } from '../measurement.ts';
import { cpuBetween, readCpu } from '../process-usage.ts';
import { untilIdle } from '../product-progress.ts';

/** What each stage costs an event, by thread: delivery is what its thread uses more with a destination than without. */
export const stages: Measurement = {
  name: 'stages',
  about: 'CPU per event of each stage: accept, deduplicate, index, deliver',
  async run({ durationMs, say }) {
    say('  without a destination');
    const bare = await perEvent(NO_DESTINATION, durationMs);
    say('  with Parquet');
    const parquet = await perEvent(parquetDestination(1000), durationMs);
    const deduplicate = bare('delivery-thread');
    return [
      row('accept: main thread', bare('main')),
      row('deduplicate: delivery thread without a destination', deduplicate),
      row('deliver to Parquet: what the delivery thread uses more with it', parquet('delivery-thread') - deduplicate),
      row('index: viewer thread', bare('viewer-thread')),
      row('runtime: disk calls, garbage collection, compiler', bare('runtime')),
    ];
  },
};

function row(what: string, us: number) {
  return { what, result: `${us.toFixed(1)} µs/event`, budget: '' };
}

async function perEvent(destination: string, durationMs: number): Promise<(thread: string) => number> {
  const home = createHome(destination);
  try {
    const server = await startProduct(home);
    try {
      const before = readCpu(server.pid);
      const { requests } = await runLoad({ url: server.url, connections: 64, durationMs });
      await untilIdle(server);
      const used = cpuBetween(before, readCpu(server.pid));
      return (thread) => (used?.byThread.get(thread) ?? Number.NaN) / requests;
    } finally {
      await server.stop();
    }
  } finally {
    home.remove();
  }
}
