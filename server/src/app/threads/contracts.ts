import type { NewLogEntry } from '../../domain/log-entry.ts';
import type { Sequence } from '../../domain/sequence.ts';
import type { AppendReceipt } from '../../pipeline/ports/event-log.ts';
import type { QueueSnapshot } from '../../pipeline/queue-statistics.ts';
import type { ScreenshotStatus } from '../../pipeline/screenshot-status.ts';
import type { AuditConfig } from '../config/config.ts';

/** As `adapters/metrics` makes it: plain data. */
export type MetricsSnapshot = readonly object[];

/** What a thread is started with. Plain data. */
export interface ThreadStart {
  readonly config: AuditConfig;
  /** As the main thread has just opened it. */
  readonly log: { readonly logId: string; readonly head: Sequence; readonly firstRetained: Sequence };
  /** As it is now; news come later. */
  readonly disk: DiskNews;
  readonly logger: ThreadLogger;
  /** False: nobody can look at the viewer port. */
  readonly ports: boolean;
}

/** How a thread logs. */
export interface ThreadLogger {
  readonly format: 'text' | 'json';
  readonly to: 'stdout' | 'stderr';
  readonly level: AuditConfig['logging']['level'];
  readonly directory?: string;
}

/** What the main thread offers to the delivery thread. */
export type MainForDelivery = {
  append(entries: readonly NewLogEntry[]): Promise<readonly AppendReceipt[]>;
  /** An operator asked for it on the command line. */
  stopRequested(by: { readonly actor: string }): void;
  /** Retention deleted what was before. */
  logBegins(firstRetained: Sequence): void;
  /** Rebuild the search table too. */
  reindexViewer(argument: undefined): Promise<void>;
  /** Figures of the ingest queue since the last `queueIntervalWritten`; undefined before there is a queue. */
  queueInterval(argument: undefined): QueueSnapshot | undefined;
  /** The last ones told are in InfluxDB. */
  queueIntervalWritten(argument: undefined): void;
};

/** Of the disk that holds the log, as the log's writer sees it. */
export interface DiskNews {
  /** Rule 8: exports to files, images and search indexing pause. */
  readonly isFull: boolean;
  readonly freeBytes: number | undefined;
}

export type DeliveryMethods = {
  head(seq: Sequence): void;
  disk(news: DiskNews): void;
  /** How far the search table goes: retention waits for it. */
  indexed(upTo: Sequence): void;
  /** Destinations are registered and compared with the log, workers run. Before the server listens (rules 11, 16). */
  start(argument: undefined): Promise<void>;
  metrics(argument: undefined): Promise<MetricsSnapshot>;
  status(argument: undefined): DeliveryThreadStatus;
  /** File destinations deliver what waits; everything is closed at the deadline. */
  stop(options: { readonly deadlineMs: number }): Promise<void>;
};

/** As `/api/v1/status` shows it. */
export interface DeliveryThreadStatus {
  readonly destinations: readonly object[];
  readonly deduplicator: { readonly position: Sequence };
  readonly screenshots: ScreenshotStatus;
  /** Bytes of the log when retention last looked. */
  readonly logBytes: number | undefined;
}

/** What the main thread offers to the viewer thread. */
export type MainForViewer = {
  /** Who looked at the audit trail, as records of the server. */
  append(entries: readonly NewLogEntry[]): Promise<readonly AppendReceipt[]>;
  /** Of the main and the delivery thread. */
  metrics(argument: undefined): Promise<readonly MetricsSnapshot[]>;
  status(argument: undefined): Promise<object>;
  /** How far the search table goes. */
  indexed(upTo: Sequence): void;
  /** Undefined: ready. */
  notReadyBecause(argument: undefined): string | undefined;
};

export type ViewerMethods = {
  head(seq: Sequence): void;
  disk(news: DiskNews): void;
  /** Retention deleted what was before. */
  logBegins(firstRetained: Sequence): void;
  /** The indexer runs; the port is open unless it was not wanted or cannot be had yet. */
  start(argument: undefined): Promise<{ readonly url: string | undefined }>;
  stop(argument: undefined): Promise<void>;
  /** Builds the search table again; resolves when that has begun. */
  reindex(argument: undefined): void;
};
