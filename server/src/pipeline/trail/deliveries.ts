import type { StoredEvent } from '../../domain/log-entry.ts';
import type { Sequence } from '../../domain/sequence.ts';
import type { TrailDelivery } from '../../domain/trail.ts';
import type { DeadLetters } from '../ports/dead-letters.ts';
import type { DestinationState, DestinationStates } from '../ports/destination-states.ts';
import type { TrailReader } from './reader.ts';

/** What the durable database knows about deliveries. */
export interface DeliveryFacts {
  readonly destinations: DestinationStates;
  readonly deadLetters: DeadLetters;
}

/** A few per destination. */
const MAX_LETTERS = 1000;

/**
 * What became of one event at each destination. What a destination said last may have been about other events, so whoever
 * may not see those gets the state without it.
 * @param due where it is due in delivery order; undefined: it waits for its picture
 */
export function deliveriesOf(
  event: StoredEvent,
  due: Sequence | undefined,
  { destinations, deadLetters }: DeliveryFacts,
  reader: TrailReader,
): readonly TrailDelivery[] {
  if (event.origin === 'server' && event.type !== 'server.screenshot.saved') return [];
  const isUnlimited = reader.apps === null;
  const at = (seq: Sequence) => deadLetters.list({ range: { first: seq, last: seq } }, { limit: MAX_LETTERS });
  const letters = [...at(event.seq), ...(due === undefined || due === event.seq ? [] : at(due))];
  return destinations
    .list()
    .filter(({ target }) => target === undefined)
    .map((destination) => {
      const letter = letters.find(
        ({ destination: name, range, eventId }) =>
          name === destination.name &&
          (eventId === undefined || eventId === event.id) &&
          (contains(range, event.seq) || (due !== undefined && contains(range, due))),
      );
      if (letter !== undefined) {
        const reason = isUnlimited || letter.eventId !== undefined ? letter.message : null;
        return { destination: destination.name, state: 'dead-letter', reason };
      }
      return stateOf(event, due, destination, isUnlimited);
    });
}

function stateOf(
  event: StoredEvent,
  due: Sequence | undefined,
  destination: DestinationState,
  isUnlimited: boolean,
): TrailDelivery {
  const { name, committed, addedAt, startFrom } = destination;
  if (startFrom === 'now' && event.at < addedAt) {
    const reason = 'It is older than this destination, which began with new events.';
    return { destination: name, state: 'not-delivered', reason };
  }
  if (due === undefined) return { destination: name, state: 'waiting', reason: 'It waits for its picture.' };
  if (due <= committed) return { destination: name, state: 'delivered', reason: null };
  return {
    destination: name,
    state: 'waiting',
    reason: (isUnlimited ? destination.lastError?.message : undefined) ?? null,
  };
}

function contains({ first, last }: { readonly first: number; readonly last: number }, seq: number): boolean {
  return first <= seq && seq <= last;
}
