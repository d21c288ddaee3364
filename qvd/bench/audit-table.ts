// Rows per second of CPU for the 21-column audit table, written and read. Usage: node bench/audit-table.ts [rows]
import { mkdtemp, open, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { QvdReader, QvdWriter } from '../src/index.ts';
import { AUDIT_FIELDS, auditRow } from './audit-rows.ts';

/** Runs the work and prints its rate by the CPU time of all threads, beside the wall clock's. */
async function measure(what: string, rows: number, work: () => Promise<unknown>): Promise<void> {
  const cpu = process.cpuUsage();
  const start = process.hrtime.bigint();
  await work();
  const wallSeconds = Number(process.hrtime.bigint() - start) / 1e9;
  const used = process.cpuUsage(cpu);
  const cpuSeconds = (used.user + used.system) / 1e6;
  const rate = (seconds: number): string => Math.round(rows / seconds).toLocaleString('en');
  const memory = Math.round(process.memoryUsage.rss() / 2 ** 20);
  console.log(
    `${what.padEnd(28)} ${rate(cpuSeconds).padStart(10)} rows/s of CPU  ${rate(wallSeconds).padStart(10)} rows/s  ` +
      `${((cpuSeconds / rows) * 1e6).toFixed(2)} us/row  rss ${memory} MiB`,
  );
}

async function writeFile(
  path: string,
  rows: number,
  input: readonly (readonly (string | number | boolean | null)[])[],
) {
  const writer = new QvdWriter({ tableName: 'audit', fields: AUDIT_FIELDS, now: () => 0 });
  for (let row = 0; row < rows; row++) writer.addRow(input[row] ?? []);
  const file = await open(path, 'w');
  await writer.writeTo(file);
  await file.close();
}

const rows = Number(process.argv[2] ?? 100_000);
const folder = await mkdtemp(join(tmpdir(), 'qvd-bench-'));
try {
  const path = join(folder, 'audit.qvd');
  // Made anew for every run, as a server would: strings that no table has seen cost more than known ones.
  for (let run = 0; run < 3; run++) {
    const input = Array.from({ length: rows }, (_, row) => JSON.parse(JSON.stringify(auditRow(row))));
    await measure('write', rows, () => writeFile(path, rows, input));
  }
  console.log(`${(await stat(path)).size} bytes, ${((await stat(path)).size / rows).toFixed(1)} a row`);
  for (let run = 0; run < 3; run++) {
    await measure('read, row by row', rows, async () => {
      const reader = await QvdReader.open(path);
      let cells = 0;
      for await (const row of reader.rows()) cells += row.length;
      await reader.close();
      if (cells !== rows * AUDIT_FIELDS.length) throw new Error('cells are missing');
    });
  }
  await measure('read, column by column', rows, async () => {
    const reader = await QvdReader.open(path);
    for (const field of reader.header.fields) await reader.column(field.name);
    await reader.close();
  });
} finally {
  await rm(folder, { recursive: true });
}
