import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEventLog } from '../src/adapters/event-log-files/open-event-log.ts';
import { PrometheusMetrics } from '../src/adapters/metrics/prometheus-metrics.ts';
import { systemClock } from '../src/adapters/system-clock/system-clock.ts';
import { eventLogConformance } from './conformance/event-log.ts';
import { LogWorld } from './support/log-world.ts';
import { MemoryEventLog } from './support/memory-event-log.ts';
import { RecordingLogger } from './support/recording-logger.ts';

eventLogConformance('in memory', async () => ({ log: new MemoryEventLog(), remove: async () => undefined }));

eventLogConformance('segments on a disk in memory', async () => {
  const world = await new LogWorld({ segmentBytes: 2000 }).open();
  return { log: world.log, remove: async () => undefined };
});

for (const segmentBytes of [1000, 64 * 1024 * 1024]) {
  eventLogConformance(`segments of ${segmentBytes} bytes on this machine's disk`, async () => {
    const directory = await mkdtemp(join(tmpdir(), 'audit-log-'));
    const { log } = await openEventLog({
      directory: join(directory, 'deep', 'log'),
      segmentBytes,
      minFreeBytes: 0,
      reserveBytes: 0,
      clock: systemClock,
      logger: new RecordingLogger(),
      metrics: new PrometheusMetrics(),
    });
    return { log, remove: () => rm(directory, { recursive: true, force: true }) };
  });
}
