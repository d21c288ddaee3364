import { CodedError } from '../domain/errors.ts';
import { nextSequence, type Sequence, sequence } from '../domain/sequence.ts';
import { DeadLetterSource } from './dead-letter-source.ts';
import { DeliveryReader, type DeliverySource } from './delivery-reader.ts';
import type { DestinationStatus } from './delivery-status.ts';
import { DeliveryWorker, type StopOptions } from './delivery-worker.ts';
import type { Clock } from './ports/clock.ts';
import type { CursorStore, Registration } from './ports/cursor-store.ts';
import type { DeadLetters, DeadLettersInLogOrder } from './ports/dead-letters.ts';
import type { OpenedDestination } from './ports/destination.ts';
import type { DestinationStates } from './ports/destination-states.ts';
import type { EventLogReader } from './ports/event-log.ts';
import type { LogFactsReader } from './ports/log-facts.ts';
import type { Logger } from './ports/logger.ts';
import type { Metrics } from './ports/metrics.ts';
import { isFileDestination } from './retry-policy.ts';

export interface ReplayRequest {
  /** Of the request: a server that takes it up again goes on where the last one was. */
  readonly id: number;
  readonly destination: string;
  readonly from: Sequence;
  /** Absent: the head at this moment. */
  readonly through?: Sequence;
  /** Absolute; files need a new folder (rule 21). */
  readonly exportDirectory?: string;
}

export interface DeadLetterRetryRequest {
  readonly id: number;
  readonly destination: string;
  /** Absent: all that are there at this moment. */
  readonly ids?: readonly number[];
}

export interface FixedRunOptions {
  readonly log: EventLogReader;
  readonly facts: LogFactsReader;
  readonly cursors: CursorStore;
  readonly destinations: Pick<DestinationStates, 'get' | 'remove'>;
  readonly deadLetters: DeadLetters & DeadLettersInLogOrder;
  /** A second instance of a configured destination, under a name of its own. */
  readonly open: (destination: string, name: string, exportDirectory?: string) => OpenedDestination;
  readonly isEmptyFolder: (path: string) => Promise<boolean>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly paused?: () => boolean;
}

export interface FixedRunResult {
  /** False: the server stopped first; the next one goes on. */
  readonly isFinished: boolean;
  readonly status: DestinationStatus;
}

/** A replay or a dead-letter retry: a worker with cursor and attempts of its own, and a fixed end (rule 21). */
export interface FixedRun {
  readonly name: string;
  /** The destination it is for. */
  readonly destination: string;
  readonly committed: () => Sequence;
  readonly status: () => DestinationStatus;
  readonly run: () => Promise<FixedRunResult>;
  readonly stop: (options: StopOptions) => Promise<void>;
}

/** Under which its position is kept until it is finished. */
export function fixedRunName(kind: 'replay' | 'retry-dead-letters', destination: string, request: number): string {
  return `${kind === 'replay' ? 'replay' : 'retry'}:${destination}:${request}`;
}

/** @throws CodedError REPLAY_NOT_POSSIBLE, saying what to ask for instead */
export async function replay(request: ReplayRequest, options: FixedRunOptions): Promise<FixedRun> {
  const { destination, exportDirectory } = request;
  const name = fixedRunName('replay', destination, request.id);
  const opened = options.open(destination, name, exportDirectory);
  const known = options.destinations.get(name);
  if (known === undefined && isFileDestination(opened.policy)) {
    if (exportDirectory === undefined || !(await options.isEmptyFolder(exportDirectory))) {
      throw notPossible(`Files of a replay need a new folder of their own; name an empty one for ${destination}.`);
    }
  }
  const from = Math.max(request.from, await options.log.firstRetained());
  const end = known?.end ?? request.through ?? options.log.head();
  if (end > options.log.head() || from > end + 1) {
    throw notPossible(`The log goes to ${options.log.head()}; a replay from ${from} to ${end} is not in it.`);
  }
  const registration = { type: opened.type, startFrom: String(from), end, target: destination };
  return fixedRun(
    name,
    sequence(from - 1),
    registration,
    opened,
    new DeliveryReader({ ...options, conflicts: 'leave-out' }),
    options,
  );
}

/** @returns undefined when there is nothing to retry */
export function retryDeadLetters(request: DeadLetterRetryRequest, options: FixedRunOptions): FixedRun | undefined {
  const { destination, ids } = request;
  const name = fixedRunName('retry-dead-letters', destination, request.id);
  const known = options.destinations.get(name);
  const bounds = known?.end === undefined ? boundsOf(request, options.deadLetters) : undefined;
  const end = known?.end ?? bounds?.last;
  if (end === undefined) return undefined;
  const { type } = options.destinations.get(destination) ?? {};
  const opened = options.open(destination, name);
  const registration = {
    type: type ?? opened.type,
    startFrom: 'dead letters',
    end,
    target: destination,
    sharesPartsOfTarget: true,
  };
  const source = new DeadLetterSource({
    destination,
    end,
    deadLetters: options.deadLetters,
    reader: new DeliveryReader({ ...options, conflicts: 'deliver' }),
    ...(ids === undefined ? {} : { ids }),
  });
  return fixedRun(name, sequence((bounds?.first ?? 1) - 1), registration, opened, source, options);
}

function fixedRun(
  name: string,
  after: Sequence,
  registration: Registration & { readonly end: Sequence; readonly target: string },
  opened: OpenedDestination,
  source: DeliverySource & Partial<Pick<DeadLetterSource, 'resolvedBy'>>,
  options: FixedRunOptions,
): FixedRun {
  const { cursors, destinations, clock, logger, metrics, paused } = options;
  const { end, target } = registration;
  const held = destinations.get(name)?.held;
  if (held !== undefined) throw notPossible(`It had begun on a log that is not this one: ${held.message}`);
  // known from an earlier server: keeps its cursor
  cursors.register(name, after, registration);
  const worker = new DeliveryWorker({
    name,
    destination: opened.destination,
    policy: opened.policy,
    source,
    cursors,
    end,
    clock,
    logger,
    metrics,
    resolvedBy: (range) => source.resolvedBy?.(range) ?? [],
    ...(paused === undefined ? {} : { paused }),
  });
  return {
    name,
    destination: target,
    committed: () => worker.status().committed,
    status: () => worker.status(),
    stop: (stop) => worker.stop(stop),
    async run() {
      const first = nextSequence(cursors.load(name)?.committed ?? after);
      logger.info({ destination: target, run: name, first, last: end }, 'Sending events again.');
      await worker.run();
      const status = worker.status();
      if (!worker.isFinished) return { isFinished: false, status };
      destinations.remove(name);
      const { delivered, rejected } = status;
      logger.info({ destination: target, run: name, delivered, rejected }, 'Events have been sent again.');
      return { isFinished: true, status };
    },
  };
}

/** From the first to the last position of the dead letters that are meant. */
function boundsOf(
  { destination, ids }: DeadLetterRetryRequest,
  deadLetters: DeadLetters,
): { readonly first: number; readonly last: Sequence } | undefined {
  let first = Number.POSITIVE_INFINITY;
  let last: Sequence | undefined;
  for (let afterId = 0; ; ) {
    const filter = { destination, ...(ids === undefined ? {} : { ids }) };
    const page = deadLetters.list(filter, { afterId, limit: 500 });
    for (const { range } of page) {
      first = Math.min(first, range.first);
      if (last === undefined || range.last > last) last = range.last;
    }
    const lastId = page.at(-1)?.id;
    if (lastId === undefined) return last === undefined ? undefined : { first, last };
    afterId = lastId;
  }
}

function notPossible(message: string): CodedError {
  return new CodedError('REPLAY_NOT_POSSIBLE', message);
}
