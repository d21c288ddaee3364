import { userInfo } from 'node:os';
import { lockOwner } from '../../adapters/state-sqlite/log-lock.ts';
import { systemClock } from '../../adapters/system-clock/system-clock.ts';
import type { Sequence } from '../../domain/sequence.ts';
import type { Clock } from '../../pipeline/ports/clock.ts';
import type { DestinationStates } from '../../pipeline/ports/destination-states.ts';
import type { OperatorRequest, RequestQueue, StoredRequest } from '../../pipeline/ports/request-queue.ts';
import { fixedRunName } from '../../pipeline/replay.ts';
import type { AuditConfig, LoadedConfig } from '../config/config.ts';
import { openState } from './command-config.ts';
import { CommandFailure } from './exit-codes.ts';
import { withoutPorts } from './maintenance.ts';
import { print } from './output.ts';
import { ProgressLine, type TextOutput } from './progress-line.ts';

const POLL_MS = 100;
const FETCHING = 'Asking for the pictures; those that do not come are tried for up to a minute.';

/** Who asks; stands in the record of what is done. */
export function operator(): string {
  return userInfo().username;
}

/**
 * Asks the running server through its durable database and waits for the answer. Where none runs, this process becomes it
 * for that long, with its ports closed: the same code does the work either way.
 */
export async function carryOut(loaded: LoadedConfig, request: OperatorRequest): Promise<void> {
  const { config } = loaded;
  const state = openState(config);
  try {
    const id = state.requests.submit(request, operator());
    const { requests, destinations } = state;
    const answer = (isServed: () => boolean) =>
      answered({ requests, destinations, id, isServed, output: process.stdout, clock: systemClock });
    const done = isRunning(config)
      ? await answer(() => isRunning(config))
      : await withoutPorts(loaded, () => answer(() => true));
    if (done.state === 'failed')
      throw new CommandFailure(done.result ?? 'This failed; the log of the server says why.');
    print(`${done.result ?? 'Done.'}\n`);
  } finally {
    state.close();
  }
}

export function isRunning(config: AuditConfig): boolean {
  return lockOwner(config.eventLog.directory) !== undefined;
}

export interface AwaitedRequest {
  readonly requests: Pick<RequestQueue, 'get'>;
  readonly destinations: Pick<DestinationStates, 'get'>;
  readonly id: number;
  /** False: nobody is there who would answer. */
  readonly isServed: () => boolean;
  readonly output: TextOutput;
  readonly clock: Clock;
}

/** Waits until the request is done or has failed; a terminal sees how far it is. */
export async function answered(awaited: AwaitedRequest): Promise<StoredRequest> {
  const { requests, id, isServed, output, clock } = awaited;
  const forever = new AbortController().signal;
  const progress = new ProgressLine(output, () => clock.monotonicMs());
  const textOf = runProgress(awaited);
  try {
    for (;;) {
      const stored = requests.get(id);
      if (stored?.state === 'done' || stored?.state === 'failed') return stored;
      if (!isServed()) {
        throw new CommandFailure('The server has stopped meanwhile; it does what was asked when it starts again.');
      }
      const text = stored === undefined ? undefined : textOf(stored);
      if (text !== undefined) progress.show(() => text);
      await clock.sleep(POLL_MS, forever);
    }
  } finally {
    progress.end();
  }
}

/** A replay or a retry of dead letters has a position of its own in the durable database; one of pictures says why it takes so long. */
function runProgress({ destinations }: AwaitedRequest): (stored: StoredRequest) => string | undefined {
  let beginning: Sequence | undefined;
  return ({ id, request }) => {
    if (request.kind === 'retry-screenshots') return FETCHING;
    if (request.kind !== 'replay' && request.kind !== 'retry-dead-letters') return undefined;
    const name = fixedRunName(request.kind, request.destination, id);
    const { committed, end, delivered } = destinations.get(name) ?? {};
    if (committed === undefined || end === undefined) return undefined;
    beginning ??= committed;
    const percent = Math.floor((100 * (committed - beginning)) / Math.max(1, end - beginning));
    return `${String(percent).padStart(3)} %  ${delivered} events sent again`;
  };
}
