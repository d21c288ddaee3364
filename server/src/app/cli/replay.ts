import { resolve } from 'node:path';
import { exportDirectoryOf } from '../config/export-directory.ts';
import { loadCommandConfig } from './command-config.ts';
import { CommandFailure } from './exit-codes.ts';
import { lookIntoLog } from './log-look.ts';
import { firstAtOrAfter, lastAtOrBefore } from './log-position.ts';
import { carryOut } from './operator-request.ts';
import type { CommonOptions, ReplayOptions } from './program.ts';

/** Rule 21: a cursor of its own and a fixed end; files go to a new folder, because the old ones hold these events already. */
export async function replay(options: CommonOptions & ReplayOptions): Promise<void> {
  const loaded = loadCommandConfig(options);
  const configured = loaded.config.destinations.find(({ name }) => name === options.destination);
  if (configured === undefined) {
    const names = loaded.config.destinations.map(({ name }) => name).join(', ');
    throw new CommandFailure(`${options.destination} is not configured; configured: ${names || 'none'}.`);
  }
  const writesFiles = exportDirectoryOf(loaded.config, configured) !== undefined;
  if (writesFiles && options.directory === undefined) {
    throw new CommandFailure(`${options.destination} writes files: name a new folder with --directory.`);
  }
  if (!writesFiles && options.directory !== undefined) {
    throw new CommandFailure(`${options.destination} writes no files; leave out --directory.`);
  }
  const { head, reader } = await lookIntoLog(loaded.config);
  const from = await firstAtOrAfter(reader, options.from);
  const through = options.through === undefined ? head : await lastAtOrBefore(reader, options.through);
  if (from > through) {
    const isAfterLog = options.through === undefined || from > head;
    throw new CommandFailure(
      isAfterLog
        ? `Nothing to replay: the log holds no event from ${options.from} on.`
        : `Nothing to replay: --through ${options.through} is before --from ${options.from}.`,
    );
  }
  await carryOut(loaded, {
    kind: 'replay',
    destination: options.destination,
    from,
    through,
    ...(options.directory === undefined ? {} : { exportDirectory: resolve(loaded.config.root, options.directory) }),
  });
}
