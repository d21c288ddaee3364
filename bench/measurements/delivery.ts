import { createHome, NO_DESTINATION, parquetDestination, startProduct } from '../child-server.ts';
import { fillLog } from '../fill-log.ts';
import { type Measurement, perSecond, whole } from '../measurement.ts';
import { cpuBetween, readCpu } from '../process-usage.ts';
import { delay, deliveredTo, lagOf, untilIdle } from '../product-progress.ts';

const MOST_EVENTS = 300_000;
const BUDGETS = new Map([
  [1000, 25_000],
  [10_000, 50_000],
]);

/** A log that is deduplicated and indexed already is delivered to Parquet; the server has the machine to itself. */
export function deliveryWith(maxBatchSize: number): Measurement {
  return {
    name: `delivery-${maxBatchSize}`,
    about: `delivery of a backlog to Parquet, maxBatchSize ${whole(maxBatchSize)}`,
    async run(options) {
      const home = createHome(NO_DESTINATION);
      try {
        const filling = await startProduct(home, 'all');
        await fillLog(filling, Math.min(options.events, MOST_EVENTS), options);
        await untilIdle(filling);
        await filling.stop();
        home.configure(parquetDestination(maxBatchSize));
        const server = await startProduct(home, 'all');
        try {
          const already = await deliveredTo(server, 'parquet');
          const began = performance.now();
          const before = readCpu(server.pid);
          while ((await deliveredTo(server, 'parquet')) === 0 || (await lagOf(server, 'parquet')) > 0) await delay(100);
          const elapsedMs = performance.now() - began;
          const events = (await deliveredTo(server, 'parquet')) - already;
          const us = (cpuBetween(before, readCpu(server.pid))?.byThread.get('delivery-thread') ?? Number.NaN) / events;
          const rate = perSecond(events, elapsedMs);
          const budget = BUDGETS.get(maxBatchSize) ?? 0;
          return [
            {
              what: `delivery of ${whole(events)} events to Parquet, maxBatchSize ${whole(maxBatchSize)}`,
              result: `${whole(rate)} events/s, ${us.toFixed(1)} µs/event delivery thread`,
              budget: `≥ ${whole(budget)}/s`,
              met: rate >= budget,
            },
          ];
        } finally {
          await server.stop();
        }
      } finally {
        home.remove();
      }
    },
  };
}
