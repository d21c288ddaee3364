import { DuckDBInstance } from '@duckdb/node-api';

/** Rows of one query by DuckDB, a reader that shares no code with us; 64-bit integers come as text. */
export async function duckdb(sql: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  try {
    return (await connection.runAndReadAll(sql)).getRowObjectsJson();
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
