import { type RefusedRecord, readRefused } from '../../adapters/refused-file/refused-records.ts';
import { loadCommandConfig } from './command-config.ts';
import { print, writeJsonLines } from './output.ts';
import type { CommonOptions } from './program.ts';
import { formatTable } from './table.ts';

/** The newest, in the order in which they came. */
export async function refusedList(
  options: CommonOptions & { readonly limit: number; readonly json?: true },
): Promise<void> {
  const newest: RefusedRecord[] = [];
  for await (const record of records(options)) {
    newest.push(record);
    if (newest.length > options.limit) newest.shift();
  }
  if (options.json) {
    writeJsonLines(newest, undefined);
    return;
  }
  const rows = newest.map(({ at, ip, status, reason, bytes, body }) => [
    at,
    ip,
    status,
    reason,
    bytes,
    (body ?? '').slice(0, 60),
  ]);
  print(formatTable(['at', 'from', 'status', 'reason', 'bytes', 'body'], rows) || 'Nothing was refused.\n');
}

export async function refusedExport(options: CommonOptions & { readonly output?: string }): Promise<void> {
  const all: RefusedRecord[] = [];
  for await (const record of records(options)) all.push(record);
  const count = writeJsonLines(all, options.output);
  if (options.output !== undefined) print(`${count} refused events written to ${options.output}\n`);
}

function records(options: CommonOptions): AsyncGenerator<RefusedRecord> {
  return readRefused(loadCommandConfig(options).config.eventLog.directory);
}
