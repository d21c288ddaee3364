import type { RateLimitState } from './rate-limit.ts';

/** Why an event, or a whole request, was not taken: what the client is told. */
export interface Refusal {
  readonly status: 400 | 401 | 404 | 405 | 408 | 413 | 415 | 417 | 422 | 429 | 431 | 500 | 503;
  /** `dropped`: the server decided so; `error`: something failed. */
  readonly outcome: 'dropped' | 'error';
  readonly reason: string;
  readonly details?: object;
  /** How long the client should wait before it sends the same again. */
  readonly retryAfterSeconds?: number;
  /** With 429: the limit that was reached. */
  readonly rateLimit?: RateLimitState;
}

export function rateLimited(state: RateLimitState): Refusal {
  return {
    status: 429,
    outcome: 'dropped',
    reason: 'Rate limit exceeded',
    details: { limitPerMinute: state.limit, retryAfter: state.resetSeconds },
    retryAfterSeconds: state.resetSeconds,
    rateLimit: state,
  };
}

export const QUEUE_FULL: Refusal = {
  status: 503,
  outcome: 'dropped',
  reason: 'Event queue is full',
  retryAfterSeconds: 5,
};

export const DISK_FULL: Refusal = {
  status: 503,
  outcome: 'dropped',
  reason: 'Event log disk is full',
  retryAfterSeconds: 30,
};

export const LOG_FAILED: Refusal = {
  status: 503,
  outcome: 'dropped',
  reason: 'Event log cannot be written',
  retryAfterSeconds: 5,
};

export const STOPPING: Refusal = {
  status: 503,
  outcome: 'dropped',
  reason: 'Server is stopping',
  retryAfterSeconds: 10,
};

/** Says nothing of the inside. */
export const INTERNAL_ERROR: Refusal = {
  status: 500,
  outcome: 'error',
  reason: 'Internal error while processing event',
};
