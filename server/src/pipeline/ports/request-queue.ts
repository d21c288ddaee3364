import type { EpochMillis } from '../../domain/epoch-millis.ts';
import type { Sequence } from '../../domain/sequence.ts';

/** What an operator asks the server to do, from another process. */
export type OperatorRequest =
  | { readonly kind: 'stop' }
  | {
      readonly kind: 'skip';
      readonly destination: string;
      /** The cursor that the operator saw: with any other, nothing is skipped (rule 17). */
      readonly expectedCommitted: Sequence;
      readonly through: Sequence;
      readonly reason: string;
    }
  | { readonly kind: 'retry-dead-letters'; readonly destination: string; readonly ids?: readonly number[] }
  | {
      readonly kind: 'replay';
      readonly destination: string;
      /** The first sequence to send again, and the last; absent: the head at that moment. */
      readonly from: Sequence;
      readonly through?: Sequence;
      /** Files need a new folder (rule 21). */
      readonly exportDirectory?: string;
    }
  | { readonly kind: 'reindex' }
  | {
      readonly kind: 'retry-screenshots';
      /** The first sequence that is meant. */
      readonly from: Sequence;
      /** False: pictures that are still waited for are tried at once as well. */
      readonly failedOnly: boolean;
    };

/** `waiting` → `claimed` by a server → `done` or `failed`. */
export type RequestState = 'waiting' | 'claimed' | 'done' | 'failed';

export interface StoredRequest {
  readonly id: number;
  readonly request: OperatorRequest;
  /** The account that asked. */
  readonly actor: string;
  readonly submittedAt: EpochMillis;
  readonly state: RequestState;
  readonly finishedAt?: EpochMillis;
  /** For people: what was done, or why not. */
  readonly result?: string;
}

export interface RequestQueue {
  /** @returns the id under which the result can be read */
  submit(request: OperatorRequest, actor: string): number;
  /** The oldest that waits becomes this server's; undefined when none waits. */
  claim(): StoredRequest | undefined;
  finish(id: number, state: 'done' | 'failed', result: string): void;
  /**
   * At start: what a server that is gone had claimed waits again (doing it twice does it once: each knows its id), and a
   * `stop` that was meant for an earlier server is over. @returns how many wait
   */
  recover(): number;
  get(id: number): StoredRequest | undefined;
  /** The newest first. */
  list(limit: number): readonly StoredRequest[];
}
