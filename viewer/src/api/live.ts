import type { TrailEvent, TrailPage } from '../../../server/src/domain/trail.ts';
import { apiUrl, getInBackground } from './request.ts';

export type LiveState = 'connecting' | 'open' | 'broken';

export interface LiveListener {
  events(events: readonly TrailEvent[]): void;
  state(state: LiveState): void;
}

const AGAIN_MS = 3000;
const BEFORE = 30;

/**
 * Events as they come. What is missed while the connection is down comes with the next one: the browser names the last
 * event it has, and each new connection begins with the newest that are stored. @returns ends it
 */
export function followTrail(asked: URLSearchParams, listener: LiveListener): () => void {
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const aborted = new AbortController();
  const connect = () => {
    listener.state('connecting');
    source = new EventSource(apiUrl('live', asked));
    source.addEventListener('open', () => {
      listener.state('open');
      catchUp(asked, listener, aborted.signal);
    });
    source.addEventListener('message', ({ data }) => listener.events([JSON.parse(String(data)) as TrailEvent]));
    source.addEventListener('error', () => {
      listener.state('broken');
      // the browser itself tries again, unless the server refused
      if (source?.readyState !== EventSource.CLOSED) return;
      getInBackground('session').catch(() => {});
      timer = setTimeout(connect, AGAIN_MS);
    });
  };
  connect();
  return () => {
    clearTimeout(timer);
    aborted.abort();
    source?.close();
  };
}

async function catchUp(asked: URLSearchParams, listener: LiveListener, signal: AbortSignal): Promise<void> {
  const query = new URLSearchParams([...asked, ['limit', String(BEFORE)]]);
  const { items } = await getInBackground<TrailPage<TrailEvent>>('events', query, signal).catch(() => ({ items: [] }));
  if (!signal.aborted) listener.events(items.toReversed());
}
