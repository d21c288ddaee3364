import type { EpochMillis } from '../../domain/epoch-millis.ts';
import type { TrailReader } from './reader.ts';

/** What a person asks for, read and checked. Empty lists do not filter. */
export interface TrailQuestion {
  readonly from?: EpochMillis;
  /** Exclusive. */
  readonly to?: EpochMillis;
  readonly user: readonly string[];
  readonly appId: readonly string[];
  readonly sheetId: readonly string[];
  readonly objectId: readonly string[];
  /** `server.viewer.*`: all that begin so. */
  readonly eventType: readonly string[];
  readonly selectionTxnId: readonly string[];
  readonly correlationId: readonly string[];
  readonly hour: readonly number[];
  readonly weekday: readonly number[];
  readonly q: string;
  /** Of `q`: events whose id it is. */
  readonly sequences: readonly number[];
  /** With what is hidden unless its type is asked for. */
  readonly withHidden: boolean;
}

declare const limited: unique symbol;

/** A question with the limits of who asks. Only `limitedTo` makes one, so no query can forget them. */
export interface LimitedFilter extends TrailQuestion {
  readonly [limited]: true;
  /** Only events of these apps; null: no limit. */
  readonly onlyApps: readonly string[] | null;
}

export const ANYTHING: TrailQuestion = {
  user: [],
  appId: [],
  sheetId: [],
  objectId: [],
  eventType: [],
  selectionTxnId: [],
  correlationId: [],
  hour: [],
  weekday: [],
  q: '',
  sequences: [],
  withHidden: false,
};

/** The one place where the limits of a reader enter a query. */
export function limitedTo(reader: TrailReader, question: TrailQuestion): LimitedFilter {
  return { ...question, onlyApps: reader.apps } as LimitedFilter;
}
