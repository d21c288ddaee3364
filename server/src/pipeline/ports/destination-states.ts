import type { EpochMillis } from '../../domain/epoch-millis.ts';
import type { CodedError } from '../../domain/errors.ts';
import { type Sequence, type SequenceRange, sequence } from '../../domain/sequence.ts';

/** What is stored about a destination, configured or not: enough for `destinations list` without a server. */
export interface DestinationState {
  readonly name: string;
  readonly type: string;
  /** `now`, `earliest`, or where a replay starts. */
  readonly startFrom: string;
  readonly addedAt: EpochMillis;
  /** When a server last started with it in its configuration. */
  readonly configuredAt?: EpochMillis;
  /** Replays and retries: the destination they are for, and their fixed end. */
  readonly target?: string;
  readonly end?: Sequence;
  readonly committed: Sequence;
  readonly begun?: SequenceRange;
  readonly delivered: number;
  readonly rejected: number;
  readonly retried: number;
  readonly lastError?: StoredError;
  readonly lastSuccessAt?: EpochMillis;
  /** Stopped by the comparison at start (rule 11) until an operator has decided; not tried again by itself. */
  readonly held?: StoredError;
  /**
   * An operator decided where it goes on, knowing that it holds events up to here; `ALL_ACCEPTED`: whatever it holds at
   * the next start.
   */
  readonly acceptedUpTo?: Sequence;
}

export const ALL_ACCEPTED = sequence(Number.MAX_SAFE_INTEGER);

export interface StoredError {
  readonly code: string;
  readonly message: string;
  readonly at: EpochMillis;
}

export interface DestinationStates {
  /** In the order of their names. */
  list(): readonly DestinationState[];
  get(name: string): DestinationState | undefined;
  /** These are in the configuration of the server that starts now. */
  markConfigured(names: readonly string[]): void;
  /** A delivery failed and will be tried again. */
  recordFailure(name: string, error: CodedError): void;
  /** Rule 11: stays so across restarts, because a log that grows on would soon hide the reason. */
  hold(name: string, error: CodedError): void;
  /**
   * An operator has decided where it goes on: cursor set without comparison, open attempt dropped, hold ended, and what it
   * holds accepted.
   */
  restartAt(name: string, committed: Sequence): void;
  /** After `restartAt`, what was found there at the next start. */
  accept(name: string, upTo: Sequence): void;
  /** A finished replay or retry, or a destination that is gone for good; its dead letters stay. */
  remove(name: string): void;
}
