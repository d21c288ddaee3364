import { CodedError } from '../domain/errors.ts';
import { BEFORE_FIRST, nextSequence, type Sequence, type SequenceRange, sequence } from '../domain/sequence.ts';
import type { StoredError } from './ports/destination-states.ts';
import type { SeenLog } from './ports/state-store.ts';

/** What the durable database says, as far as rule 11 compares it. */
export interface StateFacts {
  /** Undefined: this database has never seen a log. */
  readonly seen: SeenLog | undefined;
  readonly destinations: readonly DestinationPosition[];
}

export interface DestinationPosition {
  readonly name: string;
  readonly committed: Sequence;
  readonly begun?: SequenceRange;
  /** An earlier comparison stopped it, and no operator has decided since. */
  readonly held?: StoredError;
  /** The highest sequence that the destination itself is known to hold (the metadata of its files), if it can tell. */
  readonly holdsUpTo?: Sequence;
  /** What an operator has accepted that it holds. */
  readonly acceptedUpTo?: Sequence;
}

/** The log after recovery and before anything is appended. */
export interface LogState {
  readonly logId: string;
  readonly head: Sequence;
  readonly firstRetained: Sequence;
  /** Of the line at `seen.head`, where it is retained and whole. */
  readonly digestAtSeenHead?: string;
}

export type DestinationVerdict =
  | { readonly kind: 'ok' }
  /** To be held (`DestinationStates.hold`) until an operator has decided; others go on. */
  | { readonly kind: 'stopped'; readonly error: CodedError }
  /** Retention took what it had not been given: a dead letter for the range, then it goes on behind it. */
  | { readonly kind: 'gap'; readonly range: SequenceRange; readonly error: CodedError };

export interface LogComparison {
  /**
   * `same`: nothing happened. `new`: both begin. `state-missing`: the log holds events and the database knows nothing of
   * it. `older`: the log ends before what the database has seen, or has another line there. `replaced`: another log.
   */
  readonly log: 'same' | 'new' | 'state-missing' | 'older' | 'replaced';
  /** What an operator must be told, whatever becomes of the destinations. */
  readonly error?: CodedError;
  readonly destinations: ReadonlyMap<string, DestinationVerdict>;
}

/** Rule 11: nothing is skipped in silence. Pure; what it finds is to be made durable before the server listens. */
export function compareWithLog(state: StateFacts, log: LogState): LogComparison {
  const kind = kindOf(state, log);
  const verdicts = state.destinations.map((d) => [d.name, verdictOf(d, kind, state, log)] as const);
  const error = errorOf(kind, state, log);
  return { log: kind, ...(error === undefined ? {} : { error }), destinations: new Map(verdicts) };
}

function kindOf({ seen, destinations }: StateFacts, log: LogState): LogComparison['log'] {
  if (seen === undefined) return log.head === 0 ? 'new' : destinations.length === 0 ? 'state-missing' : 'same';
  // nothing ever stood in the log that was seen: whatever its id was, no destination had anything of it
  if (seen.head === 0) return log.head === 0 ? 'new' : 'same';
  if (seen.logId !== log.logId) return 'replaced';
  const isOtherLine =
    seen.headDigest !== undefined && log.digestAtSeenHead !== undefined && seen.headDigest !== log.digestAtSeenHead;
  return log.head < seen.head || isOtherLine ? 'older' : 'same';
}

function errorOf(kind: LogComparison['log'], { seen }: StateFacts, log: LogState): CodedError | undefined {
  switch (kind) {
    case 'same':
    case 'new':
      return undefined;
    case 'state-missing':
      return new CodedError(
        'STATE_DATABASE_MISSING',
        `The log holds events up to ${log.head}, and durable.sqlite does not know it. Restore durable.sqlite from its ` +
          'backup; without one, every destination starts as a new one where its startFrom says.',
        { head: log.head },
      );
    case 'older':
      return new CodedError(
        'CURSOR_BEYOND_LOG',
        `The log ends at ${log.head}, and had ended at ${seen?.head} or later with other lines: an older copy was put ` +
          'back. What came after it is not in this log.',
        { head: log.head, seenHead: seen?.head },
      );
    case 'replaced':
      return new CodedError(
        'LOG_REPLACED',
        `This is the log ${log.logId}; durable.sqlite belongs to the log ${seen?.logId}. Put the right one back.`,
        { logId: log.logId, seenLogId: seen?.logId },
      );
  }
}

function verdictOf(
  destination: DestinationPosition,
  kind: LogComparison['log'],
  state: StateFacts,
  log: LogState,
): DestinationVerdict {
  const { name, committed, begun, held, holdsUpTo } = destination;
  if (held !== undefined) return { kind: 'stopped', error: stillHeld(name, held) };
  if (kind === 'replaced') return { kind: 'stopped', error: replaced(name, committed, state, log) };
  // with the lines from seen.head on changed, whoever had been given them cannot be told what is in this log instead
  const isPastChange = kind === 'older' && committed > 0 && committed >= (state.seen?.head ?? 0);
  if (committed > log.head || isPastChange) return { kind: 'stopped', error: beyondLog(name, committed, log) };
  if (begun !== undefined && begun.last > log.head) return { kind: 'stopped', error: beyondLog(name, begun.last, log) };
  if (holdsUpTo !== undefined && holdsUpTo > explainedUpTo(destination)) {
    return { kind: 'stopped', error: behindDelivery(name, committed, holdsUpTo) };
  }
  if (nextSequence(committed) >= log.firstRetained) return { kind: 'ok' };
  const range = { first: nextSequence(committed), last: sequence(log.firstRetained - 1) };
  return { kind: 'gap', range, error: notRetained(name, range) };
}

/** What it may hold without having been given anything that the database does not know of. */
export function explainedUpTo({ committed, begun, acceptedUpTo }: Omit<DestinationPosition, 'held'>): number {
  return Math.max(begun?.last ?? committed, acceptedUpTo ?? BEFORE_FIRST);
}

function stillHeld(name: string, { code, message }: StoredError): CodedError {
  return new CodedError(
    code === 'LOG_REPLACED' || code === 'CURSOR_BEHIND_DELIVERY' ? code : 'CURSOR_BEYOND_LOG',
    message,
    { destination: name },
  );
}

function replaced(name: string, committed: Sequence, { seen }: StateFacts, log: LogState): CodedError {
  return new CodedError(
    'LOG_REPLACED',
    `${name} had been given the log ${seen?.logId} up to ${committed}; this is the log ${log.logId}. Put the right one ` +
      `back, or let ${name} start on this one with "destinations restart".`,
    { destination: name, committed, logId: log.logId, seenLogId: seen?.logId },
  );
}

function beyondLog(name: string, reached: Sequence, log: LogState): CodedError {
  return new CodedError(
    'CURSOR_BEYOND_LOG',
    `${name} has been given a log up to ${reached}, this one ends at ${log.head} or has other lines: an older copy was ` +
      `put back. Put the newer one back, or let ${name} go on from here with "destinations restart".`,
    { destination: name, reached, head: log.head },
  );
}

/** It would get again what it has: an older database, or none. */
export function behindDelivery(name: string, committed: Sequence, holdsUpTo: Sequence): CodedError {
  return new CodedError(
    'CURSOR_BEHIND_DELIVERY',
    `${name} holds events up to ${holdsUpTo}, durable.sqlite says ${committed}: an older copy of it was put back, or it is gone. Put ` +
      `the newer one back, or let ${name} go on behind what it holds: stop the server, then "destinations restart ${name} ` +
      `--from ${nextSequence(holdsUpTo)}".`,
    { destination: name, committed, holdsUpTo },
  );
}

function notRetained(name: string, { first, last }: SequenceRange): CodedError {
  return new CodedError(
    'EVENTS_NOT_RETAINED',
    `The log no longer holds ${first} to ${last}, which ${name} had not yet been given.`,
    { destination: name, first, last },
  );
}
