import { statfs } from 'node:fs/promises';
import { lockOwner } from '../../adapters/state-sqlite/log-lock.ts';
import { systemClock } from '../../adapters/system-clock/system-clock.ts';
import { epochMillis, toIsoString } from '../../domain/epoch-millis.ts';
import type { DestinationState } from '../../pipeline/ports/destination-states.ts';
import { loadCommandConfig, openState } from './command-config.ts';
import { type Lag, lagsOf, NO_LAG } from './lag.ts';
import { lookIntoLog } from './log-look.ts';
import { print, printJson } from './output.ts';
import type { CommonOptions } from './program.ts';
import { formatTable } from './table.ts';

const HEADER = [
  ...['destination', 'state', 'position', 'lag', 'behind by', 'delivered', 'rejected', 'retried', 'dead letters'],
  ...['last success', 'last error'],
];

/** What is on disk says it all, so this works beside a running server and without one. */
export async function status(options: CommonOptions & { readonly json?: true }): Promise<void> {
  const { config } = loadCommandConfig(options);
  const owner = lockOwner(config.eventLog.directory);
  const look = await lookIntoLog(config);
  const { head, logId, firstRetained, segments, bytes } = look;
  const disk = await statfs(config.eventLog.directory);
  const state = openState(config);
  try {
    const letters = state.deadLetters.countByDestination();
    const known = state.destinations.list();
    const configured = new Set(config.destinations.map(({ name }) => name));
    const lags = await lagsOf(known, look, systemClock.now());
    const destinations = known.map((d) => ({
      ...d,
      configured: configured.has(d.name),
      ...(lags.get(d.name) ?? NO_LAG),
      deadLetters: letters.get(d.name) ?? 0,
      dailyMerge: state.dailyMerges.state(d.name),
    }));
    const freeBytes = disk.bavail * disk.bsize;
    const log = { directory: config.eventLog.directory, logId, head, firstRetained, segments, bytes, freeBytes };
    if (options.json) {
      printJson({ running: owner !== undefined, ...(owner === undefined ? {} : { owner }), log, destinations });
      return;
    }
    print(
      owner === undefined
        ? 'No server runs on this log.\n'
        : `Running: pid ${owner.pid} on ${owner.host}, version ${owner.version}, since ${owner.startedAt}.\n`,
    );
    print(`Event log: ${log.directory}\n`);
    print(
      `  events ${firstRetained} to ${head}, ${segments} segments, ${megabytes(bytes)}, ${megabytes(freeBytes)} free on the disk\n\n`,
    );
    const rows = destinations.map((d) => [
      d.name,
      stateOf(d),
      d.committed,
      d.lagEvents,
      d.lagEvents === 0 ? '' : `${Math.round(d.lagSeconds)} s`,
      d.delivered,
      d.rejected,
      d.retried,
      d.deadLetters,
      d.lastSuccessAt === undefined ? '' : toIsoString(epochMillis(d.lastSuccessAt)),
      d.held?.message ?? d.lastError?.message ?? '',
    ]);
    print(formatTable(HEADER, rows) || 'No destinations.\n');
    for (const { name, dailyMerge } of destinations) {
      for (const { day, lastError } of dailyMerge?.waiting ?? []) {
        if (lastError !== undefined) print(`\n${name}, daily file of ${day}: ${lastError.message}\n`);
      }
    }
  } finally {
    state.close();
  }
}

type Shown = Pick<DestinationState, 'held' | 'target'> & Pick<Lag, 'lagEvents'> & { readonly configured: boolean };

function stateOf({ configured, target, held, lagEvents }: Shown): string {
  if (!configured && target === undefined) return 'not configured';
  if (held !== undefined) return 'held';
  return lagEvents === 0 ? 'current' : 'behind';
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(1)} MiB`;
}
