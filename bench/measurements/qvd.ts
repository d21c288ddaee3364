import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { onPath } from '../../server/test/support/external-tools.ts';
import { SERVER_CORE } from '../child-server.ts';
import type { Measurement, Row } from '../measurement.ts';
import { whole } from '../measurement.ts';

const SCRIPT = fileURLToPath(new URL('../../qvd/bench/audit-table.ts', import.meta.url));
const ROWS = 200_000;
const BUDGETS = new Map([
  ['write', 300_000],
  ['read, row by row', 500_000],
  ['read, in batches', 500_000],
]);

interface Line {
  readonly what: string;
  readonly run: number;
  readonly rowsPerCpuSecond: number;
  readonly rowsPerSecond: number;
}

/** The codec alone, in a process of its own on one core: the first table that it ever writes or reads, and a later one. */
export const qvd: Measurement = {
  name: 'qvd',
  about: 'rows per second of the QVD codec for the 21-column audit table, on one core',
  async run() {
    const lines = linesOf(process.execPath, SCRIPT, '--json', String(ROWS));
    return lines.filter(({ run }) => run === 1 || run === 3).map(rowOf);
  },
};

function rowOf({ what, run, rowsPerCpuSecond, rowsPerSecond }: Line): Row {
  const budget = BUDGETS.get(what) ?? 0;
  return {
    what: `QVD ${what}, ${whole(ROWS)} rows, ${run === 1 ? 'the first in its process' : 'the third'}`,
    result: `${whole(rowsPerCpuSecond)} rows/s of CPU (${whole(rowsPerSecond)}/s by the clock)`,
    budget: `≥ ${whole(budget)}/s of CPU`,
    met: rowsPerCpuSecond >= budget,
  };
}

function linesOf(...command: readonly string[]): readonly Line[] {
  const pinned = onPath(['taskset']).length === 0 ? command : ['taskset', '-c', String(SERVER_CORE), ...command];
  const [file = process.execPath, ...args] = pinned;
  const { status, stdout, stderr } = spawnSync(file, args, { encoding: 'utf8', timeout: 300_000 });
  if (status !== 0) throw new Error(stderr);
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
}
