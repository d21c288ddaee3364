import { type ChildServer, createHome, NO_DESTINATION, startProduct, startReference } from '../child-server.ts';
import { runLoad } from '../load/load.ts';
import { type Measurement, perSecond, whole } from '../measurement.ts';
import { cpuBetween, readCpu } from '../process-usage.ts';

const EVENTS_PER_REQUEST = 500;

export const batch: Measurement = {
  name: 'batch',
  about: 'batch endpoint, 500 events a request',
  async run({ durationMs, say }) {
    say('  bare server');
    const reference = await startReference();
    const bare = await measure(reference, durationMs).finally(() => reference.stop());
    say('  product');
    const home = createHome(NO_DESTINATION);
    try {
      const server = await startProduct(home);
      const ours = await measure(server, durationMs).finally(() => server.kill());
      return [
        { what: 'bare server, batches of 500', result: bare.text, budget: '' },
        {
          what: 'durable events by batches of 500',
          result: `${ours.text}, ${ours.failed} refused or broken`,
          budget: '≥ 100,000/s',
          met: ours.rate >= 100_000 && ours.failed === 0,
        },
      ];
    } finally {
      home.remove();
    }
  },
};

async function measure(server: ChildServer, durationMs: number) {
  const before = readCpu(server.pid);
  const load = { url: server.url, connections: 8, durationMs, eventsPerRequest: EVENTS_PER_REQUEST };
  const { requests, failed, broken, elapsedMs } = await runLoad(load);
  const events = (requests - failed) * EVENTS_PER_REQUEST;
  const cpu = cpuBetween(before, readCpu(server.pid));
  const rate = perSecond(events, elapsedMs);
  const cpuText = cpu === undefined ? '' : `, ${(cpu.main / events).toFixed(2)} µs/event main thread`;
  return { rate, failed: failed + broken, text: `${whole(rate)} events/s${cpuText}` };
}
