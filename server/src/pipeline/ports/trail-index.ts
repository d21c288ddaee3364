import type { EpochMillis } from '../../domain/epoch-millis.ts';
import type { Origin } from '../../domain/log-entry.ts';
import type { ScreenshotFile } from '../../domain/screenshot-outcome.ts';
import type { Sequence } from '../../domain/sequence.ts';
import type { SummaryOrder } from '../../domain/trail.ts';
import type { LimitedFilter } from '../trail/limited-filter.ts';

/** One event as lists show it. Rows of the other tables that belong to it included. */
export interface TrailRow {
  readonly key: TrailKey;
  readonly sequence: Sequence;
  readonly eventId: string;
  readonly eventType: string;
  readonly origin: Origin;
  readonly isConflict: boolean;
  readonly isHidden: boolean;
  readonly time: EpochMillis;
  readonly receivedAt: EpochMillis;
  readonly userId: string | null;
  readonly appId: string | null;
  readonly appName: string | null;
  readonly sheetId: string | null;
  readonly sheetName: string | null;
  readonly objectId: string | null;
  readonly objectType: string | null;
  readonly selectionTxnId: string | null;
  readonly correlationId: string | null;
  /** At most 2^53 - 1. */
  readonly durationMs: number | null;
  readonly visible: boolean | null;
  readonly selections: string | null;
  readonly picture: TrailPicture | null;
}

export interface TrailPicture {
  readonly status: 'waiting' | 'saved' | 'failed';
  readonly reason: string | null;
  readonly files: readonly ScreenshotFile[];
  /** Its first outcome record, where the event is due in delivery order (rule 14); null while it waits. */
  readonly firstOutcome: Sequence | null;
}

/** A place in the order of time and sequence; text, opaque. */
export type TrailKey = string & { readonly __brand: 'TrailKey' };

/** What is counted of events that are alike. */
export interface TrailCount {
  /** What they share; null: they have none. Hours 0-23, weekdays 1-7 as numbers. */
  readonly key: string | number | null;
  /** The name that belongs to `key`, of an app or a sheet. */
  readonly name: string | null;
  /** Of `first-open`. */
  readonly userId: string | null;
  readonly events: number;
  readonly views: number;
  readonly users: number;
  readonly totalMs: number;
  readonly medianMs: number | null;
  readonly firstTime: EpochMillis;
  readonly lastTime: EpochMillis;
}

export type TrailCountBy =
  | 'app'
  | 'sheet'
  | 'object'
  | 'user'
  | 'hour'
  | 'weekday'
  | 'day'
  | 'eventType'
  | 'first-open';

export interface TrailCounts {
  /** By `order`, the most first; hours, weekdays and days in their order; `first-open`: the newest first. */
  readonly rows: readonly TrailCount[];
  /** More events match than are counted: the newest were. */
  readonly isPartial: boolean;
  /** Some medians are those of the newest views. */
  readonly hasApproximateMedians: boolean;
  /** Users are those who may have been there: never too few. */
  readonly hasApproximateUsers: boolean;
}

export interface TrailName {
  readonly kind: 'user' | 'app' | 'sheet';
  readonly value: string;
  readonly label: string;
}

/**
 * Read side of the viewer's table. Every call takes a `LimitedFilter`: nobody can ask without the limits of the reader.
 * Long calls yield to others between pieces of a few milliseconds.
 * @throws CodedError INDEX_REBUILDING while there is no table of this version
 */
export interface TrailIndex {
  position(): Sequence;
  /** Newest first, those before `before` in that order. */
  page(filter: LimitedFilter, before: TrailKey | undefined, limit: number): readonly TrailRow[];
  /** Those of these sequences that match, in the order of time. */
  rows(filter: LimitedFilter, sequences: readonly Sequence[]): readonly TrailRow[];
  /** In the order of the log, for followers: of the lines after `after`, `limit` at most are looked at. */
  after(
    filter: LimitedFilter,
    after: Sequence,
    limit: number,
  ): { readonly rows: readonly TrailRow[]; readonly upTo: Sequence };
  /** The oldest and the newest time that match. */
  span(filter: LimitedFilter): { readonly first: EpochMillis; readonly last: EpochMillis } | undefined;
  /** Events from each time to the next; the last ends with the filter. */
  histogram(filter: LimitedFilter, starts: readonly EpochMillis[], end: EpochMillis): Promise<readonly number[]>;
  /** Stretches of time come in their order, apps that were opened first the latest first, all else by `order`. */
  counts(filter: LimitedFilter, by: TrailCountBy, limit: number, order?: SummaryOrder): Promise<TrailCounts>;
  /** What is of these kinds and whose words begin so; of those that the filter's limits allow. */
  names(
    filter: LimitedFilter,
    words: readonly string[],
    kinds: readonly TrailName['kind'][],
    limit: number,
  ): readonly TrailName[];
  /** Types of the events that the filter lets through, hidden ones too. */
  eventTypes(filter: LimitedFilter): readonly string[];
}
