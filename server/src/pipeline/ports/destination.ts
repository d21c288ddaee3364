import type { AuditRecord } from '../../domain/audit-record.ts';
import type { CodedError } from '../../domain/errors.ts';
import type { Sequence, SequenceRange } from '../../domain/sequence.ts';
import type { Clock } from './clock.ts';
import type { Attempt, PreparedFile } from './cursor-store.ts';
import type { DayMerger } from './day-merger.ts';
import type { Logger } from './logger.ts';

/** What a destination writes: one event, derived once, mapped by each destination. */
export interface DeliveryRow {
  /** The position at which it is delivered: its own, or that of its outcome record (rule 14). */
  readonly position: Sequence;
  readonly record: AuditRecord;
  /** Another event has its id and was delivered; a person sends this one, too (rule 13). It must not replace the other. */
  readonly isConflict?: true;
}

export interface Batch {
  readonly range: SequenceRange;
  readonly rows: readonly DeliveryRow[];
  readonly attempt: Attempt;
  /** File destinations call it before publishing (rule 19). */
  prepare(file: PreparedFile): Attempt;
  /** File destinations call it when a foreign file has the reserved name; parts below `atLeast` are known to be taken. */
  reserveNext(atLeast?: number): Attempt;
}

export interface RejectedRow {
  readonly position: Sequence;
  readonly error: CodedError;
}

/** Retry as data: the worker decides, the destination only says what happened. */
export type DeliveryOutcome =
  | { readonly kind: 'delivered'; readonly rejected: readonly RejectedRow[] } // durable over there, except these
  | { readonly kind: 'retry'; readonly error: CodedError; readonly afterMs?: number } // may or may not have landed
  | { readonly kind: 'refused'; readonly error: CodedError } // the contents: the worker halves the batch (rule 20)
  | { readonly kind: 'stopped'; readonly error: CodedError }; // an operator must act; tried again every minute

export interface Destination {
  /** Is it there, and does it let us in? Sets up what it needs over there. @throws CodedError saying what to do. */
  check(signal: AbortSignal): Promise<void>;
  /** Never throws for what can go wrong outside: a throw is a defect. The same batch may come twice. */
  deliver(batch: Batch, signal: AbortSignal): Promise<DeliveryOutcome>;
  /**
   * The highest sequence of this log that it is known to hold, where it can tell (rule 11). Undefined: nothing found.
   * @throws CodedError when it cannot be looked at now
   */
  holdsUpTo?(): Promise<Sequence | undefined>;
  /** May be called twice. */
  close(): Promise<void>;
}

export interface DeliveryPolicy {
  readonly maxBatchSize: number;
  readonly maxBatchBytes: number;
  /** How long the oldest waiting event may wait for its batch to fill; 0 = at once. */
  readonly writeFrequencyMs: number;
  readonly attemptTimeoutMs: number;
  /** File destinations: `begin` reserves a part of the day. */
  readonly reservesPart: boolean;
  /** A stop delivers what waits instead of leaving it for the next start. */
  readonly flushOnStop: boolean;
}

export interface DestinationContext {
  /** Unique among those that run at the same time: a replay has a name of its own. */
  readonly name: string;
  /** Tells this log's temporary files from those of another server that exports to the same folder. */
  readonly logId?: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Absolute; relative paths of the configuration resolve against it. */
  readonly root: string;
  /** Product name and version, for file metadata. */
  readonly product: { readonly name: string; readonly version: string };
}

export type JsonSchema = Readonly<Record<string, unknown>>;

/** Parses a destination's section of the configuration, gives its type, marks secrets, generates configuration.md. */
export interface OptionsSchema<O> {
  readonly jsonSchema: JsonSchema;
  /** `raw` has already passed `jsonSchema` with its defaults filled in. @throws CodedError CONFIG_INVALID */
  parse(raw: unknown): O;
}

export interface DestinationFactory<O> {
  /** Same as the folder and the key in the configuration: `parquet`. */
  readonly type: string;
  readonly options: OptionsSchema<O>;
  /** Configuration may override. */
  policy(options: O): DeliveryPolicy;
  /** What a reader over there sees if one batch arrives twice. */
  readonly repeats: 'absorbed' | 'visible';
  /** No I/O. */
  create(options: O, context: DestinationContext): Destination;
  /** File destinations that make one file of a day's parts, when their options say so. No I/O. */
  dayMerger?(options: O, context: DestinationContext): DayMerger | undefined;
}

export interface OpenedDestination {
  readonly type: string;
  readonly policy: DeliveryPolicy;
  readonly repeats: 'absorbed' | 'visible';
  readonly destination: Destination;
  readonly dayMerger?: DayMerger | undefined;
}

/** A factory with its options type hidden, so that the registry is an array. */
export interface RegisteredDestination {
  readonly type: string;
  readonly jsonSchema: JsonSchema;
  /** No I/O. @throws CodedError CONFIG_INVALID whose context has the `setting`, and as `problem` what is wrong with it */
  checkOptions(rawOptions: unknown): void;
  open(rawOptions: unknown, context: DestinationContext): OpenedDestination;
}

export function defineDestination<O>(factory: DestinationFactory<O>): RegisteredDestination {
  return {
    type: factory.type,
    jsonSchema: factory.options.jsonSchema,
    checkOptions(rawOptions) {
      factory.options.parse(rawOptions);
    },
    open(rawOptions, context) {
      const options = factory.options.parse(rawOptions);
      return {
        type: factory.type,
        policy: factory.policy(options),
        repeats: factory.repeats,
        destination: factory.create(options, context),
        dayMerger: factory.dayMerger?.(options, context),
      };
    },
  };
}
