import type { TrailEvent } from '../../../../server/src/domain/trail.ts';
import type { LiveState } from '../../api/live.ts';

export interface LiveList {
  /** Newest first. */
  readonly shown: readonly TrailEvent[];
  /** What came during a pause, newest first. */
  readonly held: readonly TrailEvent[];
  readonly isPaused: boolean;
  readonly state: LiveState;
  /** Events after it came while the reader looked. */
  readonly seenUpTo: number;
}

export type LiveAction =
  | { readonly kind: 'events'; readonly events: readonly TrailEvent[] }
  | { readonly kind: 'state'; readonly state: LiveState }
  | { readonly kind: 'pause' | 'resume' | 'clear' };

export const EMPTY_LIVE: LiveList = { shown: [], held: [], isPaused: false, state: 'connecting', seenUpTo: 0 };
const MOST = 300;

export function reduceLive(list: LiveList, action: LiveAction): LiveList {
  switch (action.kind) {
    case 'clear':
      return { ...EMPTY_LIVE, isPaused: list.isPaused };
    case 'state':
      return { ...list, state: action.state };
    case 'pause':
      return { ...list, isPaused: true };
    case 'resume':
      return { ...list, isPaused: false, shown: merged(list.shown, list.held), held: [] };
    case 'events': {
      const seenUpTo = list.shown.length === 0 ? Math.max(0, ...action.events.map((e) => e.sequence)) : list.seenUpTo;
      if (list.isPaused && list.shown.length > 0) {
        const known = new Set(list.shown.map(({ sequence }) => sequence));
        return {
          ...list,
          held: merged(
            list.held,
            action.events.filter(({ sequence }) => !known.has(sequence)),
          ),
        };
      }
      return { ...list, seenUpTo, shown: merged(list.shown, action.events) };
    }
  }
}

/** Each event once, the latest state of each, newest first, not more than can be read. */
function merged(before: readonly TrailEvent[], events: readonly TrailEvent[]): readonly TrailEvent[] {
  const bySequence = new Map([...before, ...events].map((event) => [event.sequence, event]));
  return [...bySequence.values()].sort((a, b) => b.sequence - a.sequence).slice(0, MOST);
}
