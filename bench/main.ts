// Repeatable measurements of the server as its users start it, each beside the least that could answer.
// Usage: npm run bench -- [--seconds 10] [--events 1000000] [--append] [names ...]
import { parseArgs } from 'node:util';
import { onPath } from '../server/test/support/external-tools.ts';
import { LOAD_CORE, SERVER_CORE } from './child-server.ts';
import { generatorName } from './load/load.ts';
import type { BenchOptions, Measurement, Row } from './measurement.ts';
import { whole } from './measurement.ts';
import { acceptsAt } from './measurements/accepts.ts';
import { batch } from './measurements/batch.ts';
import { deadDestinations } from './measurements/dead-destinations.ts';
import { deliveryWith } from './measurements/delivery.ts';
import { drain } from './measurements/drain.ts';
import { images } from './measurements/images.ts';
import { latency } from './measurements/latency.ts';
import { qvd } from './measurements/qvd.ts';
import { restart } from './measurements/restart.ts';
import { screenshotsOn } from './measurements/screenshots.ts';
import { stages } from './measurements/stages.ts';
import { trail } from './measurements/trail.ts';
import { appendSection, machineFacts, sectionOf, tableOf } from './results.ts';

const MEASUREMENTS: readonly Measurement[] = [
  acceptsAt(64),
  acceptsAt(256),
  latency,
  batch,
  stages,
  deliveryWith(1000),
  deliveryWith(10_000),
  drain,
  deadDestinations,
  restart,
  trail,
  qvd,
  images,
  screenshotsOn('all'),
  screenshotsOn(SERVER_CORE),
];

const USAGE = `Usage: npm run bench -- [--seconds 10] [--events 1000000] [--append] [names ...]
BENCH_DIRECTORY: where logs are written (default: the temporary folder). Names, all of them by default:
${MEASUREMENTS.map(({ name, about }) => `  ${name.padEnd(20)} ${about}\n`).join('')}`;

async function measure(wanted: readonly Measurement[], options: BenchOptions): Promise<Row[]> {
  const rows: Row[] = [];
  for (const measurement of wanted) {
    options.say(`${measurement.name}: ${measurement.about}`);
    try {
      const measured = await measurement.run(options);
      process.stdout.write(`${tableOf(measured)}\n`);
      rows.push(...measured);
    } catch (error) {
      process.exitCode = 1;
      process.stderr.write(`${measurement.name} failed: ${error instanceof Error ? error.message : String(error)}\n`);
    }
  }
  return rows;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: {
      seconds: { type: 'string', default: '10' },
      events: { type: 'string', default: '1000000' },
      append: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
    allowPositionals: true,
  });
  const wanted = MEASUREMENTS.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
  const unknown = positionals.filter((name) => MEASUREMENTS.every((measurement) => measurement.name !== name));
  const [seconds, events] = [Number(values.seconds), Number(values.events)];
  if (values.help || unknown.length > 0 || !(seconds > 0) || !(events > 0)) {
    process.stdout.write(USAGE);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  const pinning =
    onPath(['taskset']).length === 0 ? 'nothing is pinned' : `server on core ${SERVER_CORE}, load on core ${LOAD_CORE}`;
  const conditions = [
    ...machineFacts(),
    `load by ${generatorName()}; ${pinning}; ${seconds} s a run, backlogs of ${whole(events)} events`,
  ];
  process.stdout.write(`${conditions.join('\n')}\n\n`);
  const say = (line: string) => process.stderr.write(`${line}\n`);
  const rows = await measure(wanted, { durationMs: seconds * 1000, events, say });
  if (values.append && rows.length > 0) {
    appendSection(sectionOf(rows, new Date().toISOString().slice(0, 16).replace('T', ' '), conditions));
  }
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
await main();
