import { createHome, NO_DESTINATION, parquetDestination, startProduct } from '../child-server.ts';
import { fillLog } from '../fill-log.ts';
import { type Measurement, whole } from '../measurement.ts';

const STARTS = 3;

export const restart: Measurement = {
  name: 'restart',
  about:
    'start to listening with a long event log after kill -9; --events 10000000 for the budget (about 15 GB of disk)',
  async run(options) {
    const home = createHome(NO_DESTINATION);
    try {
      const filling = await startProduct(home, 'all');
      const events = await fillLog(filling, options.events, options);
      await filling.kill();
      home.configure(parquetDestination(10_000));
      const times: number[] = [];
      for (let i = 0; i < STARTS; i++) {
        const server = await startProduct(home, 'all');
        times.push(server.startMs);
        await server.kill();
      }
      return [
        {
          what: `start to listening, log of ${whole(events)} events, after kill -9 (${STARTS} times)`,
          result: times.map((ms) => `${(ms / 1000).toFixed(2)} s`).join(', '),
          budget: '≤ 2 s',
          met: Math.max(...times) <= 2000,
        },
      ];
    } finally {
      home.remove();
    }
  },
};
