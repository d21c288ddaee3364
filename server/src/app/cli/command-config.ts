import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { SqliteStateStore } from '../../adapters/state-sqlite/sqlite-state-store.ts';
import { systemClock } from '../../adapters/system-clock/system-clock.ts';
import type { AuditConfig, ConfigOverrides, LoadedConfig } from '../config/config.ts';
import { loadConfig } from '../config/load-config.ts';
import { launchDirectory, resolveRoot } from '../config/resolve-root.ts';
import { destinations } from '../destination-registry.ts';
import { CommandFailure } from './exit-codes.ts';
import type { CommonOptions } from './program.ts';

/** The configuration that a command is about. @throws CodedError CONFIG_INVALID with every mistake in the file */
export function loadCommandConfig(options: CommonOptions, overrides: ConfigOverrides = {}): LoadedConfig {
  const surroundings = { env: process.env, cwd: process.cwd() };
  const root = resolveRoot({ ...surroundings, ...(options.root === undefined ? {} : { root: options.root }) });
  return loadConfig({
    ...(options.config === undefined ? {} : { file: resolve(launchDirectory(surroundings), options.config) }),
    root,
    env: process.env,
    overrides,
    destinations,
  });
}

function stateFile(config: AuditConfig): string {
  return join(config.eventLog.directory, 'durable.sqlite');
}

/** What is stored beside the log, for commands that read or ask. @throws CommandFailure when no server ever ran here */
export function openState(config: AuditConfig): SqliteStateStore {
  const file = stateFile(config);
  if (!existsSync(file)) {
    throw new CommandFailure(
      `There is no event log in ${config.eventLog.directory} yet. Is --config (or --root) the one that the server runs with?`,
    );
  }
  return new SqliteStateStore(file, systemClock);
}
