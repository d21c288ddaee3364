import { userInfo } from 'node:os';
import { lockOwner } from '../../adapters/state-sqlite/log-lock.ts';
import { systemClock } from '../../adapters/system-clock/system-clock.ts';
import type { OperatorRequest, StoredRequest } from '../../pipeline/ports/request-queue.ts';
import type { StateStore } from '../../pipeline/ports/state-store.ts';
import type { AuditConfig, LoadedConfig } from '../config/config.ts';
import { openState } from './command-config.ts';
import { CommandFailure } from './exit-codes.ts';
import { withoutPorts } from './maintenance.ts';
import { print } from './output.ts';

const POLL_MS = 100;

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
    const done = isRunning(config)
      ? await answered(state, id, () => isRunning(config))
      : await withoutPorts(loaded, () => answered(state, id, () => true));
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

async function answered(state: StateStore, id: number, isServed: () => boolean): Promise<StoredRequest> {
  const forever = new AbortController().signal;
  for (;;) {
    const request = state.requests.get(id);
    if (request?.state === 'done' || request?.state === 'failed') return request;
    if (!isServed()) {
      throw new CommandFailure('The server has stopped meanwhile; it does what was asked when it starts again.');
    }
    await systemClock.sleep(POLL_MS, forever);
  }
}
