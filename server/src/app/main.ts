import { CommanderError } from 'commander';
import { CodedError, type ErrorCode, messageOf, systemCodeOf } from '../domain/errors.ts';
import { CommandFailure, EXIT } from './cli/exit-codes.ts';
import { type Commands, createProgram } from './cli/program.ts';

/** Runs one command to its end and sets the exit code. People never see a stack trace for a mistake of theirs. */
export async function main(args: readonly string[]): Promise<void> {
  process.stdout.on('error', endQuietly); // a reader that went away: `| head`
  try {
    await createProgram(commands).parseAsync([...args], { from: 'user' });
  } catch (thrown) {
    process.exitCode = explain(thrown);
  }
}

/** Each is loaded when it is called, so that `version` does not open a database driver. */
const commands: Commands = {
  serve: async (options) => (await import('./cli/serve.ts')).serve(options),
  stop: async (options) => (await import('./cli/stop.ts')).stop(options),
  checkConfig: async (options) => (await import('./cli/check-config.ts')).checkConfig(options),
  checkQlik: async (options) => (await import('./cli/check-qlik.ts')).checkQlik(options),
  status: async (options) => (await import('./cli/status.ts')).status(options),
  simulate: async (options) => (await import('./cli/simulate.ts')).simulate(options),
  replay: async (options) => (await import('./cli/replay.ts')).replay(options),
  reindex: async (options) => (await import('./cli/reindex.ts')).reindex(options),
  deadLettersList: async (options) => (await import('./cli/dead-letters.ts')).deadLettersList(options),
  deadLettersRetry: async (options) => (await import('./cli/dead-letters.ts')).deadLettersRetry(options),
  deadLettersExport: async (options) => (await import('./cli/dead-letters.ts')).deadLettersExport(options),
  screenshotsList: async (options) => (await import('./cli/screenshots.ts')).screenshotsList(options),
  screenshotsRetry: async (options) => (await import('./cli/screenshots.ts')).screenshotsRetry(options),
  destinationsList: async (options) => (await import('./cli/destinations.ts')).destinationsList(options),
  destinationsSkip: async (name, options) => (await import('./cli/destinations.ts')).destinationsSkip(name, options),
  destinationsRestart: async (name, options) =>
    (await import('./cli/destinations.ts')).destinationsRestart(name, options),
  refusedList: async (options) => (await import('./cli/refused.ts')).refusedList(options),
  refusedExport: async (options) => (await import('./cli/refused.ts')).refusedExport(options),
  open: async (options) => (await import('./cli/open.ts')).open(options),
  userAdd: async (name, options) => (await import('./cli/user.ts')).userAdd(name, options),
  userList: async (options) => (await import('./cli/user.ts')).userList(options),
  userRemove: async (name, options) => (await import('./cli/user.ts')).userRemove(name, options),
  tokenAdd: async (name, options) => (await import('./cli/token.ts')).tokenAdd(name, options),
  tokenList: async (options) => (await import('./cli/token.ts')).tokenList(options),
  tokenRemove: async (name, options) => (await import('./cli/token.ts')).tokenRemove(name, options),
};

/** What the operator mends in the configuration, or in the files that it names. */
const CONFIGURATION_ERRORS: ReadonlySet<ErrorCode> = new Set(['CONFIG_INVALID', 'TLS_FILES_UNUSABLE']);

function explain(thrown: unknown): number {
  if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? EXIT.done : EXIT.usage;
  if (thrown instanceof CommandFailure) {
    process.stderr.write(`${thrown.message}\n`);
    return thrown.exitCode;
  }
  if (thrown instanceof CodedError && thrown.code !== 'DEFECT') {
    process.stderr.write(`${thrown.message}\n`);
    return CONFIGURATION_ERRORS.has(thrown.code) ? EXIT.configuration : EXIT.failed;
  }
  if (isFileProblem(thrown)) {
    process.stderr.write(
      `A file or folder cannot be used (${messageOf(thrown)}). Correct its path in the configuration, or its permissions.\n`,
    );
    return EXIT.failed;
  }
  const stack = thrown instanceof Error ? thrown.stack : undefined;
  process.stderr.write(`This is a defect of the program, please report it: ${messageOf(thrown)}\n${stack ?? ''}\n`);
  return EXIT.failed;
}

/** What the system says of a path. */
function isFileProblem(thrown: unknown): boolean {
  return systemCodeOf(thrown) !== undefined && thrown instanceof Error && 'path' in thrown && 'syscall' in thrown;
}

function endQuietly(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(EXIT.done);
}
