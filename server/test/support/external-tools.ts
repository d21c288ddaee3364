import { spawnSync } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

/** Where `npm run test-services` puts what the machine's package manager does not. */
export const TOOL_CACHE = fileURLToPath(new URL('../../../.test-services/', import.meta.url));

/** Programs that tests run and that npm does not bring. Looked for in `variable`, then on the PATH, then in the cache folder. */
export interface ExternalTool {
  readonly name: string;
  readonly purpose: string;
  /** Environment variable with the path of the program. */
  readonly variable: string;
  /** Names on the PATH, in order of preference. */
  readonly commands: readonly string[];
  /** Path below the cache folder. */
  readonly cached: string;
  /** Python modules that it must be able to import. */
  readonly modules?: readonly string[];
  /** How what it prints when run with `arguments` begins: other programs have the same name. */
  readonly says?: { readonly arguments: readonly string[]; readonly text: RegExp };
}

export const STRACE: ExternalTool = {
  name: 'strace',
  purpose: 'makes single disk calls of the server fail',
  variable: 'TEST_STRACE',
  commands: ['strace'],
  cached: 'bin/strace',
};

export const PYTHON_READERS: ExternalTool = {
  name: 'python-readers',
  purpose: 'reads our files with code that is not ours (DuckDB, pyarrow, PyQvd)',
  variable: 'TEST_PYTHON',
  commands: ['python3', 'python'],
  cached: process.platform === 'win32' ? 'python/Scripts/python.exe' : 'python/bin/python',
  modules: ['duckdb', 'pyarrow', 'pyqvd', 'pytz'],
};

export const WRK: ExternalTool = {
  name: 'wrk',
  purpose: 'generates load for the measurements in bench/',
  variable: 'TEST_WRK',
  commands: ['wrk'],
  cached: 'bin/wrk',
};

export const CHROMIUM: ExternalTool = {
  name: 'chromium',
  purpose: 'looks at the audit-trail page as people do',
  variable: 'TEST_CHROMIUM',
  commands: ['chromium', 'chromium-browser', 'google-chrome', 'chrome', 'msedge'],
  cached: 'bin/chromium',
};

export const INFLUXDB_ONE: ExternalTool = {
  name: 'influxdb',
  purpose: 'a real InfluxDB 1 to write to and to query',
  variable: 'TEST_INFLUXD',
  commands: ['influxd'],
  cached: 'bin/influxd',
  says: { arguments: ['version'], text: /^InfluxDB v?1\./ },
};

export const INFLUXDB_TWO: ExternalTool = {
  name: 'influxdb-2',
  purpose: 'a real InfluxDB 2 to write to and to query',
  variable: 'TEST_INFLUXD_2',
  commands: ['influxd2', 'influxd'],
  cached: process.platform === 'win32' ? 'bin/influxd2.exe' : 'bin/influxd2',
  says: { arguments: ['version'], text: /^InfluxDB v?2\./ },
};

export const VICTORIA_METRICS: ExternalTool = {
  name: 'victoria-metrics',
  purpose: 'a second server that takes the writes of InfluxDB 2',
  variable: 'TEST_VICTORIA_METRICS',
  commands: ['victoria-metrics', 'victoria-metrics-prod'],
  cached: 'bin/victoria-metrics',
};

export const PROMETHEUS: ExternalTool = {
  name: 'prometheus',
  purpose: 'asks the metrics what the health dashboard asks',
  variable: 'TEST_PROMETHEUS',
  commands: ['prometheus'],
  cached: 'bin/prometheus',
};

/** The path of the program, or undefined. @throws Error when the variable names something that does not work */
export function findTool(tool: ExternalTool, environment: NodeJS.ProcessEnv = process.env): string | undefined {
  const named = environment[tool.variable];
  if (named !== undefined && named !== '') {
    if (isUsable(named, tool)) return named;
    throw new Error(`${tool.variable} names ${named}, which is not a usable ${needs(tool)}.`);
  }
  const candidates = [...onPath(tool.commands, environment), join(TOOL_CACHE, tool.cached)];
  return candidates.find((candidate) => isUsable(candidate, tool));
}

/** Every file of one of these names in the folders of the PATH. */
export function onPath(commands: readonly string[], environment: NodeJS.ProcessEnv = process.env): readonly string[] {
  const folders = (environment.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  const suffixes = process.platform === 'win32' ? ['.exe', '.cmd'] : [''];
  return folders
    .flatMap((folder) => commands.flatMap((command) => suffixes.map((suffix) => join(folder, command + suffix))))
    .filter(isProgram);
}

/** For the `skip` option of a suite: the reason, or false. In CI never a skip, so that the suite fails instead. */
export function skipWithout(tool: ExternalTool): string | false {
  if (process.env.CI === 'true' || findTool(tool) !== undefined) return false;
  return `needs ${needs(tool)}; "npm run test-services -- ${tool.name}" installs it, or set ${tool.variable}`;
}

/**
 * The path of the program. Undefined: the test has been marked as skipped, with the command that would enable it, and
 * must return. @throws Error in CI, where a missing program is a failure
 */
export function requireTool(t: Pick<TestContext, 'skip'>, tool: ExternalTool): string | undefined {
  const found = findTool(tool);
  if (found !== undefined) return found;
  const reason = skipWithout(tool);
  if (reason === false) throw new Error(`${needs(tool)} is missing; in CI every suite must run.`);
  t.skip(reason);
  return undefined;
}

function needs(tool: ExternalTool): string {
  return tool.modules === undefined ? tool.name : `Python with ${tool.modules.join(', ')}`;
}

function isUsable(path: string, tool: ExternalTool): boolean {
  if (!isProgram(path)) return false;
  const { says } = tool;
  if (says !== undefined) {
    const { stdout } = spawnSync(path, says.arguments, { encoding: 'utf8', timeout: 60_000 });
    return says.text.test(stdout ?? '');
  }
  if (tool.modules === undefined) return true;
  return spawnSync(path, ['-c', `import ${tool.modules.join(',')}`], { timeout: 60_000 }).status === 0;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
