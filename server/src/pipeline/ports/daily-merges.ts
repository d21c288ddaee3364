import type { EpochMillis } from '../../domain/epoch-millis.ts';
import type { CodedError } from '../../domain/errors.ts';
import type { FilePart, PreparedFile } from './cursor-store.ts';
import type { StoredError } from './destination-states.ts';

/** A part as it was committed. */
export interface PublishedPart extends FilePart {
  /** Absolute. */
  readonly path: string;
  /** Hex. */
  readonly sha256: string;
  /** False: a skip or a restart ended its attempt after `prepare`, so that it may never have been published. */
  readonly isCertain: boolean;
}

/** A day that gets no more parts and has no daily file yet. */
export interface WaitingDay {
  readonly day: string;
  readonly closedAt: EpochMillis;
  /** Once prepared it is published as it is (rule 19). */
  readonly prepared?: PreparedFile;
  /** Why its file could not be made when it was last tried. */
  readonly lastError?: StoredError;
}

export interface DailyMergeState {
  /** The first day of which every part is remembered. */
  readonly firstDay: string;
  readonly lastMergedDay?: string;
  /** Closed days without a file, the oldest first. */
  readonly waiting: readonly WaitingDay[];
  /** Closed days that get no file, the newest ten, the newest first. */
  readonly givenUp: readonly string[];
}

/**
 * Which parts of a closed UTC day become one file. Lives in the durable database (rule 15): what was published does not
 * follow from the log. Every call is one durable transaction, and throws a CodedError STATE_DATABASE_FAILED, with nothing
 * changed, when the disk does not take it.
 */
export interface DailyMerges {
  /**
   * From now on the commits of `destination`, and of retries that share its parts, remember the file that they published.
   * Called before anything of it is begun. Known already: nothing changes. Days that have parts which nobody remembers are
   * never merged.
   */
  remember(destination: string, today: string): void;
  /** Daily files are not wanted (any more). */
  forget(destination: string): void;
  /**
   * Closes every remembered day before `today` of which no part is under way. `begin` takes a later day from here on,
   * whatever the clock says, so that a closed day gets no more parts.
   */
  closeDaysBefore(destination: string, today: string): void;
  /** Undefined: nothing is remembered for it. */
  state(destination: string): DailyMergeState | undefined;
  /** By their part numbers. */
  parts(destination: string, day: string): readonly PublishedPart[];
  /** Before publishing: from here on the file is never encoded again (rule 19). Undefined: what was prepared is lost. */
  prepare(destination: string, day: string, file: PreparedFile | undefined): void;
  recordFailure(destination: string, day: string, error: CodedError): void;
  /** The day is done with: its file is published, or nobody tries any longer. Its parts are forgotten. */
  finish(destination: string, day: string, outcome: 'merged' | 'given-up'): void;
}
