import { createHome, NO_DESTINATION, parquetDestination, startProduct } from '../child-server.ts';
import { fillLog } from '../fill-log.ts';
import { runLoad } from '../load/load.ts';
import { type Measurement, whole } from '../measurement.ts';
import { lagOf, untilIdle } from '../product-progress.ts';
import { OPEN_LOOP } from './latency.ts';

export const drain: Measurement = {
  name: 'drain',
  about: 'ingest p99 at 2,000/s while a backlog drains, against an idle server',
  async run(options) {
    const { durationMs, events, say } = options;
    const home = createHome(NO_DESTINATION);
    try {
      const filling = await startProduct(home);
      const filled = await fillLog(filling, events, options);
      await untilIdle(filling);
      say('  idle');
      const idle = await runLoad({ url: filling.url, durationMs, ...OPEN_LOOP });
      await untilIdle(filling);
      await filling.stop();
      home.configure(parquetDestination(1000));
      const server = await startProduct(home);
      try {
        say('  draining');
        const busy = await runLoad({ url: server.url, durationMs, ...OPEN_LOOP });
        const left = await lagOf(server, 'parquet');
        const ratio = busy.p99Ms / idle.p99Ms;
        return [
          { what: 'idle at 2,000/s', result: `p99 ${idle.p99Ms.toFixed(2)} ms`, budget: '' },
          {
            what: `while a backlog of ${whole(filled)} drains (${whole(left)} left at the end)`,
            result: `p99 ${busy.p99Ms.toFixed(2)} ms, ${ratio.toFixed(2)} × idle, ${busy.failed + busy.broken} refused or broken`,
            budget: '≤ 2 × idle',
            met: ratio <= 2 && busy.failed + busy.broken === 0,
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
