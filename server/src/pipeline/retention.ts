import { epochMillis, toIsoString } from '../domain/epoch-millis.ts';
import { messageOf } from '../domain/errors.ts';
import { type Sequence, type SequenceRange, sequence } from '../domain/sequence.ts';
import type { Clock } from './ports/clock.ts';
import type { LogFactsQueries } from './ports/log-facts.ts';
import type { Logger } from './ports/logger.ts';
import type { Metrics } from './ports/metrics.ts';
import type { DiskSpace, SegmentFile, SegmentStore } from './ports/segment-store.ts';
import { Reminder } from './retry-policy.ts';

/** Somebody who still needs the log from `position` on. */
export interface LogFollower {
  readonly name: string;
  readonly position: Sequence;
  /** Destinations deliver an awaiting event by its outcome, which may stand far behind it. */
  readonly isDestination: boolean;
}

export interface RetentionOptions {
  readonly segments: SegmentStore;
  readonly disk: DiskSpace;
  readonly facts: Pick<LogFactsQueries, 'holdsAwaiting'>;
  /** Configured destinations, running replays, tables. Those that are no longer configured hold nothing back. */
  readonly followers: () => readonly LogFollower[];
  /** What is known to be on disk. Until an event of the next segment is, that segment may still be cut (rule 5). */
  readonly head: () => Sequence;
  /** Undefined: kept for ever. */
  readonly retentionMs: number | undefined;
  readonly idRetentionMs: number | undefined;
  readonly minFreeBytes: number;
  /** The log begins here now; tables forget what was before. */
  readonly onSegmentsDeleted: (firstRetained: Sequence) => void | Promise<void>;
  readonly onIdsDeleted: (before: Sequence) => void | Promise<void>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

export interface RetentionReport {
  readonly logBytes: number;
  readonly freeBytes: number;
  /** By follower: bytes of segments past their time that wait for it. */
  readonly heldBytes: ReadonlyMap<string, number>;
}

/** Without destinations only a missing outcome holds. */
const END_OF_TIME = sequence(Number.MAX_SAFE_INTEGER);
const PASS_MS = 60_000;
/** By then every follower, those of other threads too, has told where it is; until then all of them seem to be far behind. */
const FIRST_PASS_MS = 5000;
const DISK_CHECK_MS = 2000;
const GROWTH_WINDOW_MS = 3_600_000;
const REMIND_MS = 3_600_000;

/** Deletes whole segments that nobody needs any more (rules 12, 17), and looks after the disk's free space (rule 8). */
export class Retention {
  readonly #options: RetentionOptions;
  readonly #reminders = new Map<string, Reminder>();
  #growth: { readonly atMs: number; readonly bytes: number }[] = [];
  #deletedBytes = 0;
  #freeBytes = Number.POSITIVE_INFINITY;
  #report: RetentionReport | undefined;

  constructor(options: RetentionOptions) {
    this.#options = options;
  }

  /** Rule 8: exports, images and search indexing pause. */
  get isDiskLow(): boolean {
    return this.#freeBytes < this.#options.minFreeBytes;
  }

  /** Of the last pass; before the first one nobody is said to hold anything. */
  get report(): RetentionReport | undefined {
    return this.#report;
  }

  /** Until the signal aborts; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#options;
    const failing = new Reminder();
    let isMeasured = false;
    let passAtMs = clock.monotonicMs() + FIRST_PASS_MS;
    while (!signal.aborted) {
      try {
        await this.#lookAtDisk();
        if (!isMeasured) {
          isMeasured = true;
          await this.#measure();
        }
        if (clock.monotonicMs() >= passAtMs) {
          passAtMs = clock.monotonicMs() + PASS_MS;
          await this.pass();
        }
      } catch (thrown) {
        if (failing.isDue(clock.monotonicMs())) {
          logger.warn({ error: messageOf(thrown) }, 'Old log segments could not be deleted; tried again.');
        }
      }
      await clock.sleep(DISK_CHECK_MS, signal);
    }
  }

  /** Oldest first, up to the first segment that somebody needs: the log stays in one piece. */
  async pass(): Promise<RetentionReport> {
    const { segments, clock, facts, followers, head, retentionMs, onSegmentsDeleted } = this.#options;
    const files = await segments.segments();
    const needs = followers();
    const slowest = lowest(needs.filter((f) => f.isDestination));
    let firstKept = 0;
    for (const [i, file] of files.entries()) {
      const range = rangeOf(files, i);
      if (range === undefined || range.last >= head() || !isOlderThan(file, clock.now(), retentionMs)) break;
      if (needs.some((f) => f.position < range.last) || facts.holdsAwaiting(range, slowest ?? END_OF_TIME)) break;
      await segments.deleteSegment(file.first);
      this.#deletedBytes += file.bytes;
      firstKept = i + 1;
    }
    const kept = files.slice(firstKept);
    if (firstKept > 0 && kept[0] !== undefined) await onSegmentsDeleted(kept[0].first);
    await this.#deleteIds();
    const heldBytes = new Map(needs.map((f) => [f.name, this.#heldBy(f, kept)]));
    const logBytes = kept.reduce((sum, file) => sum + file.bytes, 0);
    this.#report = { logBytes, freeBytes: await this.#lookAtDisk(), heldBytes };
    this.#tell(this.#report);
    return this.#report;
  }

  async #measure(): Promise<void> {
    const files = await this.#options.segments.segments();
    const logBytes = files.reduce((sum, file) => sum + file.bytes, 0);
    this.#report = { logBytes, freeBytes: this.#freeBytes, heldBytes: new Map() };
    this.#tell(this.#report);
  }

  async #deleteIds(): Promise<void> {
    const { segments, clock, idRetentionMs, onIdsDeleted } = this.#options;
    const files = await segments.idFiles();
    let before: Sequence | undefined;
    for (const [i, file] of files.entries()) {
      if (!isOlderThan(file, clock.now(), idRetentionMs)) break;
      await segments.deleteIds(file.first);
      before = files[i + 1]?.first ?? (await segments.segments())[0]?.first;
    }
    if (before !== undefined) await onIdsDeleted(before);
  }

  #heldBy(follower: LogFollower, kept: readonly SegmentFile[]): number {
    const { clock, retentionMs } = this.#options;
    return kept.reduce((sum, file, i) => {
      const range = rangeOf(kept, i);
      const isHeld = range !== undefined && follower.position < range.last;
      return isHeld && isOlderThan(file, clock.now(), retentionMs) ? sum + file.bytes : sum;
    }, 0);
  }

  async #lookAtDisk(): Promise<number> {
    this.#freeBytes = await this.#options.disk.freeBytes();
    return this.#freeBytes;
  }

  #tell({ logBytes, freeBytes, heldBytes }: RetentionReport): void {
    const { clock, logger, metrics } = this.#options;
    metrics.gauge('butler_sos_audit_event_log_bytes', 'Size of the event log.').set(logBytes);
    const fullInMs = this.#diskFullInMs(logBytes, freeBytes);
    for (const [destination, bytes] of heldBytes) {
      metrics
        .gauge('butler_sos_audit_destination_held_bytes', 'Log past its time, kept for this destination alone.', {
          destination,
        })
        .set(bytes);
      if (bytes === 0 || !this.#reminderOf(destination).isDue(clock.monotonicMs())) continue;
      const diskFullAt = fullInMs === undefined ? undefined : toIsoString(epochMillis(clock.now() + fullInMs));
      logger.warn(
        { destination, heldBytes: bytes, freeBytes, diskFullAt },
        'Old log segments are kept because a destination has not had them; mend it, or "destinations skip" it.',
      );
    }
  }

  #reminderOf(destination: string): Reminder {
    const known = this.#reminders.get(destination) ?? new Reminder(REMIND_MS);
    this.#reminders.set(destination, known);
    return known;
  }

  /** By the growth of the last hour; undefined: it does not grow, or was not watched for long enough. */
  #diskFullInMs(logBytes: number, freeBytes: number): number | undefined {
    const { clock, minFreeBytes } = this.#options;
    const now = { atMs: clock.monotonicMs(), bytes: logBytes + this.#deletedBytes };
    this.#growth = [...this.#growth.filter((s) => now.atMs - s.atMs <= GROWTH_WINDOW_MS), now];
    const since = this.#growth[0] ?? now;
    const bytesPerMs = (now.bytes - since.bytes) / Math.max(1, now.atMs - since.atMs);
    // beyond ten years it is no news
    const inMs = bytesPerMs > 0 ? Math.max(0, freeBytes - minFreeBytes) / bytesPerMs : Number.POSITIVE_INFINITY;
    return inMs < 10 * 365 * 86_400_000 ? Math.round(inMs) : undefined;
  }
}

/** Undefined: the segment that is being written. */
function rangeOf(files: readonly SegmentFile[], index: number): SequenceRange | undefined {
  const file = files[index];
  const next = files[index + 1];
  return file === undefined || next === undefined ? undefined : { first: file.first, last: sequence(next.first - 1) };
}

/** What nobody can date is kept: a person must look at it. */
function isOlderThan(file: SegmentFile, now: number, ageMs: number | undefined): boolean {
  return ageMs !== undefined && file.newestAt !== undefined && file.newestAt < now - ageMs;
}

function lowest(followers: readonly LogFollower[]): Sequence | undefined {
  return followers.reduce<Sequence | undefined>(
    (min, f) => (min === undefined || f.position < min ? f.position : min),
    undefined,
  );
}
