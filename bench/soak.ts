// Minutes under load with all destinations, each of them down in turn, and an image host that hangs.
// Usage: npm run soak -- [--minutes 10] [--image-hang 10] [--rate 300] [--pictures 10] [--influxdb 2] [--no-append]
import { parseArgs } from 'node:util';
import { whole } from './measurement.ts';
import { delay } from './product-progress.ts';
import { appendSection, machineFacts, sectionOf, tableOf } from './results.ts';
import { SoakClient } from './soak/client.ts';
import { overTime, type Phase, rowsOf, type SoakFacts } from './soak/report.ts';
import { judge } from './soak/verdict.ts';
import { type Sample, Watch } from './soak/watch.ts';
import { createWorld, DESTINATIONS, type Fault, type SoakWorld } from './soak/world.ts';

const USAGE = `Usage: npm run soak -- [--minutes 10] [--image-hang 10] [--rate 300] [--pictures 10] [--influxdb 2] [--no-append]
  --minutes    of load; --image-hang and reading everything back come on top
  --image-hang minutes in which the host of the pictures does not answer (default: as --minutes)
  --rate       events per second
  --pictures   of those, events with a picture per second, at most
  --influxdb   1 or 2: which real InfluxDB
  --no-append  do not add a section to RESULTS.md
BENCH_DIRECTORY: where the server's folder is made (default: the temporary folder)
`;

interface SoakOptions {
  readonly minutes: number;
  readonly imageHangMinutes: number;
  readonly rate: number;
  readonly pictures: number;
  readonly influxdb: 1 | 2;
}

/** Shares of the time: everything works 1, four times broken 1, five times mended at least a half. */
const SHARES = 10;
/** A server that was down is tried again after a minute at the latest. */
const CATCH_UP_LIMIT_MS = 300_000;

const say = (line: string) => process.stderr.write(`${line}\n`);

async function soak(world: SoakWorld, { minutes, imageHangMinutes, rate, pictures }: SoakOptions): Promise<SoakFacts> {
  const { server, screenshotOrigin } = world;
  const client = new SoakClient({ url: server.url, rate, picturesPerSecond: pictures, screenshotOrigin });
  const watch = new Watch(server);
  const phases: Phase[] = [];
  const phase = async (name: string, work: () => Promise<unknown>, broken?: Fault) => {
    say(`${(watch.elapsedMs / 60_000).toFixed(1)} min: ${name}`);
    watch.phase = name;
    const began = watch.elapsedMs;
    const caughtUpMs = await work();
    const durationMs = watch.elapsedMs - began;
    phases.push({
      ...{ name, durationMs, latenciesMs: client.takeLatencies() },
      ...(broken === undefined ? {} : { broken }),
      ...(typeof caughtUpMs === 'number' ? { caughtUpMs } : {}),
    });
  };
  const shareMs = (minutes * 60_000) / SHARES;
  const hangMs = imageHangMinutes * 60_000;
  const totalMs = minutes * 60_000 + hangMs;
  watch.phase = 'all works';
  watch.start();
  client.start();
  await phase('all works', () => delay(shareMs));
  for (const fault of world.faults) {
    await fault.break();
    await phase(fault.name, () => delay(fault.destination === undefined ? hangMs : shareMs), fault);
    await fault.mend();
    const isDone = (sample: Sample) =>
      fault.destination === undefined
        ? sample.picturesWaiting <= pictures
        : sample.lags[fault.destination].seconds <= 2;
    await phase(`${fault.name}: over`, async () => {
      const [caughtUpMs] = await Promise.all([until(watch, isDone), delay(shareMs / 2)]);
      return caughtUpMs;
    });
  }
  await phase('all works again', () => delay(Math.max(0, totalMs - watch.elapsedMs)));
  await client.stop();
  await phase('no load', () => until(watch, isEmpty));
  await watch.stop();
  watch.samples.push(await watch.look());
  say('the server stops');
  const code = await server.stop();
  if (code !== 0) throw new Error(`the server ended with ${code}\n${server.output()}`);
  say('everything is read back');
  const { acknowledged, refused } = client;
  const openSessions = world.qlik.sessions().length;
  const verdict = await judge(world, acknowledged);
  return { samples: watch.samples, phases, acknowledged: acknowledged.size, refused, openSessions, ...verdict };
}

function isEmpty({ lags, picturesWaiting }: Sample): boolean {
  return picturesWaiting === 0 && DESTINATIONS.every((name) => lags[name].events === 0);
}

/** @returns how long it took, in milliseconds @throws Error when it takes too long */
async function until(watch: Watch, isDone: (sample: Sample) => boolean): Promise<number> {
  const began = watch.elapsedMs;
  for (;;) {
    const sample = await watch.look();
    const elapsedMs = watch.elapsedMs - began;
    if (isDone(sample)) return elapsedMs;
    if (elapsedMs > CATCH_UP_LIMIT_MS) throw new Error(`not caught up: ${JSON.stringify(sample)}`);
    await delay(250);
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '10' },
      'image-hang': { type: 'string' },
      rate: { type: 'string', default: '300' },
      pictures: { type: 'string', default: '10' },
      influxdb: { type: 'string', default: '2' },
      append: { type: 'boolean', default: true },
      help: { type: 'boolean', default: false },
    },
    allowNegative: true,
  });
  const [minutes, rate, pictures] = [Number(values.minutes), Number(values.rate), Number(values.pictures)];
  const imageHangMinutes = Number(values['image-hang'] ?? minutes);
  const influxdb = values.influxdb === '1' ? 1 : 2;
  if (
    values.help ||
    !(minutes > 0) ||
    !(imageHangMinutes >= 0) ||
    !(rate > 0) ||
    !(pictures >= 0) ||
    !['1', '2'].includes(values.influxdb)
  ) {
    process.stdout.write(USAGE);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  const conditions = [
    ...machineFacts(),
    `${minutes} minutes, and ${imageHangMinutes} in which the image host hangs, ${whole(rate)} events/s of 20 users, ${pictures} pictures/s; influxdb (a real InfluxDB ${influxdb}), parquet, qvd, json; server, load and InfluxDB share the machine`,
  ];
  process.stdout.write(`${conditions.join('\n')}\n\n`);
  const closers: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const end of closers.splice(0).reverse()) await end();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void close().finally(() => process.exit(130)));
  }
  try {
    const world = await createWorld(influxdb, closers);
    const facts = await soak(world, { minutes, imageHangMinutes, rate, pictures, influxdb });
    const rows = rowsOf(facts);
    const table = overTime(facts.samples);
    process.stdout.write(`${table}\n${tableOf(rows)}\n`);
    const title = `${new Date().toISOString().slice(0, 16).replace('T', ' ')}, soak of ${minutes} minutes`;
    if (values.append) appendSection(`${sectionOf(rows, title, conditions)}\n${table}`);
    if (rows.some(({ met }) => met === false)) process.exitCode = 1;
  } finally {
    await close();
  }
}

await main();
