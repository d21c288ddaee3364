import type { Sequence } from '../../domain/sequence.ts';
import type { Clock } from '../../pipeline/ports/clock.ts';
import type { EventLogWriter } from '../../pipeline/ports/event-log.ts';
import type { Logger } from '../../pipeline/ports/logger.ts';
import type { Metrics } from '../../pipeline/ports/metrics.ts';
import { type FileSystem, realFileSystem } from '../shared/file-system.ts';
import { DiskSpace, type DiskState } from './disk-space.ts';
import { SegmentReader } from './event-log-reader.ts';
import { SegmentedWriter } from './event-log-writer.ts';
import { type RecoveryReport, recover } from './recovery.ts';
import { SegmentWriter } from './segment-writer.ts';
import { writerMetrics } from './writer-metrics.ts';

export interface EventLogOptions {
  /** Absolute. Created, with its parents, when it is not there. One writer per folder: the caller holds the lock. */
  readonly directory: string;
  /** A segment that has reached this size is followed by a new one. */
  readonly segmentBytes?: number;
  /** Rule 8. */
  readonly minFreeBytes: number;
  readonly reserveBytes?: number;
  readonly fileSystem?: FileSystem;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** After each commit; the latest counts. For the readers of other threads. */
  readonly onHead?: (head: Sequence) => void;
  /** What is known about the disk has changed (rule 8); at most once a second or so. For other threads. */
  readonly onDiskState?: (state: DiskState) => void;
}

export interface OpenedEventLog {
  readonly log: EventLogWriter;
  /** As recovery found it; the head has moved on by a `server.synced` record since. */
  readonly recovery: RecoveryReport;
  disk(): DiskState;
}

const MEBIBYTE = 1024 * 1024;
const SEGMENT_BYTES = 64 * MEBIBYTE;
const RESERVE_BYTES = 8 * MEBIBYTE;

/**
 * Recovers the log (rules 9, 10) and opens it for writing. When this resolves, everything up to `log.head()` is on disk.
 * @throws CodedError EVENT_LOG_MIXED; system errors of the disk
 */
export async function openEventLog(options: EventLogOptions): Promise<OpenedEventLog> {
  const { directory, clock, logger, metrics, fileSystem = realFileSystem } = options;
  await fileSystem.makeFolder(directory);
  const disk = new DiskSpace({
    directory,
    minFreeBytes: options.minFreeBytes,
    reserveBytes: options.reserveBytes ?? RESERVE_BYTES,
    fileSystem,
    logger,
    metrics,
    onChange: options.onDiskState ?? (() => undefined),
  });
  await disk.check(); // on a full disk recovery needs of the reserve
  const { report, open, endsSynced } = await recover({ directory, fileSystem, clock });
  logRecovery(logger, report);
  const segments = new SegmentWriter({ fileSystem, directory, segmentBytes: options.segmentBytes ?? SEGMENT_BYTES });
  if (open !== undefined) await segments.reopen(open.first, open.bytes);
  const log = new SegmentedWriter({
    logId: report.logId,
    endsSynced,
    segments,
    reader: new SegmentReader({ directory, fileSystem, head: report.head }),
    disk,
    clock,
    logger,
    metrics: writerMetrics(metrics),
    onHead: options.onHead ?? (() => undefined),
  });
  await log.sayWhatIsSynced('recovery');
  return { log, recovery: report, disk: () => disk.state };
}

function logRecovery(logger: Logger, report: RecoveryReport): void {
  for (const { first, last, reason } of report.damage) {
    logger.error({ first, last, reason }, 'the event log is damaged: these lines were on disk once');
  }
  for (const first of report.damagedHeaders) logger.error({ first }, 'the first line of a log segment is damaged');
  for (const { path, bytes } of report.cuts) {
    logger.warn({ path, bytes }, 'the unacknowledged end of the event log was saved and cut');
  }
  if (report.linesWrittenAgain > 0) {
    logger.debug(
      { lines: report.linesWrittenAgain },
      'lines at the end of the event log were written again and synced',
    );
  }
}
