import type { PreparedFile } from './cursor-store.ts';
import type { PublishedPart, WaitingDay } from './daily-merges.ts';

/** Resolves when the next piece of work may be done. Rejects when there is to be no more of it now. */
export type Pace = () => Promise<void>;

/** Makes one file of a closed day's parts. A destination that writes parts may have one; it holds nothing between calls. */
export interface DayMerger {
  /**
   * Writes the file beside its final name, synced: every row of every part once. The same parts give the same bytes. The
   * parts stay as they are. Nothing is left of a call that fails, except by a crash.
   * @throws CodedError DAILY_MERGE_DAY_NOT_WHOLE, DAILY_MERGE_PART_UNREADABLE, DAILY_MERGE_TOO_LARGE, EXPORT_WRITE_FAILED,
   * and what `pace` rejects with
   */
  encode(day: WaitingDay, parts: readonly PublishedPart[], pace: Pace): Promise<PreparedFile>;
  /**
   * Rule 19. `lost`: what was prepared has other contents by now and has been removed; nothing was published.
   * @throws CodedError DAILY_MERGE_NAME_TAKEN, EXPORT_WRITE_FAILED
   */
  publish(file: PreparedFile): Promise<'published' | 'lost'>;
  /** A prepared file that nobody publishes any more. */
  discard(file: PreparedFile): Promise<void>;
  /** Removes what a crash left, except what still waits to be published. */
  removeStrays(keep: readonly PreparedFile[]): Promise<void>;
}
