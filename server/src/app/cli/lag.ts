import type { LogItem } from '../../domain/log-entry.ts';
import type { DestinationState } from '../../pipeline/ports/destination-states.ts';
import type { LogLook } from './log-look.ts';

/** A destination that is current has no more than the server's own records before it. */
const FEW = { events: 64, bytes: 1_048_576 };

/**
 * By name: how many positions are not settled. 0 also where only records of the server wait that no destination gets: a
 * position moves with what is delivered, so those stand behind it until the next event comes.
 */
export async function lagsOf(
  destinations: readonly Pick<DestinationState, 'name' | 'committed' | 'end'>[],
  { head, reader }: Pick<LogLook, 'head' | 'reader'>,
): Promise<ReadonlyMap<string, number>> {
  const lags = new Map<string, number>();
  for (const { name, committed, end = head } of destinations) {
    const lag = Math.max(0, end - committed);
    const isFew = lag > 0 && lag < FEW.events;
    const items = isFew ? (await reader.read(committed, FEW)).slice(0, lag) : [];
    lags.set(name, isFew && items.length === lag && !items.some(isDelivered) ? 0 : lag);
  }
  return lags;
}

/** Events are, and the outcome of a screenshot brings one with it. */
function isDelivered(item: LogItem): boolean {
  return item.kind !== 'event' || item.origin === 'client' || item.type.startsWith('server.screenshot.');
}
