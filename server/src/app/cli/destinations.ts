import { createPinoLogger } from '../../adapters/pino-logger/pino-logger.ts';
import { systemClock } from '../../adapters/system-clock/system-clock.ts';
import { epochMillis, toIsoString } from '../../domain/epoch-millis.ts';
import { CodedError } from '../../domain/errors.ts';
import { BEFORE_FIRST, sequence } from '../../domain/sequence.ts';
import type { DestinationState } from '../../pipeline/ports/destination-states.ts';
import type { AuditConfig } from '../config/config.ts';
import { openDestination } from '../open-destination.ts';
import { loadCommandConfig, openState } from './command-config.ts';
import { CommandFailure } from './exit-codes.ts';
import { lagsOf, NO_LAG } from './lag.ts';
import { lookIntoLog } from './log-look.ts';
import { firstAtOrAfter, lastAtOrBefore } from './log-position.ts';
import { carryOut, isRunning } from './operator-request.ts';
import { print, printJson } from './output.ts';
import type { CommonOptions, RestartOptions, SkipOptions } from './program.ts';
import { formatTable } from './table.ts';

export async function destinationsList(options: CommonOptions & { readonly json?: true }): Promise<void> {
  const { config } = loadCommandConfig(options);
  const state = openState(config);
  try {
    const configured = new Set(config.destinations.map(({ name }) => name));
    const letters = state.deadLetters.countByDestination();
    const known = state.destinations.list();
    const lags = await lagsOf(known, await lookIntoLog(config), systemClock.now());
    const list = known.map((destination) => ({
      ...destination,
      configured: configured.has(destination.name),
      ...(lags.get(destination.name) ?? NO_LAG),
      deadLetters: letters.get(destination.name) ?? 0,
    }));
    if (options.json) {
      printJson(list);
      return;
    }
    const rows = list.map((d) => [
      d.name,
      d.configured ? (d.held === undefined ? 'yes' : 'held') : d.target === undefined ? 'no' : `for ${d.target}`,
      d.committed,
      d.lagEvents,
      d.delivered,
      d.rejected,
      d.deadLetters,
      d.lastSuccessAt === undefined ? '' : toIsoString(epochMillis(d.lastSuccessAt)),
      d.held?.message ?? (d.lastError === undefined ? '' : `${d.lastError.code}: ${d.lastError.message}`),
    ]);
    const header = [
      'name',
      'configured',
      'position',
      'lag',
      'delivered',
      'rejected',
      'dead letters',
      'last success',
      'last error',
    ];
    print(formatTable(header, rows) || 'No destination was ever configured on this log.\n');
  } finally {
    state.close();
  }
}

/** Rule 17: exactly what the operator saw is let go, or nothing. */
export async function destinationsSkip(name: string, options: CommonOptions & SkipOptions): Promise<void> {
  const loaded = loadCommandConfig(options);
  const look = await lookIntoLog(loaded.config);
  const through = options.through === undefined ? look.head : await lastAtOrBefore(look.reader, options.through);
  const state = openState(loaded.config);
  const known = state.destinations.get(name);
  state.close();
  if (known === undefined) throw new CommandFailure(`No destination is called ${name}; see "destinations list".`);
  if (known.held !== undefined) {
    throw new CommandFailure(
      `${name} is held, because the log is not the one it knows. Say where it goes on: stop the server, then "destinations restart ${name} --from ...".`,
    );
  }
  if (through > look.head) throw new CommandFailure(`The log ends at ${look.head}; nothing was skipped.`);
  const { lagEvents } = (await lagsOf([known], look, systemClock.now())).get(name) ?? NO_LAG;
  if (lagEvents === 0 || through <= known.committed) {
    throw new CommandFailure(`${name} has everything up to ${through} already.`);
  }
  await carryOut(loaded, {
    kind: 'skip',
    destination: name,
    expectedCommitted: known.committed,
    through,
    reason: options.reason,
  });
}

/**
 * Rule 11: what was held at start goes on where a person says, who is told what would come twice. Only without a running
 * server, whose workers own the cursors.
 */
export async function destinationsRestart(name: string, options: CommonOptions & RestartOptions): Promise<void> {
  const { config } = loadCommandConfig(options);
  if (isRunning(config))
    throw new CommandFailure('Stop the server first ("butler-sos-audit stop"); its workers own the positions.');
  const { head, logId, reader } = await lookIntoLog(config);
  const state = openState(config);
  try {
    const known = state.destinations.get(name);
    if (known === undefined) throw new CommandFailure(`No destination is called ${name}; see "destinations list".`);
    const from =
      options.from === 'now'
        ? head
        : sequence(Math.max(BEFORE_FIRST, (await firstAtOrAfter(reader, options.from)) - 1));
    if (from > head) {
      throw new CommandFailure(`The log ends at ${head}: say --from now, or a position up to ${head + 1}.`);
    }
    const given = Math.min(head, await givenUpTo(known, config, logId));
    if (given > from && options.allowRepeats !== true) {
      throw new CommandFailure(
        `${name} has been given events up to ${given}: with --from ${options.from} it gets those from ${from + 1} to ${given} again, and readers find them twice. Say --from ${given + 1}, or move away what it has written from there on and add --allow-repeats.`,
      );
    }
    state.destinations.restartAt(name, from);
    const repeats = given > from ? `, and gets ${from + 1} to ${given} again` : '';
    print(`${name} goes on after ${from} at the next start${repeats}.\n`);
  } finally {
    state.close();
  }
}

/** What a reader would find twice if it were given once more: 0 where the destination tells repeats from others. */
async function givenUpTo(known: DestinationState, config: AuditConfig, logId: string | undefined): Promise<number> {
  const { name, committed, begun, held } = known;
  // its position is one of another log
  const position = held?.code === 'LOG_REPLACED' ? BEFORE_FIRST : Math.max(committed, begun?.last ?? BEFORE_FIRST);
  if (logId === undefined || !config.destinations.some((one) => one.name === name)) return position;
  const logger = createPinoLogger({ level: 'error', format: 'text', to: 'stderr' });
  const { destination, repeats } = openDestination(config, {
    destination: name,
    name,
    logId,
    clock: systemClock,
    logger,
  });
  try {
    return repeats === 'absorbed'
      ? BEFORE_FIRST
      : Math.max(position, (await destination.holdsUpTo?.()) ?? BEFORE_FIRST);
  } catch (thrown) {
    if (!(thrown instanceof CodedError)) throw thrown;
    return position; // its folder cannot be looked at now
  } finally {
    await destination.close();
  }
}
