import type { TrailError } from '../../../server/src/domain/trail.ts';

const ROOT = '/api/v1/trail';

/** What the API refused, in a sentence that says what to do. */
export class ApiError extends Error {
  /** 0: the server could not be reached. */
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.code = code;
  }
}

let csrfToken = '';
let onLoggedOut = () => {};

/** Goes with everything that changes something. */
export function useCsrfToken(token: string): void {
  csrfToken = token;
}

/** Called when an answer says that the session has ended. */
export function whenLoggedOut(listener: () => void): void {
  onLoggedOut = listener;
}

export function apiUrl(path: string, query?: URLSearchParams): string {
  const text = query?.toString() ?? '';
  return text === '' ? `${ROOT}/${path}` : `${ROOT}/${path}?${text}`;
}

/** @throws ApiError */
export async function get<T>(path: string, query?: URLSearchParams, signal?: AbortSignal): Promise<T> {
  return (await send(apiUrl(path, query), { signal: signal ?? null })).json();
}

/** What nobody asked for just now: it keeps no idle session alive. @throws ApiError */
export async function getInBackground<T>(path: string, query?: URLSearchParams, signal?: AbortSignal): Promise<T> {
  return (await send(apiUrl(path, query), { signal: signal ?? null, headers: { 'x-background': '1' } })).json();
}

/** Why an element could not load what is at this address; undefined: now it can. */
export async function refusalOf(url: string): Promise<ApiError | undefined> {
  try {
    await (await send(url, { headers: { 'x-background': '1' } })).body?.cancel();
    return undefined;
  } catch (thrown) {
    return thrown instanceof ApiError ? thrown : undefined;
  }
}

/** @throws ApiError */
export async function change(method: 'POST' | 'DELETE', path: string, body?: object): Promise<Response> {
  return send(apiUrl(path), {
    method,
    headers: { 'x-csrf-token': csrfToken, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    body: body === undefined ? null : JSON.stringify(body),
  });
}

async function send(url: string, init: RequestInit): Promise<Response> {
  const response = await fetch(url, { credentials: 'same-origin', ...init }).catch((error: unknown) => {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new ApiError(0, 'UNREACHABLE', 'The audit server does not answer. Check that it runs, then try again.');
  });
  if (response.ok) return response;
  const error = await errorOf(response);
  if (response.status === 401 && !url.endsWith('/session')) onLoggedOut();
  throw error;
}

async function errorOf(response: Response): Promise<ApiError> {
  const body = (await response.json().catch(() => undefined)) as Partial<TrailError> | undefined;
  const message = body?.error?.message ?? `The server answered ${response.status}. Try again; its log says more.`;
  return new ApiError(response.status, body?.error?.code ?? 'HTTP', message);
}
