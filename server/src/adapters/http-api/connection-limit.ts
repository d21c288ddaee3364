import { readFileSync } from 'node:fs';

/** For the log, the databases, exports and downloads. */
const OTHER_FILES = 256;

/**
 * A connection takes one of the files that a process may have open; without any left, the log could not begin a segment.
 * @param limits what Linux says of this process
 * @returns undefined where the system sets no limit or does not say
 */
export function mostConnections(limits: string = readLimits()): number | undefined {
  const files = /^Max open files +(\d+)/m.exec(limits)?.[1];
  if (files === undefined) return undefined;
  return Math.max(Math.floor(Number(files) / 2), Number(files) - OTHER_FILES);
}

function readLimits(): string {
  try {
    return readFileSync('/proc/self/limits', 'utf8');
  } catch {
    return '';
  }
}
