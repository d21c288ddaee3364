import { createReadStream, existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** A line of `refused.ndjson`. */
export interface RefusedRecord {
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly ip: string;
  readonly status: number;
  readonly reason: string;
  readonly details?: unknown;
  /** Of the body as it came. */
  readonly bytes: number;
  /** The body was longer than what is kept of it. */
  readonly truncated?: boolean;
  /** One of the two: as text, or, when it was not UTF-8, in base64. */
  readonly body?: string;
  readonly bodyBase64?: string;
}

/** Beside the log. */
export function refusedPaths(directory: string): { readonly current: string; readonly previous: string } {
  return { current: join(directory, 'refused.ndjson'), previous: join(directory, 'refused.1.ndjson') };
}

/** What is kept of refused events, oldest first; nothing when there is no file. Torn lines are passed over. */
export async function* readRefused(directory: string): AsyncGenerator<RefusedRecord> {
  const { current, previous } = refusedPaths(directory);
  for (const file of [previous, current]) {
    if (!existsSync(file)) continue;
    for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY })) {
      const record = recordOf(line);
      if (record !== undefined) yield record;
    }
  }
}

function recordOf(line: string): RefusedRecord | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is RefusedRecord {
  if (typeof value !== 'object' || value === null) return false;
  return 'at' in value && 'ip' in value && 'status' in value && 'reason' in value;
}
