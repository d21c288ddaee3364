import {
  type BenchHome,
  type ChildServer,
  createHome,
  parquetDestination,
  startProduct,
  startReference,
} from '../child-server.ts';
import { type LoadOptions, type LoadResult, runLoad } from '../load/load.ts';
import { type Measurement, perSecond, type Row, whole } from '../measurement.ts';
import { type CpuUsage, cpuBetween, readCpu } from '../process-usage.ts';
import { untilIdle } from '../product-progress.ts';

const ROUNDS = 2;

interface Run {
  readonly result: LoadResult;
  readonly cpu: CpuUsage | undefined;
  /** CPU until every follower has caught up. */
  readonly cpuWithFollowers: CpuUsage | undefined;
}

/** Durable accepts, one event a request, each round beside the bare server. */
export function acceptsAt(connections: number): Measurement {
  return {
    name: `accepts-${connections}`,
    about: `durable accepts, ${connections} connections, delivering to Parquet`,
    async run({ durationMs, say }) {
      const load = { connections, durationMs: durationMs / ROUNDS };
      const reference: Run[] = [];
      const product: Run[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        say('  bare server');
        reference.push(await oneRun(await startReference(), load));
        say('  product');
        product.push(await productRun(load));
      }
      return rowsOf(connections, reference, product);
    },
  };
}

async function productRun(load: Omit<LoadOptions, 'url'>): Promise<Run> {
  const home: BenchHome = createHome(parquetDestination(1000));
  try {
    return await oneRun(await startProduct(home), load);
  } finally {
    home.remove();
  }
}

async function oneRun(server: ChildServer, load: Omit<LoadOptions, 'url'>): Promise<Run> {
  try {
    const before = readCpu(server.pid);
    const result = await runLoad({ url: server.url, ...load });
    const after = readCpu(server.pid);
    if (server.viewerUrl !== '') await untilIdle(server);
    return { result, cpu: cpuBetween(before, after), cpuWithFollowers: cpuBetween(before, readCpu(server.pid)) };
  } finally {
    await server.stop();
  }
}

function rowsOf(connections: number, reference: readonly Run[], product: readonly Run[]): Row[] {
  const [bareMain, ourMain] = [mean(reference, (r) => r.cpu?.main), mean(product, (r) => r.cpu?.main)];
  const ourAll = mean(product, (r) => r.cpuWithFollowers?.all);
  const refused = product.reduce((sum, run) => sum + run.result.failed + run.result.broken, 0);
  const rate = (runs: readonly Run[]) =>
    perSecond(
      total(runs, (r) => r.result.requests),
      total(runs, (r) => r.result.elapsedMs),
    );
  const p99 = (runs: readonly Run[]) => Math.max(...runs.map((run) => run.result.p99Ms)).toFixed(1);
  const ratio = bareMain / ourMain;
  return [
    {
      what: `bare server, ${connections} connections`,
      result: `${whole(rate(reference))}/s, p99 ${p99(reference)} ms, ${bareMain.toFixed(1)} µs main thread`,
      budget: '',
    },
    {
      what: `durable accepts, ${connections} connections`,
      result: `${whole(rate(product))}/s, p99 ${p99(product)} ms, ${ourMain.toFixed(1)} µs main thread, ${refused} refused or broken`,
      budget: 'none refused',
      met: refused === 0,
    },
    {
      what: `  CPU of the accepting thread, bare / ours`,
      result: ratio.toFixed(2),
      budget: '≥ 0.65',
      ...(Number.isNaN(ratio) ? {} : { met: ratio >= 0.65 }),
    },
    {
      what: '  CPU of all threads, indexed and delivered to Parquet',
      result: `${ourAll.toFixed(0)} µs/event`,
      budget: '≤ 150 µs',
      ...(Number.isNaN(ourAll) ? {} : { met: ourAll <= 150 }),
    },
  ];
}

/** Microseconds per request over all runs; NaN where the system does not tell. */
function mean(runs: readonly Run[], us: (run: Run) => number | undefined): number {
  return total(runs, (run) => us(run) ?? Number.NaN) / total(runs, (run) => run.result.requests);
}

function total(runs: readonly Run[], value: (run: Run) => number): number {
  return runs.reduce((sum, run) => sum + value(run), 0);
}
