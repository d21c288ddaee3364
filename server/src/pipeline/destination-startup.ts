import { CodedError } from '../domain/errors.ts';
import { BEFORE_FIRST, type Sequence, sequence } from '../domain/sequence.ts';
import { destinationAddedRecord } from '../domain/server-record.ts';
import { compareWithLog, type LogComparison } from './log-comparison.ts';
import type { Clock } from './ports/clock.ts';
import type { DestinationState } from './ports/destination-states.ts';
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
}

export interface StartedDestinations {
  /** To be delivered to. */
  readonly running: readonly string[];
  /** Stopped until an operator has decided (rule 11). */
  readonly held: ReadonlyMap<string, CodedError>;
  readonly comparison: LogComparison;
}

/**
 * Before the server listens: compares what the durable database remembers with the log (rule 11), then stores where new
 * destinations begin (rule 16). Everything found is durable when this resolves; doing it again changes nothing.
 * @throws CodedError STATE_DATABASE_FAILED
 */
export async function startDestinations(options: DestinationStartupOptions): Promise<StartedDestinations> {
  const { configured, state, logger, log, logId } = options;
  const comparison = await compare(options);
  if (comparison.error !== undefined) {
    logger.error({ code: comparison.error.code, error: comparison.error.message }, 'The log is not what it was.');
  }
  const held = hold(comparison, options);
  for (const destination of configured) {
    if (state.cursors.load(destination.name) === undefined) await register(destination, options);
  }
  state.destinations.markConfigured(configured.map(({ name }) => name));
  warnOfOthers(options);
  // only now: a crash before this compares with what was seen before
  const head = log.head();
  const headDigest = await digestAt(log, head);
  state.recordSeenLog({ logId, head, ...(headDigest === undefined ? {} : { headDigest }) });
  const running = configured.map(({ name }) => name).filter((name) => !held.has(name));
  return { running, held, comparison };
}

async function compare({ state, log, logId }: DestinationStartupOptions): Promise<LogComparison> {
  const seen = state.seenLog();
  const digestAtSeenHead = seen === undefined ? undefined : await digestAt(log, seen.head);
  return compareWithLog(
    { seen, destinations: state.destinations.list() },
    {
      logId,
      head: log.head(),
      firstRetained: await log.firstRetained(),
      ...(digestAtSeenHead === undefined ? {} : { digestAtSeenHead }),
    },
  );
}

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
    logger.error({ destination, code, error: message }, 'A destination is stopped until somebody decides.');
  }
  return held;
}

/** A crash after the record appends it again at the next start: a repeat, by its id. */
async function register(destination: ConfiguredDestination, options: DestinationStartupOptions): Promise<void> {
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
  logger.info({ destination: name, startFrom, after }, 'A new destination begins.');
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
