import { lockOwner } from '../../adapters/state-sqlite/log-lock.ts';
import { systemClock } from '../../adapters/system-clock/system-clock.ts';
import { loadCommandConfig, openState } from './command-config.ts';
import { CommandFailure } from './exit-codes.ts';
import { operator } from './operator-request.ts';
import { print } from './output.ts';
import type { CommonOptions } from './program.ts';

/** Through the durable database, which works on Windows too, where a process cannot be signalled to stop in order. */
export async function stop(options: CommonOptions & { readonly timeout: number }): Promise<void> {
  const { config } = loadCommandConfig(options);
  const owner = lockOwner(config.eventLog.directory);
  if (owner === undefined) {
    print(`No server runs on ${config.eventLog.directory}.\n`);
    return;
  }
  const state = openState(config);
  state.requests.submit({ kind: 'stop' }, operator());
  state.close();
  const forever = new AbortController().signal;
  const deadline = systemClock.monotonicMs() + options.timeout * 1000;
  while (lockOwner(config.eventLog.directory) !== undefined) {
    if (systemClock.monotonicMs() > deadline) {
      throw new CommandFailure(
        `The server (pid ${owner.pid} on ${owner.host}) has not stopped within ${options.timeout} s. Ending it by force loses nothing that was acknowledged.`,
      );
    }
    await systemClock.sleep(100, forever);
  }
  print(`Stopped (pid ${owner.pid}).\n`);
}
