import type { DeliveryPolicy } from './ports/destination.ts';

/** Files and folders of this machine: cheap to try again, nothing over there to be overloaded, nothing to halve. */
export function isFileDestination(policy: DeliveryPolicy): boolean {
  return policy.reservesPart || policy.flushOnStop;
}

export interface BackOff {
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
}

const SERVER_BACK_OFF: BackOff = { firstDelayMs: 1000, maxDelayMs: 60_000 };
const FILE_BACK_OFF: BackOff = { firstDelayMs: 500, maxDelayMs: 5_000 };
/** A server that asks for more is asked again after this long. */
const LONGEST_RETRY_AFTER_MS = 3_600_000;

export function backOffOf(policy: DeliveryPolicy): BackOff {
  return isFileDestination(policy) ? FILE_BACK_OFF : SERVER_BACK_OFF;
}

/**
 * How long to wait after the `failures`th failure in a row (from 1): doubling, the upper half of it by chance, so that
 * servers that failed together do not come back together.
 * @param random 0 … 1
 * @param afterMs what the destination asked for (`Retry-After`); never undercut
 */
export function retryDelayMs(backOff: BackOff, failures: number, random: number, afterMs = 0): number {
  const full = Math.min(backOff.maxDelayMs, backOff.firstDelayMs * 2 ** Math.min(failures - 1, 30));
  return Math.max(full / 2 + (full / 2) * random, Math.min(afterMs, LONGEST_RETRY_AFTER_MS));
}

/** After so many retries of one batch its size is suspected, if the destination answers otherwise (rule 20). */
export const RETRIES_BEFORE_HALVING = 5;

/** An operator must act; whether it has happened is found out by trying. */
export const STOPPED_RETRY_MS = 60_000;

/** Says yes the first time, and then at most once per interval, however often things get better in between. */
export class Reminder {
  readonly #intervalMs: number;
  #lastMs: number | undefined;
  #pending = false;

  constructor(intervalMs = 60_000) {
    this.#intervalMs = intervalMs;
  }
  isDue(nowMs: number): boolean {
    if (this.#lastMs !== undefined && nowMs - this.#lastMs < this.#intervalMs) return false;
    this.#lastMs = nowMs;
    this.#pending = true;
    return true;
  }
  /** True when something was said that is now to be called off. */
  callOff(): boolean {
    const had = this.#pending;
    this.#pending = false;
    return had;
  }
}
