import type { EpochMillis } from '../../domain/epoch-millis.ts';
import type { LogItem } from '../../domain/log-entry.ts';
import type { DestinationState } from '../../pipeline/ports/destination-states.ts';
import type { LogLook } from './log-look.ts';

export interface Lag {
  /** Positions that are not settled. */
  readonly lagEvents: number;
  /** Age of the oldest event that waits. */
  readonly lagSeconds: number;
}

export const NO_LAG: Lag = { lagEvents: 0, lagSeconds: 0 };

/** A destination that is current has no more than the server's own records before it. */
const FEW = { events: 64, bytes: 1_048_576 };

/**
 * By name. None also where only records of the server wait that no destination gets: a position moves with what is
 * delivered, so those stand behind it until the next event comes.
 */
export async function lagsOf(
  destinations: readonly Pick<DestinationState, 'name' | 'committed' | 'end'>[],
  { head, reader }: Pick<LogLook, 'head' | 'reader'>,
  now: EpochMillis,
): Promise<ReadonlyMap<string, Lag>> {
  const lags = new Map<string, Lag>();
  for (const { name, committed, end = head } of destinations) {
    const lagEvents = Math.max(0, end - committed);
    const items = lagEvents > 0 ? (await reader.read(committed, FEW)).slice(0, lagEvents) : [];
    const oldest = items.find(isDelivered);
    const isCurrent = oldest === undefined && items.length === lagEvents;
    const lagSeconds = oldest?.kind === 'event' ? Math.max(0, now - oldest.at) / 1000 : 0;
    lags.set(name, isCurrent ? NO_LAG : { lagEvents, lagSeconds });
  }
  return lags;
}

/** Events are, and the outcome of a screenshot brings one with it. */
function isDelivered(item: LogItem): boolean {
  return item.kind !== 'event' || item.origin === 'client' || item.type.startsWith('server.screenshot.');
}
