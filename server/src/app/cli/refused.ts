import { type RefusedRecord, readRefused } from '../../adapters/refused-file/refused-records.ts';
import { membersOf } from '../../domain/payload-member.ts';
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
  const rows = newest.map((record) => {
    const { at, ip, status, bytes, body = '' } = record;
    return [at, ip, status, reasonOf(record), bytes, body.slice(0, 60)];
  });
  print(formatTable(['at', 'from', 'status', 'reason', 'bytes', 'body'], rows) || 'Nothing was refused.\n');
}

/** With the first mistake of the event, or its version. */
function reasonOf({ reason, details }: RefusedRecord): string {
  const { errors, auditQsVersion } = membersOf(details);
  if (typeof auditQsVersion === 'string') return `${reason}: ${auditQsVersion.slice(0, 40)}`;
  if (!Array.isArray(errors) || errors.length === 0) return reason;
  const { instancePath = '', message = '' } = membersOf(errors[0]);
  const first = `${instancePath} ${message}`.trim();
  return `${reason}: ${first}${errors.length > 1 ? ` (and ${errors.length - 1} more)` : ''}`;
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
