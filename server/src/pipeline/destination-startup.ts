import { CodedError } from '../domain/errors.ts';
import { BEFORE_FIRST, type Sequence, sequence } from '../domain/sequence.ts';
import { destinationAddedRecord } from '../domain/server-record.ts';
import {
  behindDelivery,
  compareWithLog,
  type DestinationPosition,
  explainedUpTo,
  type LogComparison,
} from './log-comparison.ts';
import type { Clock } from './ports/clock.ts';
import { ALL_ACCEPTED, type DestinationState } from './ports/destination-states.ts';
import type { EventLog } from './ports/event-log.ts';
import type { Logger } from './ports/logger.ts';
import type { SeenLog, StateStore } from './ports/state-store.ts';

export interface ConfiguredDestination {
  readonly name: string;
  readonly type: string;
  /** Where a destination that is new here begins; `earliest` = with the oldest event of the log. */
  readonly startFrom?: 'now' | 'earliest';
}

export interface DestinationStartupOptions {
  readonly configured: readonly ConfiguredDestination[];
  readonly logId: string;
  readonly log: EventLog;
  readonly state: Pick<StateStore, 'cursors' | 'destinations' | 'seenLog' | 'recordSeenLog'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** What a configured destination is known to hold, where it can tell (`Destination.holdsUpTo`). */
  readonly holdsUpTo?: (destination: string) => Promise<Sequence | undefined>;
}

export interface StartedDestinations {
  /** To be delivered to. */
  readonly running: readonly string[];
  /** Stopped until an operator has decided (rule 11). */
  readonly held: ReadonlyMap<string, CodedError>;
  /**
   * Have not said what they hold. Nothing may be delivered to one before its promise resolves: to undefined, or to why it
   * has been stopped until an operator has decided.
   */
  readonly silent: ReadonlyMap<string, Promise<CodedError | undefined>>;
  readonly comparison: LogComparison;
}

/** A folder on a dead network share gives no answer at all; those who send events wait no longer for it. */
const ANSWER_MS = 2000;

/**
 * Before the server listens: compares what the durable database remembers with the log (rule 11), then stores where new
 * destinations begin (rule 16). Everything found is durable when this resolves; doing it again changes nothing.
 * @throws CodedError STATE_DATABASE_FAILED
 */
export async function startDestinations(options: DestinationStartupOptions): Promise<StartedDestinations> {
  const { configured, state, logger, log, logId } = options;
  const { holdings, late } = await holdingsOf(options);
  const comparison = await compare(options, holdings);
  if (comparison.error !== undefined) {
    logger.error({ code: comparison.error.code, error: comparison.error.message }, 'The log is not what it was.');
  }
  const held = hold(comparison, options);
  for (const destination of configured) {
    if (state.cursors.load(destination.name) !== undefined) continue;
    const error = await register(destination, options, holdings.get(destination.name));
    if (error !== undefined) held.set(destination.name, error);
  }
  for (const [name, upTo] of holdings) {
    if (state.destinations.get(name)?.acceptedUpTo === ALL_ACCEPTED) state.destinations.accept(name, upTo);
  }
  state.destinations.markConfigured(configured.map(({ name }) => name));
  warnOfOthers(options);
  // only now: a crash before this compares with what was seen before
  const head = log.head();
  const headDigest = await digestAt(log, head);
  state.recordSeenLog({ logId, head, ...(headDigest === undefined ? {} : { headDigest }) });
  const names = configured.map(({ name }) => name).filter((name) => !held.has(name));
  const silent = new Map(
    [...late].filter(([name]) => !held.has(name)).map(([name, answer]) => [name, lateVerdict(name, answer, options)]),
  );
  return { running: names.filter((name) => !silent.has(name)), held, silent, comparison };
}

interface Holdings {
  readonly holdings: ReadonlyMap<string, Sequence>;
  readonly late: ReadonlyMap<string, Promise<Sequence | undefined>>;
}

async function holdingsOf(options: DestinationStartupOptions): Promise<Holdings> {
  const { configured, clock } = options;
  const holdings = new Map<string, Sequence>();
  const late = new Map<string, Promise<Sequence | undefined>>();
  const over = new AbortController();
  const deadline = clock.sleep(ANSWER_MS, over.signal).then(() => 'late' as const);
  const ask = async ({ name }: ConfiguredDestination) => {
    const answer = holdingOf(name, options);
    const upTo = await Promise.race([answer, deadline]);
    if (upTo === 'late') late.set(name, answer);
    else if (upTo !== undefined) holdings.set(name, upTo);
  };
  await Promise.all(configured.map(ask));
  over.abort();
  return { holdings, late };
}

/** A folder that cannot be read now says nothing: what is delivered to it waits as well. */
async function holdingOf(
  name: string,
  { holdsUpTo, logger }: DestinationStartupOptions,
): Promise<Sequence | undefined> {
  try {
    return await holdsUpTo?.(name);
  } catch (thrown) {
    if (!(thrown instanceof CodedError)) throw thrown;
    const fields = { destination: name, code: thrown.code, error: thrown.message };
    logger.info(fields, 'What a destination already holds cannot be looked at.');
    return undefined;
  }
}

/** What the comparison at start would have said. Nothing has been delivered to it since. */
async function lateVerdict(
  name: string,
  answer: Promise<Sequence | undefined>,
  { state, logger }: DestinationStartupOptions,
): Promise<CodedError | undefined> {
  const upTo = await answer;
  const position = state.destinations.get(name);
  if (upTo === undefined || position === undefined) return undefined;
  if (position.acceptedUpTo === ALL_ACCEPTED) state.destinations.accept(name, upTo);
  if (upTo <= explainedUpTo(position)) return undefined;
  const error = behindDelivery(name, position.committed, upTo);
  state.destinations.hold(name, error);
  logger.error({ destination: name, code: error.code, error: error.message }, STOPPED);
  return error;
}

async function compare(
  { state, log, logId }: DestinationStartupOptions,
  holdings: ReadonlyMap<string, Sequence>,
): Promise<LogComparison> {
  const seen = state.seenLog();
  const digestAtSeenHead = seen === undefined ? undefined : await digestAt(log, seen.head);
  return compareWithLog(
    { seen, destinations: state.destinations.list().map((d) => withHolding(d, holdings.get(d.name))) },
    {
      logId,
      head: log.head(),
      firstRetained: await log.firstRetained(),
      ...(digestAtSeenHead === undefined ? {} : { digestAtSeenHead }),
    },
  );
}

function withHolding(destination: DestinationState, holdsUpTo: Sequence | undefined): DestinationPosition {
  return holdsUpTo === undefined ? destination : { ...destination, holdsUpTo };
}

const STOPPED = 'A destination is stopped until somebody decides.';

/** Rule 11. A gap is only told of here: the delivery reader comes upon it and makes the dead letter. */
function hold(comparison: LogComparison, { state, logger }: DestinationStartupOptions): Map<string, CodedError> {
  const held = new Map<string, CodedError>();
  for (const [destination, verdict] of comparison.destinations) {
    if (verdict.kind === 'ok') continue;
    const { code, message } = verdict.error;
    if (verdict.kind === 'gap') {
      logger.warn(
        { destination, code, ...verdict.range },
        'The log no longer holds what a destination had not been given.',
      );
      continue;
    }
    if (state.destinations.get(destination)?.held === undefined) state.destinations.hold(destination, verdict.error);
    held.set(destination, verdict.error);
    logger.error({ destination, code, error: message }, STOPPED);
  }
  return held;
}

/**
 * Without its database a destination may hold what it is about to be given; then it is held at once (rule 11).
 * A crash after the record appends it again at the next start: a repeat, by its id.
 */
async function register(
  destination: ConfiguredDestination,
  options: DestinationStartupOptions,
  holdsUpTo: Sequence = BEFORE_FIRST,
): Promise<CodedError | undefined> {
  const { log, logId, state, clock, logger } = options;
  const { name, type, startFrom = 'earliest' } = destination;
  const after: Sequence = startFrom === 'now' ? log.head() : sequence((await log.firstRetained()) - 1);
  const record = { logId, destination: name, destinationType: type, startFrom, after, at: clock.now() };
  try {
    await log.append([destinationAddedRecord(record)]);
  } catch (thrown) {
    if (!(thrown instanceof CodedError)) throw thrown;
    logger.warn({ destination: name, code: thrown.code, error: thrown.message }, 'A new destination was not recorded.');
  }
  state.cursors.register(name, after, { type, startFrom });
  if (holdsUpTo > after) {
    const error = behindDelivery(name, after, holdsUpTo);
    state.destinations.hold(name, error);
    logger.error({ destination: name, code: error.code, error: error.message }, STOPPED);
    return error;
  }
  logger.info({ destination: name, startFrom, after }, 'A new destination begins.');
  return undefined;
}

/** Those that are no longer configured keep their position and hold nothing back. */
function warnOfOthers({ configured, state, logger, log }: DestinationStartupOptions): void {
  const names = new Set(configured.map(({ name }) => name));
  const isLeftOver = (d: DestinationState) => !names.has(d.name) && d.target === undefined;
  for (const { name, committed } of state.destinations.list().filter(isLeftOver)) {
    logger.warn(
      { destination: name, committed, lagEvents: Math.max(0, log.head() - committed) },
      'A destination is no longer configured: it gets nothing, keeps its position, and does not keep log segments.',
    );
  }
}

/** Undefined where the line cannot be read. */
async function digestAt(log: EventLog, seq: Sequence): Promise<SeenLog['headDigest']> {
  if (seq === BEFORE_FIRST || seq > log.head()) return undefined;
  const [item] = await log.read(sequence(seq - 1), { events: 1, bytes: 1 });
  return item?.kind === 'event' && item.seq === seq ? item.digest : undefined;
}
