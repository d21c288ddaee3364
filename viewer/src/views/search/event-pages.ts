import { useCallback, useEffect, useReducer, useRef } from 'preact/hooks';
import type { TrailEvent, TrailPage } from '../../../../server/src/domain/trail.ts';
import { type ApiError, get } from '../../api/request.ts';
import { asApiError } from '../../api/resource.ts';
import { rememberNames } from '../../parts/known-names.ts';

export interface EventPages {
  readonly key: string;
  readonly items: readonly TrailEvent[];
  readonly isLoading: boolean;
  readonly isComplete: boolean;
  readonly error: ApiError | undefined;
  /** Loads the next page, or the one that failed. */
  more(): void;
}

interface Loaded {
  items: readonly TrailEvent[];
  cursor: string | null;
  isComplete: boolean;
}

const PAGE = 100;
/** Lists of earlier visits, so that going back finds the list as it was left. */
const visited = new Map<string, Loaded>();
const MOST_VISITED = 12;

function loadedOf(key: string): Loaded {
  const known = visited.get(key);
  if (known !== undefined) return known;
  const fresh: Loaded = { items: [], cursor: null, isComplete: false };
  visited.set(key, fresh);
  const [oldest] = visited.keys();
  if (visited.size > MOST_VISITED && oldest !== undefined) visited.delete(oldest);
  return fresh;
}

/** @param key of the visit and its filter */
export function useEventPages(key: string, asked: URLSearchParams): EventPages {
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  const work = useRef<{ key: string; aborted: AbortController | undefined; error: ApiError | undefined }>({
    key: '',
    aborted: undefined,
    error: undefined,
  });
  const loaded = loadedOf(key);
  if (work.current.key !== key) {
    work.current.aborted?.abort();
    work.current = { key, aborted: undefined, error: undefined };
  }
  const more = useCallback(() => {
    const mine = work.current;
    if (mine.aborted !== undefined || loaded.isComplete || mine.key !== key) return;
    const aborted = new AbortController();
    mine.aborted = aborted;
    mine.error = undefined;
    const query = new URLSearchParams([...asked, ['limit', String(PAGE)]]);
    if (loaded.cursor !== null) query.set('cursor', loaded.cursor);
    get<TrailPage<TrailEvent>>('events', query, aborted.signal)
      .then(
        ({ items, nextCursor }) => {
          rememberNames(items);
          loaded.items = [...loaded.items, ...items];
          loaded.cursor = nextCursor;
          loaded.isComplete = nextCursor === null;
        },
        (thrown: unknown) => {
          mine.error = asApiError(thrown);
        },
      )
      .finally(() => {
        if (aborted.signal.aborted) return;
        mine.aborted = undefined;
        redraw(0);
      });
    redraw(0);
  }, [key, asked, loaded]);
  useEffect(() => {
    if (loaded.items.length === 0) more();
  }, [more, loaded]);
  useEffect(() => () => work.current.aborted?.abort(), []);
  return {
    key,
    items: loaded.items,
    isLoading:
      (work.current.aborted !== undefined || loaded.items.length === 0) &&
      !loaded.isComplete &&
      work.current.error === undefined,
    isComplete: loaded.isComplete,
    error: work.current.error,
    more,
  };
}
