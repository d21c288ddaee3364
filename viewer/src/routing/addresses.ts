import type { TrailEvent } from '../../../server/src/domain/trail.ts';
import { type Filter, filterToQuery } from '../filter/filter.ts';

/** The addresses of the page (server/src/domain/trail.ts lists them). */
export function eventAddress(event: Pick<TrailEvent, 'eventId' | 'sequence' | 'isConflict'>): string {
  const address = eventIdAddress(event.eventId);
  // lines with one id are told apart by their positions in the log
  return event.isConflict ? `${address}?sequence=${event.sequence}` : address;
}

export const eventIdAddress = (eventId: string) => `/events/${encodeURIComponent(eventId)}`;
export const transactionAddress = (id: string) => `/transactions/${encodeURIComponent(id)}`;

/** @param day `YYYY-MM-DD` in the reader's zone; absent: the newest with something to see */
export function storyAddress(user: string, day?: string): string {
  const query = new URLSearchParams({ user });
  if (day !== undefined) query.set('day', day);
  return `/story?${query}`;
}

export function searchAddress(filter: Filter): string {
  return withQuery('/', filterToQuery(filter));
}

export function withQuery(path: string, query: URLSearchParams): string {
  const text = query.toString();
  return text === '' ? path : `${path}?${text}`;
}
