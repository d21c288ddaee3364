import type { Sequence } from '../../domain/sequence.ts';
import type { CursorStore } from './cursor-store.ts';
import type { DailyMerges } from './daily-merges.ts';
import type { DeadLetters, DeadLettersInLogOrder } from './dead-letters.ts';
import type { DestinationStates } from './destination-states.ts';
import type { RequestQueue } from './request-queue.ts';

/** The log as this database last saw it (rule 11). */
export interface SeenLog {
  readonly logId: string;
  /** The durable head at that moment; the log was never shorter afterwards, unless an older copy was put back. */
  readonly head: Sequence;
  /** Of the line at `head`, so that another line at that place is noticed. */
  readonly headDigest?: string;
}

/** What does not follow from the log, and is backed up with it (rule 15). Several processes may have it open at once. */
export interface StateStore {
  readonly cursors: CursorStore;
  readonly destinations: DestinationStates;
  readonly deadLetters: DeadLetters & DeadLettersInLogOrder;
  readonly requests: RequestQueue;
  readonly dailyMerges: DailyMerges;
  seenLog(): SeenLog | undefined;
  recordSeenLog(seen: SeenLog): void;
  /** True when the last server ended in order. Reading it at start and then marking false tells the next start. */
  endedInOrder(): boolean;
  markEndedInOrder(inOrder: boolean): void;
  close(): void;
}
