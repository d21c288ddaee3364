// Rows per second of CPU for the 21-column audit table, written and read. Usage: node bench/audit-table.ts [rows]
import { mkdtemp, open, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { QvdReader, QvdWriter } from '../src/index.ts';
import { AUDIT_FIELDS, auditRow } from './audit-rows.ts';

interface Spent {
  cpuSeconds: number;
  wallSeconds: number;
}

/** Runs the work and adds what it took; the CPU time is that of all threads, the garbage collector's among them. */
async function spend(total: Spent, work: () => void | Promise<void>): Promise<void> {
  const cpu = process.cpuUsage();
  const start = process.hrtime.bigint();
  await work();
  total.wallSeconds += Number(process.hrtime.bigint() - start) / 1e9;
  const used = process.cpuUsage(cpu);
  total.cpuSeconds += (used.user + used.system) / 1e6;
}

function report(what: string, rows: number, { cpuSeconds, wallSeconds }: Spent): void {
  const rate = (seconds: number): string => Math.round(rows / seconds).toLocaleString('en');
  const memory = Math.round(process.memoryUsage.rss() / 2 ** 20);
  console.log(
    `${what.padEnd(24)} ${rate(cpuSeconds).padStart(10)} rows/s of CPU  ${rate(wallSeconds).padStart(10)} rows/s  ` +
      `${((cpuSeconds / rows) * 1e6).toFixed(2)} us/row  rss ${memory} MiB`,
  );
}

const PORTION = 1000;

/** Writes the table. Rows are made in portions between the measurements, with strings that no table has seen before. */
async function write(path: string, rows: number): Promise<Spent> {
  const spent = { cpuSeconds: 0, wallSeconds: 0 };
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
  return spent;
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

const rows = Number(process.argv[2] ?? 100_000);
const folder = await mkdtemp(join(tmpdir(), 'qvd-bench-'));
try {
  const path = join(folder, 'audit.qvd');
  for (let run = 0; run < 3; run++) report('write', rows, await write(path, rows));
  const { size } = await stat(path);
  console.log(`${size} bytes, ${(size / rows).toFixed(1)} a row`);
  for (const [what, read] of [
    ['read, row by row', readRows],
    ['read, in batches', readBatches],
  ] as const) {
    for (let run = 0; run < 3; run++) {
      const spent = { cpuSeconds: 0, wallSeconds: 0 };
      await spend(spent, () => read(path));
      report(what, rows, spent);
    }
  }
} finally {
  await rm(folder, { recursive: true });
}
