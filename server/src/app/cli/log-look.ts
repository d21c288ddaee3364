import { existsSync } from 'node:fs';
import { SegmentReader } from '../../adapters/event-log-files/event-log-reader.ts';
import { listSegments } from '../../adapters/event-log-files/segment-name.ts';
import { summarizeSegment } from '../../adapters/event-log-files/segment-summary.ts';
import { realFileSystem } from '../../adapters/shared/file-system.ts';
import { BEFORE_FIRST, type Sequence } from '../../domain/sequence.ts';
import type { AuditConfig } from '../config/config.ts';
import { CommandFailure } from './exit-codes.ts';

/** The log as a command sees it, beside a running server or without one: nothing is recovered or changed. */
export interface LogLook {
  readonly reader: SegmentReader;
  readonly head: Sequence;
  readonly logId: string | undefined;
  readonly firstRetained: Sequence;
  readonly segments: number;
  readonly bytes: number;
}

/** @throws CommandFailure where there is no log */
export async function lookIntoLog(config: AuditConfig): Promise<LogLook> {
  const { directory } = config.eventLog;
  if (!existsSync(directory)) throw new CommandFailure(`There is no event log in ${directory} yet.`);
  const firsts = await listSegments(realFileSystem, directory);
  const summaries = [];
  for (const first of firsts) summaries.push(await summarizeSegment(realFileSystem, directory, first));
  const head = summaries.findLast((summary) => summary.last !== undefined)?.last ?? BEFORE_FIRST;
  return {
    reader: new SegmentReader({ directory, head }),
    head,
    logId: summaries.at(-1)?.header?.logId,
    firstRetained: firsts[0] ?? BEFORE_FIRST,
    segments: firsts.length,
    bytes: summaries.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}
