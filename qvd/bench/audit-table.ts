// Rows per second for the 21-column audit table, written and read, three times in a process: the first time is cold.
// Usage: node bench/audit-table.ts [--json] [rows]
import { mkdtemp, open, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { QvdReader, QvdWriter } from '../src/index.ts';
import { AUDIT_FIELDS, auditRow } from './audit-rows.ts';

interface Spent {
  cpuSeconds: number;
  wallSeconds: number;
}

interface Measured {
  readonly what: string;
  /** Which time in this process, from 1. */
  readonly run: number;
  readonly rows: number;
  readonly rowsPerCpuSecond: number;
  readonly rowsPerSecond: number;
}

const RUNS = 3;
const PORTION = 1000;

/** Runs the work and adds what it took; the CPU time is that of all threads, compiler and garbage collector among them. */
async function spend(total: Spent, work: () => void | Promise<void>): Promise<void> {
  const cpu = process.cpuUsage();
  const start = process.hrtime.bigint();
  await work();
  total.wallSeconds += Number(process.hrtime.bigint() - start) / 1e9;
  const used = process.cpuUsage(cpu);
  total.cpuSeconds += (used.user + used.system) / 1e6;
}

/** Writes the table. Rows are made in portions between the measurements, with strings that no table has seen before. */
async function write(path: string, rows: number, spent: Spent): Promise<void> {
  const writer = new QvdWriter({ tableName: 'audit', fields: AUDIT_FIELDS, now: () => 0 });
  for (let first = 0; first < rows; first += PORTION) {
    const length = Math.min(PORTION, rows - first);
    const portion = Array.from({ length }, (_, row) => JSON.parse(JSON.stringify(auditRow(first + row))));
    await spend(spent, () => writer.addRows(portion));
  }
  const file = await open(path, 'w');
  await spend(spent, async () => {
    await writer.writeTo(file);
  });
  await file.close();
}

async function readRows(path: string): Promise<void> {
  const reader = await QvdReader.open(path);
  let cells = 0;
  for await (const row of reader.rows()) cells += row.length;
  await reader.close();
  if (cells !== reader.rowCount * AUDIT_FIELDS.length) throw new Error('cells are missing');
}

async function readBatches(path: string): Promise<void> {
  const reader = await QvdReader.open(path);
  let cells = 0;
  for await (const { rowCount, columns } of reader.batches()) cells += rowCount * columns.length;
  await reader.close();
  if (cells !== reader.rowCount * AUDIT_FIELDS.length) throw new Error('cells are missing');
}

async function measureAll(path: string, rows: number, report: (measured: Measured) => void): Promise<void> {
  const works = [
    ['write', (spent: Spent) => write(path, rows, spent)],
    ['read, row by row', (spent: Spent) => spend(spent, () => readRows(path))],
    ['read, in batches', (spent: Spent) => spend(spent, () => readBatches(path))],
  ] as const;
  for (const [what, work] of works) {
    for (let run = 1; run <= RUNS; run++) {
      const spent = { cpuSeconds: 0, wallSeconds: 0 };
      await work(spent);
      const { cpuSeconds, wallSeconds } = spent;
      report({ what, run, rows, rowsPerCpuSecond: rows / cpuSeconds, rowsPerSecond: rows / wallSeconds });
    }
  }
}

function print({ what, run, rowsPerCpuSecond, rowsPerSecond }: Measured): void {
  const shown = (rate: number): string => Math.round(rate).toLocaleString('en').padStart(10);
  const memory = Math.round(process.memoryUsage.rss() / 2 ** 20);
  console.log(
    `${what.padEnd(20)} ${run === 1 ? 'cold' : 'warm'} ${shown(rowsPerCpuSecond)} rows/s of CPU ${shown(rowsPerSecond)} rows/s  ` +
      `${(1e6 / rowsPerCpuSecond).toFixed(2)} us/row  rss ${memory} MiB`,
  );
}

const { values, positionals } = parseArgs({ options: { json: { type: 'boolean' } }, allowPositionals: true });
const rows = Number(positionals[0] ?? 100_000);
const folder = await mkdtemp(join(tmpdir(), 'qvd-bench-'));
try {
  const path = join(folder, 'audit.qvd');
  await measureAll(path, rows, (measured) => (values.json ? console.log(JSON.stringify(measured)) : print(measured)));
  if (!values.json) console.log(`${((await stat(path)).size / rows).toFixed(1)} bytes a row`);
} finally {
  await rm(folder, { recursive: true });
}
