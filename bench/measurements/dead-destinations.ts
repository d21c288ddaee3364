import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ChildServer, createHome, startProduct } from '../child-server.ts';
import { fillLog } from '../fill-log.ts';
import { type Measurement, whole } from '../measurement.ts';
import { readMemory } from '../process-usage.ts';
import { delay } from '../product-progress.ts';

/** A plain file stands where their folders would be. */
const DEAD_DESTINATIONS = `    destination:
      enable: true
      type: parquet, json
      parquet:
        exportDirectory: blocked/parquet
      json:
        objectdata:
          enable: true
          exportDirectory: blocked/objectdata
`;

const LIMIT_MIB = 300;
const SAMPLE_MS = 250;

export const deadDestinations: Measurement = {
  name: 'dead-destinations',
  about: 'memory with a backlog and two destinations that take nothing',
  async run(options) {
    const home = createHome(DEAD_DESTINATIONS);
    writeFileSync(join(home.root, 'blocked'), '');
    try {
      const server = await startProduct(home);
      try {
        const filling = fillLog(server, options.events, options);
        const whileFilling = await sampleMemory(server, filling);
        options.say('  watching');
        const afterwards = await sampleMemory(server, delay(options.durationMs));
        const [first = Number.NaN] = afterwards;
        const last = afterwards.at(-1) ?? Number.NaN;
        const most = Math.max(...whileFilling, ...afterwards);
        return [
          {
            what: `memory, backlog of ${whole(await filling)}, two dead destinations`,
            result: `at most ${whole(most)} MiB; after filling ${whole(first)}, ${options.durationMs / 1000} s later ${whole(last)} MiB`,
            budget: `≤ ${LIMIT_MIB} MiB, flat`,
            ...(Number.isNaN(most) ? {} : { met: most <= LIMIT_MIB && last <= first * 1.1 }),
          },
        ];
      } finally {
        await server.kill();
      }
    } finally {
      home.remove();
    }
  },
};

/** MiB, from now until `until` settles. */
async function sampleMemory(server: ChildServer, until: Promise<unknown>): Promise<number[]> {
  let ended = false;
  const end = until.finally(() => {
    ended = true;
  });
  const samples: number[] = [];
  while (!ended) {
    samples.push((readMemory(server.pid) ?? Number.NaN) / 2 ** 20);
    await Promise.race([end, delay(SAMPLE_MS)]);
  }
  return samples;
}
