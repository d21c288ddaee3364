import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';

/** All rows of the Parquet files of a folder, read by DuckDB: an independent reader. */
export async function parquetRows(directory: string, columns = '*'): Promise<Record<string, unknown>[]> {
  if (!existsSync(directory) || !readdirSync(directory).some((name) => name.endsWith('.parquet'))) return [];
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    const glob = join(directory, '*.parquet').replaceAll("'", "''");
    const result = await connection.runAndReadAll(
      `select ${columns} from read_parquet('${glob}', filename = true) order by filename`,
    );
    return result.getRowObjects() as Record<string, unknown>[];
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** How often each event id stands in the files. */
export async function countsByEventId(directory: string): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const { eventId } of await parquetRows(directory, 'eventId, filename')) {
    counts.set(String(eventId), (counts.get(String(eventId)) ?? 0) + 1);
  }
  return counts;
}
