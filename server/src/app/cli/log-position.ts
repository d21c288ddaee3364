import { parseRfc3339 } from '../../domain/rfc3339.ts';
import { type Sequence, sequence } from '../../domain/sequence.ts';
import type { EventLogReader } from '../../pipeline/ports/event-log.ts';
import { CommandFailure, EXIT } from './exit-codes.ts';

/** The first position of the log that an operator means with `7` or `2026-11-23[T07:00:00Z]`; beyond the head: none. */
export async function firstAtOrAfter(reader: EventLogReader, position: string): Promise<Sequence> {
  return find(reader, position, (at, wanted) => at >= wanted);
}

/** The last position that an operator means; before the first retained one: none. */
export async function lastAtOrBefore(reader: EventLogReader, position: string): Promise<Sequence> {
  if (isSequence(position)) return sequence(Number(position));
  return sequence((await find(reader, position, (at, wanted) => at > wanted)) - 1);
}

/** By halving: the time of receipt grows along the log, but for the moments in which the clock was set back. */
async function find(
  reader: EventLogReader,
  position: string,
  isBeyond: (at: number, wanted: number) => boolean,
): Promise<Sequence> {
  if (isSequence(position)) return sequence(Number(position));
  const wanted = parseDate(position);
  let low: number = await reader.firstRetained();
  let high = reader.head() + 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const [item] = await reader.read(sequence(middle - 1), { events: 1, bytes: 1 });
    if (item?.kind === 'event' && !isBeyond(item.at, wanted)) low = middle + 1;
    else high = middle;
  }
  return sequence(low);
}

function isSequence(position: string): boolean {
  return /^\d{1,15}$/.test(position);
}

function parseDate(position: string): number {
  const at = parseRfc3339(/^\d{4}-\d{2}-\d{2}$/.test(position) ? `${position}T00:00:00Z` : position);
  if (at !== undefined) return at;
  throw new CommandFailure(
    `"${position}" is neither a sequence of the log (a whole number) nor a date such as 2026-11-23 or 2026-11-23T07:00:00Z.`,
    EXIT.usage,
  );
}
