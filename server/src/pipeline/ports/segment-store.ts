import type { EpochMillis } from '../../domain/epoch-millis.ts';
import type { Sequence } from '../../domain/sequence.ts';

/** One file of the log, or what is left of it. */
export interface SegmentFile {
  readonly first: Sequence;
  /** When its last line was received; undefined: no line can be read. */
  readonly newestAt?: EpochMillis | undefined;
  readonly bytes: number;
}

/** The log as pieces that can be deleted whole (rule 17). What was deleted stays deleted when a call resolves. */
export interface SegmentStore {
  /** Ascending; the last one is being written and is never deleted. Each ends where the next begins. */
  segments(): Promise<readonly SegmentFile[]>;
  /**
   * Leaves `<first>.ids`, synced before the segment goes (rule 12). Doing it again after a crash is fine. Only when an
   * event of the next segment is on disk: a log without a line would have forgotten where it was.
   */
  deleteSegment(first: Sequence): Promise<void>;
  /** What deleted segments left, ascending. */
  idFiles(): Promise<readonly SegmentFile[]>;
  deleteIds(first: Sequence): Promise<void>;
}

export interface DiskSpace {
  /** Of the disk that holds the log, for this user. */
  freeBytes(): Promise<number>;
}
