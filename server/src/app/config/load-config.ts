import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { CodedError, messageOf, systemCodeOf } from '../../domain/errors.ts';
import type { RegisteredDestination } from '../../pipeline/ports/destination.ts';
import { buildConfig } from './build-config.ts';
import { checkMeaning } from './check-meaning.ts';
import { checkSchema } from './check-schema.ts';
import type { AuditConfig, ConfigOverrides, LoadedConfig } from './config.ts';
import { fillInValues } from './fill-in-values.ts';
import { inOrder, invalidConfiguration } from './invalid-configuration.ts';
import { notesOn, warningsOn } from './notes.ts';
import { queueMetricsWarnings } from './queue-metrics-connection.ts';
import { settingsSchema } from './schema/settings-schema.ts';
import { USUAL_VIEWER_PORT } from './schema/viewer-schema.ts';
import { emptyMapping, type MappingSetting, type Problem, problem, type Setting, settingAt } from './setting.ts';
import { unifyShapes } from './unify-shapes.ts';
import { parseSettings } from './yaml-settings.ts';

/** Of settings that no file has. */
const NOWHERE = { line: 0, column: 0 };
const VIEWER_PORT = ['Butler-SOS', 'auditEvents', 'viewer', 'port'];

export interface LoadConfigInput {
  /** Best absolute (see `launchDirectory`); a relative path resolves against `root`. Neither file nor text: the built-in default. */
  readonly file?: string;
  /** The text of the file, instead of reading it. */
  readonly text?: string;
  /** Absolute: see `resolveRoot`. */
  readonly root: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly overrides?: ConfigOverrides;
  /** The destinations that this version has: each checks its own section. */
  readonly destinations: readonly RegisteredDestination[];
}

/**
 * What runs without a file: everything under `audit-events`, Parquet and JSON files beside the log, and pictures, which
 * `simulate` draws and serves at the one address from which they may come.
 */
const BUILT_IN = `
Butler-SOS:
  auditEvents:
    destination:
      enable: true
      type: parquet, json
      parquet:
        exportDirectory: audit-events/parquet
      json:
        objectdata:
          enable: true
          exportDirectory: audit-events/objectdata
    screenshots:
      enable: true
      storageTargets:
        - {enable: true, type: dated, directory: audit-events/screenshots}
      addInImageMetadata:
        {date: true, eventId: true, correlationId: true, selectionTxnId: true, userId: true, appId: true, appName: true, sheetName: true}
      allowedImageDownloadHosts: ["127.0.0.1:8184"]
      auth: {mode: none}
      maxWaitMs: 300000         # a simulation that was killed keeps nobody waiting for long
`;

/**
 * Reads, checks and completes the configuration.
 * @throws CodedError CONFIG_INVALID whose message lists everything that is wrong, each with its line.
 */
export function loadConfig(input: LoadConfigInput): LoadedConfig {
  const isBuiltIn = input.file === undefined && input.text === undefined;
  const { settings, problems } = parseSettings(isBuiltIn ? BUILT_IN : (input.text ?? textOf(input)));
  if (problems.length > 0) throw invalid(input, problems);

  const schema = settingsSchema(input.destinations);
  const found: Problem[] = [...unifyShapes(settings)];
  override(settings, input.overrides);
  found.push(...fillInValues(settings, schema, input));
  viewerGivesWay(settings);
  found.push(...checkMeaning(settings, input.destinations));
  const checked = checkSchema(settings, schema);
  // the better explanation of a setting is the one that is already there
  const told = new Set(found.map(placeOf));
  const all = [...checked.problems.filter((one) => !told.has(placeOf(one))), ...found];
  if (all.length > 0) throw invalid(input, all);
  const config = buildConfig(checked.data, schema, input.destinations, {
    root: input.root,
    ...(input.file === undefined ? {} : { file: resolve(input.root, input.file) }),
    ...(isBuiltIn ? { generatedTokenFile: join(input.root, 'audit-events', 'api-token') } : {}),
  });
  const meant = destinationProblems(config, settings, input);
  if (meant.length > 0) throw invalid(input, meant);
  const warnings = [...warningsOn(settings, input.destinations), ...queueMetricsWarnings(config, settings)];
  return { config, notes: inOrder(notesOn(settings, schema)), warnings, settings };
}

/** What only a destination knows about its settings; those of destinations that are not in use may be unfinished. */
function destinationProblems(config: AuditConfig, root: MappingSetting, input: LoadConfigInput): readonly Problem[] {
  return config.destinations.flatMap(({ type, rawOptions }) => {
    try {
      input.destinations.find((one) => one.type === type)?.checkOptions(rawOptions);
      return [];
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      const keys = String(error.context.setting ?? '').split('.');
      const message = String(error.context.problem ?? error.message);
      return [{ ...problem(nearest(root, keys), message), path: keys.join('.') }];
    }
  });
}

/** The setting, or where it would stand. */
function nearest(root: MappingSetting, keys: readonly string[]): Setting {
  for (let depth = keys.length; depth > 0; depth--) {
    const setting = settingAt(root, keys.slice(0, depth));
    if (setting !== undefined) return setting;
  }
  return root;
}

/** Existing files know nothing of the viewer: an audit API on the port that is usual for it only moves it. */
function viewerGivesWay(root: MappingSetting): void {
  const auditEvents = settingAt(root, ['Butler-SOS', 'auditEvents']);
  if (auditEvents?.kind !== 'mapping' || settingAt(root, VIEWER_PORT) !== undefined) return;
  const port = auditEvents.entries.get('port');
  if (port?.kind !== 'scalar' || port.value !== USUAL_VIEWER_PORT) return;
  put(section(auditEvents, 'viewer'), 'port', VIEWER_PORT.join('.'), USUAL_VIEWER_PORT + 1);
}

function put(mapping: MappingSetting, key: string, path: string, value: string | number | undefined): void {
  if (value !== undefined) mapping.entries.set(key, { kind: 'scalar', path, ...NOWHERE, value });
}

/** Made where there is none. */
function section(mapping: MappingSetting, key: string): MappingSetting {
  const present = mapping.entries.get(key);
  if (present?.kind === 'mapping') return present;
  const empty = emptyMapping({ path: key, ...NOWHERE });
  if (present === undefined || (present.kind === 'scalar' && present.value === null)) mapping.entries.set(key, empty);
  return empty;
}

function override(root: MappingSetting, overrides: ConfigOverrides = {}): void {
  if (Object.values(overrides).every((value) => value === undefined)) return;
  const butlerSos = section(root, 'Butler-SOS');
  const auditEvents = section(butlerSos, 'auditEvents');
  put(butlerSos, 'logLevel', '--log-level', overrides.logLevel);
  put(auditEvents, 'host', '--host', overrides.host);
  put(auditEvents, 'port', '--port', overrides.port);
  if (overrides.viewerPort !== undefined) {
    put(section(auditEvents, 'viewer'), 'port', '--viewer-port', overrides.viewerPort);
  }
}

function textOf(input: LoadConfigInput): string {
  const file = input.file ?? '';
  let bytes: Buffer;
  try {
    bytes = readFileSync(resolve(input.root, file));
  } catch (error) {
    const reasons: Record<string, string> = {
      ENOENT: 'found no such file',
      EISDIR: 'found a folder',
      EACCES: 'found a file that this account may not read',
      EPERM: 'found a file that this account may not read',
    };
    const reason = reasons[systemCodeOf(error) ?? ''] ?? `found ${messageOf(error)}`;
    throw new CodedError(
      'CONFIG_INVALID',
      `${file}: expected a configuration file, ${reason} (${resolve(input.root, file)}).`,
      { file },
      error,
    );
  }
  const utf8 = new TextDecoder('utf-8', { fatal: true });
  try {
    return utf8.decode(bytes);
  } catch {
    const isUtf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
    const line = isUtf16 ? 1 : firstInvalidLine(bytes);
    const message = `expected UTF-8, found ${isUtf16 ? 'UTF-16' : 'other bytes'}; save the file as UTF-8`;
    throw invalid(input, [{ path: '', line, column: 1, message }]);
  }
}

function firstInvalidLine(bytes: Buffer): number {
  const utf8 = new TextDecoder('utf-8', { fatal: true });
  let line = 1;
  for (let start = 0; start < bytes.length; line++) {
    const newline = bytes.indexOf(0x0a, start);
    const end = newline === -1 ? bytes.length : newline;
    try {
      utf8.decode(bytes.subarray(start, end));
    } catch {
      return line;
    }
    start = end + 1;
  }
  return line;
}

function placeOf({ line, column, path }: Problem): string {
  return `${line}:${column}:${path}`;
}

function invalid(input: LoadConfigInput, problems: readonly Problem[]): CodedError {
  return invalidConfiguration(
    input.file ?? (input.text === undefined ? 'built-in default' : 'configuration'),
    problems,
  );
}
