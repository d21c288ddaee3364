import type { ChildServer } from './child-server.ts';
import { runLoad } from './load/load.ts';
import type { BenchOptions } from './measurement.ts';
import { whole } from './measurement.ts';

const EVENTS_PER_REQUEST = 500;
const SLICE_MS = 3000;

/** Posts at least `events` events through the batch endpoint; gives how many were acknowledged. */
export async function fillLog(server: ChildServer, events: number, options: BenchOptions): Promise<number> {
  let posted = 0;
  while (posted < events) {
    const load = { url: server.url, connections: 4, durationMs: SLICE_MS, eventsPerRequest: EVENTS_PER_REQUEST };
    const { requests, failed } = await runLoad(load);
    if (requests === failed) throw new Error(`the server refuses every batch:\n${server.output()}`);
    posted += (requests - failed) * EVENTS_PER_REQUEST;
    options.say(`  ${whole(posted)} of ${whole(events)} events posted`);
  }
  return posted;
}
