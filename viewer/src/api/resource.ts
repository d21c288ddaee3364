import { useEffect, useReducer, useRef } from 'preact/hooks';
import { ApiError } from './request.ts';

export interface Resource<T> {
  /** Of this key, or while it loads of the key before it. */
  readonly data: T | undefined;
  readonly error: ApiError | undefined;
  readonly isLoading: boolean;
  reload(): void;
}

/** What was shown lately, so that going back shows it at once. */
const remembered = new Map<string, unknown>();
const MOST_REMEMBERED = 60;

function remember(key: string, value: unknown): void {
  remembered.delete(key);
  remembered.set(key, value);
  const [oldest] = remembered.keys();
  if (remembered.size > MOST_REMEMBERED && oldest !== undefined) remembered.delete(oldest);
}

/** Nothing of one reader is shown to the next. */
export function forgetAll(): void {
  remembered.clear();
}

/** @param key null: nothing to load. The same key gives the same answer, for as long as a reader looks. */
export function useResource<T>(key: string | null, load: (signal: AbortSignal) => Promise<T>): Resource<T> {
  const [round, redraw] = useReducer((count: number) => count + 1, 0);
  const state = useRef<{ key: string | null; data?: T; error?: ApiError; isLoading: boolean; asked: number }>({
    key: null,
    isLoading: false,
    asked: 0,
  });
  const now = state.current;
  if (now.key !== key) {
    const known = key === null ? undefined : (remembered.get(key) as T | undefined);
    const kept = known ?? (key === null ? undefined : now.data);
    state.current = { key, isLoading: key !== null, asked: now.asked, ...(kept === undefined ? {} : { data: kept }) };
  }
  const { asked } = state.current;
  useEffect(() => {
    if (key === null) return;
    const aborted = new AbortController();
    load(aborted.signal).then(
      (data) => {
        if (aborted.signal.aborted) return;
        remember(key, data);
        state.current = { key, data, isLoading: false, asked };
        redraw(0);
      },
      (error: unknown) => {
        if (aborted.signal.aborted) return;
        state.current = { key, isLoading: false, asked, error: asApiError(error) };
        redraw(0);
      },
    );
    return () => aborted.abort();
  }, [key, asked]);
  void round;
  const { data, error, isLoading } = state.current;
  return {
    data,
    error,
    isLoading,
    reload() {
      state.current = { ...state.current, isLoading: true, asked: state.current.asked + 1 };
      redraw(0);
    },
  };
}

export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  return new ApiError(0, 'PAGE', error instanceof Error ? error.message : String(error));
}
