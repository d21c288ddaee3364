import { CodedError } from '../../domain/errors.ts';
import type { TrailError } from '../../domain/trail.ts';

/** An answer other than the one that was asked for: a status, a code for programs, and what to do, for people. */
export class ViewerFailure extends Error {
  readonly status: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }

  get body(): TrailError {
    return { error: { code: this.code, message: this.message } };
  }
}

export function notFound(message: string): ViewerFailure {
  return new ViewerFailure(404, 'NOT_FOUND', message);
}

export function badRequest(message: string): ViewerFailure {
  return new ViewerFailure(400, 'BAD_REQUEST', message);
}

/** Too many tries to log in. */
export function throttled(afterMs: number): ViewerFailure {
  const seconds = Math.ceil(afterMs / 1000);
  return new ViewerFailure(429, 'TOO_MANY_TRIES', `Too many tries. Wait ${seconds} s, then try again.`, {
    'retry-after': String(seconds),
  });
}

/** What a coded error of the inside means outside; undefined: it says nothing there. */
export function failureOf(thrown: unknown): ViewerFailure | undefined {
  if (thrown instanceof ViewerFailure) return thrown;
  if (!(thrown instanceof CodedError)) return undefined;
  switch (thrown.code) {
    case 'TRAIL_QUERY_TOO_BROAD':
    case 'TRAIL_USER_AMBIGUOUS':
      return new ViewerFailure(422, thrown.code, thrown.message);
    case 'EVENT_LOG_DAMAGED':
      return new ViewerFailure(410, thrown.code, thrown.message);
    case 'INDEX_REBUILDING':
      return new ViewerFailure(503, thrown.code, 'The search table is being built. Try again in a moment.', RETRY);
    case 'EVENT_LOG_READ_FAILED':
      return new ViewerFailure(503, thrown.code, 'The event log cannot be read at the moment. Try again.', RETRY);
    default:
      return undefined;
  }
}

const RETRY = { 'retry-after': '2' };
