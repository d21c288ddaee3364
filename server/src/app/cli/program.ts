import { Command, InvalidArgumentError, Option } from 'commander';
import { PRODUCT } from '../product.ts';
import { EXIT } from './exit-codes.ts';

/** Options that every command has: where the configuration is, and what relative paths mean. */
export interface CommonOptions {
  readonly config?: string;
  readonly root?: string;
}

/** Each command in a file of its own, loaded when it is called. */
export interface Commands {
  serve(options: CommonOptions & ServeOptions): Promise<void>;
  stop(options: CommonOptions & { readonly timeout: number }): Promise<void>;
  checkConfig(options: CommonOptions): Promise<void>;
  checkQlik(options: CommonOptions & CheckQlikOptions): Promise<void>;
  status(options: CommonOptions & { readonly json?: true }): Promise<void>;
  simulate(options: CommonOptions & SimulateOptions): Promise<void>;
  replay(options: CommonOptions & ReplayOptions): Promise<void>;
  reindex(options: CommonOptions): Promise<void>;
  deadLettersList(options: CommonOptions & DeadLetterOptions & { readonly json?: true }): Promise<void>;
  deadLettersRetry(options: CommonOptions & DeadLetterOptions): Promise<void>;
  deadLettersExport(options: CommonOptions & DeadLetterOptions & { readonly output?: string }): Promise<void>;
  screenshotsList(options: CommonOptions & ScreenshotOptions & { limit: number; json?: true }): Promise<void>;
  screenshotsRetry(options: CommonOptions & ScreenshotOptions): Promise<void>;
  destinationsList(options: CommonOptions & { readonly json?: true }): Promise<void>;
  destinationsSkip(name: string, options: CommonOptions & SkipOptions): Promise<void>;
  destinationsRestart(name: string, options: CommonOptions & RestartOptions): Promise<void>;
  refusedList(options: CommonOptions & { readonly limit: number; readonly json?: true }): Promise<void>;
  refusedExport(options: CommonOptions & { readonly output?: string }): Promise<void>;
  open(options: CommonOptions & { readonly browser?: true }): Promise<void>;
  userAdd(name: string, options: CommonOptions & AccountOptions & { readonly print?: true }): Promise<void>;
  userList(options: CommonOptions): Promise<void>;
  userRemove(name: string, options: CommonOptions): Promise<void>;
  tokenAdd(name: string, options: CommonOptions & AccountOptions): Promise<void>;
  tokenList(options: CommonOptions): Promise<void>;
  tokenRemove(name: string, options: CommonOptions): Promise<void>;
}

/** What an account for the audit trail may see. */
export interface AccountOptions {
  readonly role: 'reader' | 'admin';
  readonly apps?: string;
  readonly pictures: boolean;
  readonly objectData: boolean;
}

export interface ServeOptions {
  readonly host?: string;
  readonly port?: number;
  readonly viewerPort?: number;
  readonly logLevel?: 'error' | 'warn' | 'info' | 'debug';
}
export interface CheckQlikOptions {
  readonly url?: string;
  readonly user?: string;
}
export interface SimulateOptions {
  readonly url?: string;
  readonly token?: string;
  readonly users: number;
  readonly rate: number;
  readonly duration: number;
  readonly seed?: number;
  readonly batch?: number;
  readonly screenshotHost?: string;
  readonly pictures: boolean;
}
export interface ReplayOptions {
  readonly destination: string;
  readonly from: string;
  readonly through?: string;
  readonly directory?: string;
}
export interface DeadLetterOptions {
  readonly destination?: string;
  readonly code?: string;
  readonly id?: readonly number[];
}
export interface ScreenshotOptions {
  readonly failed?: true;
  readonly since?: string;
}
export interface RestartOptions {
  readonly from: string;
  readonly allowRepeats?: true;
}

export interface SkipOptions {
  readonly reason: string;
  readonly through?: string;
}

/** The command line: its words, options and help. What they do is `commands`. */
export function createProgram(commands: Commands): Command {
  const program = new Command('butler-sos-audit')
    .description('Receives audit events of Qlik Sense, keeps them, and delivers them to files and databases.')
    .version(PRODUCT.version)
    .showHelpAfterError('(add --help for usage)')
    .configureOutput({
      outputError: (text, write) =>
        write(/too many arguments/.test(text) ? `${text}A configuration file is named with --config FILE.\n` : text),
    })
    .exitOverride();
  addServing(program, commands);
  addInspecting(program, commands);
  addRepairing(program, commands);
  addAccess(program, commands);
  program.addHelpText(
    'after',
    `
Exit codes: ${EXIT.done} done, ${EXIT.failed} could not do it (the message says why), ${EXIT.usage} wrong usage, ${EXIT.configuration} unusable configuration.
Without --config the built-in default runs: data under ./audit-events/, destinations parquet and json, pictures of simulate alone.`,
  );
  return program;
}

function addServing(program: Command, commands: Commands): void {
  common(program.command('serve'))
    .description('run the server until it is stopped')
    .option('--host <name>', 'listen here instead of where the configuration says')
    .option('--port <number>', 'port of the audit API, 0 = any free one', integer(0, 65_535))
    .option(
      '--viewer-port <number>',
      'port of the audit trail, status and metrics, 0 = any free one',
      integer(0, 65_535),
    )
    .addOption(new Option('--log-level <level>', 'how much to log').choices(['error', 'warn', 'info', 'debug']))
    .action(commands.serve);
  common(program.command('stop'))
    .description('stop the server that runs on this log: it commits, flushes files and exits')
    .option('--timeout <seconds>', 'give up waiting after this long', integer(1, 3600), 15)
    .action(commands.stop);
  common(program.command('simulate'))
    .description('play the browser extension: users who open apps, select, look and wait')
    .option('--url <url>', 'where to post (default: the address of the configuration)')
    .option('--token <token>', 'access token (default: that of the configuration)')
    .option('--users <count>', 'how many users', integer(1, 100_000), 5)
    .option('--rate <events>', 'events per second, all users together', number(0.01, 100_000), 10)
    .option('--duration <seconds>', 'how long', number(0.1, 864_000), 30)
    .option('--seed <number>', 'the same seed gives the same events, and adds them once', integer(0, 2 ** 32 - 1))
    .option('--batch <events>', 'post so many events a request, to the batch endpoint', integer(1, 10_000))
    .option(
      '--screenshot-host <url>',
      'where pictures are, such as https://qlik.example.com (default: drawn and served by this command)',
      origin,
    )
    .option('--no-pictures', 'draw and serve no pictures')
    .action(commands.simulate);
}

function addInspecting(program: Command, commands: Commands): void {
  common(program.command('check-config'))
    .description('read the configuration, report every mistake at once, print what it means')
    .action(commands.checkConfig);
  common(program.command('check-qlik'))
    .description('try certificates, ticket, download and session end against Qlik Sense, and explain what fails')
    .option('--url <url>', 'the URL of a screenshot, as its event has it')
    .option('--user <identity>', 'for auth.mode userTicket: as this user, such as "LAB\\john"')
    .action(commands.checkQlik);
  common(program.command('status'))
    .description('log, destinations, lag and dead letters; works beside a running server and without one')
    .option('--json', 'as JSON')
    .action(commands.status);
  const refused = program.command('refused').description('what clients sent and the server refused');
  common(refused.command('list'))
    .option('--limit <count>', 'the newest so many', integer(1, 1_000_000), 50)
    .option('--json', 'as JSON lines')
    .description('list them, newest last')
    .action(commands.refusedList);
  common(refused.command('export'))
    .option('--output <file>', 'write here instead of to the terminal')
    .description('write them out as JSON lines')
    .action(commands.refusedExport);
  program
    .command('version')
    .description('print the version')
    .action(() => {
      process.stdout.write(`${PRODUCT.version}\n`);
    });
}

function addRepairing(program: Command, commands: Commands): void {
  common(program.command('replay'))
    .description('deliver a stretch of the log once more; files go to a new folder')
    .requiredOption('--destination <name>', 'which destination')
    .requiredOption('--from <position>', 'a sequence, or a date (2026-11-23 or 2026-11-23T07:00:00Z)')
    .option('--through <position>', 'the last sequence, or a date (default: what the log holds now)')
    .option('--directory <folder>', 'new folder for the files of a file destination')
    .action(commands.replay);
  common(program.command('reindex'))
    .description('rebuild the tables that follow from the log')
    .action(commands.reindex);
  const letters = program.command('dead-letters').description('events that a destination could not take');
  filters(common(letters.command('list')))
    .description('list them')
    .option('--json', 'as JSON lines, with their envelopes')
    .action(commands.deadLettersList);
  filters(common(letters.command('retry')))
    .description('send them again')
    .action(commands.deadLettersRetry);
  filters(common(letters.command('export')))
    .description('write them out as JSON lines, with their envelopes')
    .option('--output <file>', 'write here instead of to the terminal')
    .action(commands.deadLettersExport);
  const screenshots = program.command('screenshots').description('pictures of what users saw');
  missingPictures(common(screenshots.command('list')))
    .description('events without their picture: those that wait for it and those for which none came')
    .option('--limit <count>', 'so many at most', integer(1, 1_000_000), 50)
    .option('--json', 'as JSON lines')
    .action(commands.screenshotsList);
  missingPictures(common(screenshots.command('retry')))
    .description('fetch them again; what comes is delivered as a row of its own')
    .action(commands.screenshotsRetry);
  const destinations = program.command('destinations').description('where events are delivered');
  common(destinations.command('list'))
    .option('--json', 'as JSON')
    .description('list them')
    .action(commands.destinationsList);
  common(destinations.command('skip <name>'))
    .description('let go of what a destination has not got; leaves a dead letter and a record in the log')
    .requiredOption('--reason <text>', 'why; stands in the record', words)
    .option('--through <position>', 'the last sequence, or a date (default: what the log holds now)')
    .action(commands.destinationsSkip);
  common(destinations.command('restart <name>'))
    .description('decide where a destination goes on that was held at start (another or older log)')
    .requiredOption('--from <position>', 'a sequence, a date, or "now"')
    .option('--allow-repeats', 'also where it is given again what it has been given')
    .action(commands.destinationsRestart);
}

function addAccess(program: Command, commands: Commands): void {
  common(program.command('open'))
    .description('print a link that opens the audit trail once, for whoever may write beside the log')
    .option('--browser', 'open it in the browser, too')
    .action(commands.open);
  const user = program.command('user').description('who may look at the audit trail');
  account(common(user.command('add <name>')))
    .description('keep an account beside the log; the password comes from the terminal or standard input')
    .option('--print', 'print the entry for viewer.users of the configuration instead of keeping it')
    .action(commands.userAdd);
  common(user.command('list')).description('list them').action(commands.userList);
  common(user.command('remove <name>'))
    .description('take an account away; its log-ins end')
    .action(commands.userRemove);
  const token = program.command('token').description('access of scripts to the audit trail');
  account(common(token.command('add <name>')))
    .description('make a token and print it, once; only its hash is kept')
    .action(commands.tokenAdd);
  common(token.command('list')).description('list them').action(commands.tokenList);
  common(token.command('remove <name>')).description('take a token away').action(commands.tokenRemove);
}

function account(command: Command): Command {
  return command
    .addOption(new Option('--role <role>', 'what it may do').choices(['reader', 'admin']).default('reader'))
    .option('--apps <ids>', 'ids of the apps that it may see, separated by commas (default: all)')
    .option('--no-pictures', 'without screenshots')
    .option('--no-object-data', 'without the data of charts');
}

function common(command: Command): Command {
  return command
    .option('-c, --config <file>', 'configuration file (YAML), such as production.yaml')
    .option('--root <folder>', 'what relative paths start from (default: the current folder)');
}

function filters(command: Command): Command {
  return command
    .option('--destination <name>', 'of this destination only')
    .option('--code <code>', 'with this error code only')
    .option('--id <number...>', 'these only', (value: string, before: readonly number[] = []) => [
      ...before,
      integer(1, Number.MAX_SAFE_INTEGER)(value),
    ]);
}

function missingPictures(command: Command): Command {
  return command
    .option('--failed', 'only those for which none came, not those that still wait')
    .option('--since <position>', 'from this sequence or date on (2026-11-23 or 2026-11-23T07:00:00Z)');
}

/** Without a path: `https://host:port`. */
function origin(value: string): string {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.pathname !== '/') {
    throw new InvalidArgumentError('An address such as https://qlik.example.com:8443 is expected.');
  }
  return url.origin;
}

function integer(min: number, max: number): (value: string) => number {
  return (value) => {
    const parsed = number(min, max)(value);
    if (!Number.isInteger(parsed)) throw new InvalidArgumentError('A whole number is expected.');
    return parsed;
  };
}

function words(value: string): string {
  if (value.trim() === '') throw new InvalidArgumentError('Some words are expected.');
  return value;
}

function number(min: number, max: number): (value: string) => number {
  return (value) => {
    const parsed = Number(value);
    if (value.trim() === '' || !(parsed >= min && parsed <= max)) {
      throw new InvalidArgumentError(`A number from ${min} to ${max} is expected.`);
    }
    return parsed;
  };
}
