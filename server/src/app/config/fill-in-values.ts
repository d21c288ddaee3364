import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { messageOf, systemCodeOf } from '../../domain/errors.ts';
import type { JsonSchema } from '../../pipeline/ports/destination.ts';
import { propertiesOf, schemaBelow, typesOf } from './schema/section.ts';
import { type MappingSetting, type Problem, problem, type ScalarSetting, type Setting } from './setting.ts';

// biome-ignore lint/suspicious/noTemplateCurlyInString: what people write in the file
const NOT_A_REFERENCE = 'expected ${NAME} with the name of an environment variable; write $${ for ${ itself';

/** `"C:\temp"` is a tab and "emp", and `\P` or `\L` a separator of paragraphs or lines. */
const NOT_A_PATH =
  'expected a path, found a control character in it; between double quotes a backslash begins an escape, so write single quotes, or \\\\ for each \\';

export interface ValueSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute. */
  readonly root: string;
}

/** The key beside a secret that names a file with it. */
export function fileKeyOf(key: string): string {
  return `${key}File`;
}

/**
 * Puts in what a file leaves to others, in place and only where the schema knows the key: `${NAME}` from the environment,
 * secrets from the files that `<key>File` names, nothing for a section or an optional text that was left empty.
 */
export function fillInValues(root: MappingSetting, schema: JsonSchema, sources: ValueSources): readonly Problem[] {
  const problems: Problem[] = [];
  fillMapping(root, schema, sources, problems);
  return problems;
}

function fillMapping(mapping: MappingSetting, schema: JsonSchema, sources: ValueSources, problems: Problem[]): void {
  for (const [key, below] of Object.entries(propertiesOf(schema))) {
    if (below['x-secret'] === true) readSecretFile(mapping, key, sources, problems);
    const setting = mapping.entries.get(key);
    if (setting === undefined) continue;
    const filled = fill(setting, below, sources, problems);
    if (filled === undefined) mapping.entries.delete(key);
    else mapping.entries.set(key, filled);
  }
}

function fill(setting: Setting, schema: JsonSchema, sources: ValueSources, problems: Problem[]): Setting | undefined {
  if (setting.kind === 'mapping') {
    fillMapping(setting, schema, sources, problems);
    return setting;
  }
  if (setting.kind === 'list') {
    const items = schemaBelow(schema, 0) ?? {};
    setting.items.forEach((item, i) => {
      setting.items[i] = fill(item, items, sources, problems) ?? item;
    });
    return setting;
  }
  if (setting.value === null) return isOptional(schema) ? undefined : setting;
  if (typeof setting.value !== 'string') return setting;
  const filled = substitute(setting, setting.value, schema, sources.env, problems);
  if (schema['x-path'] === true && /[\p{Cc}\p{Zl}\p{Zp}]/u.test(String(filled.value)))
    problems.push(problem(setting, NOT_A_PATH));
  return filled;
}

/** A section, and a text without a default, may be left empty. */
function isOptional(schema: JsonSchema): boolean {
  const types = typesOf(schema);
  return (
    types.includes('null') || types.includes('object') || (types.includes('string') && schema.default === undefined)
  );
}

function substitute(
  setting: ScalarSetting,
  text: string,
  schema: JsonSchema,
  env: ValueSources['env'],
  problems: Problem[],
): ScalarSetting {
  if (!text.includes('${')) return setting;
  let references = 0;
  const value = text.replace(/\$\$\{|\$\{([^}]*)\}?/g, (match, name: string | undefined) => {
    if (match === '$${') return '${';
    references++;
    if (name === undefined || !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) || !match.endsWith('}')) {
      problems.push(problem(setting, NOT_A_REFERENCE));
      return '';
    }
    const found = Object.hasOwn(env, name) ? env[name] : undefined;
    if (found === undefined)
      problems.push(problem(setting, `expected the environment variable ${name}, found it not set`));
    else if (found === '' && schema['x-secret'] === true) {
      problems.push(problem(setting, `expected a secret in the environment variable ${name}, found it empty`));
    }
    return found ?? '';
  });
  return { ...setting, value: references > 0 ? typed(value, schema) : value };
}

/** The environment has texts only: `port: ${PORT}` is a number all the same. */
function typed(value: string, schema: JsonSchema): string | number | boolean {
  const types = typesOf(schema);
  if (types.includes('boolean') && (value === 'true' || value === 'false')) return value === 'true';
  const isNumeric = types.includes('integer') || types.includes('number') || enumHasNumbers(schema);
  return isNumeric && !types.includes('string') && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value;
}

function enumHasNumbers(schema: JsonSchema): boolean {
  return Array.isArray(schema.enum) && schema.enum.some((value) => typeof value === 'number');
}

function readSecretFile(mapping: MappingSetting, key: string, sources: ValueSources, problems: Problem[]): void {
  const fileKey = fileKeyOf(key);
  const named = mapping.entries.get(fileKey);
  if (named === undefined) return;
  mapping.entries.delete(fileKey);
  if (named.kind === 'scalar' && named.value === null) return;
  if (named.kind !== 'scalar' || typeof named.value !== 'string' || named.value === '') {
    problems.push(problem(named, 'expected the path of a file, found something else'));
    return;
  }
  const secret = mapping.entries.get(key);
  if (secret !== undefined && !(secret.kind === 'scalar' && secret.value === null)) {
    problems.push(problem(named, `expected either ${key} or ${fileKey}, found both`));
    return;
  }
  const before = problems.length;
  const path = String(substitute(named, named.value, { type: 'string' }, sources.env, problems).value);
  if (problems.length > before) return;
  const lines = linesOf(resolve(sources.root, path), named, problems);
  if (lines !== undefined) mapping.entries.set(key, secretSetting(named, key, lines));
}

/** Several lines are several tokens where a list is allowed (`apiTokenFile`), else one secret of several lines. */
function secretSetting(named: Setting, key: string, lines: readonly string[]): Setting {
  const { path, line, column } = named;
  const scalar = (value: string): ScalarSetting => ({ kind: 'scalar', path, line, column, value });
  if (key !== 'apiToken' || lines.length === 1) return scalar(lines.join('\n'));
  return { kind: 'list', path, line, column, items: lines.map(scalar) };
}

function linesOf(path: string, named: Setting, problems: Problem[]): readonly string[] | undefined {
  try {
    const lines = readFileSync(path, 'utf8')
      .replace(/^\uFEFF/, '')
      .split(/\r?\n/)
      .map((line) => line.trim())
      .filter((line) => line !== '');
    if (lines.length > 0) return lines;
    problems.push(problem(named, `expected a secret in ${path}, found the file empty`));
  } catch (error) {
    const cause = systemCodeOf(error) === 'ENOENT' ? 'no such file' : messageOf(error);
    problems.push(problem(named, `expected a readable file ${path}, found ${cause}`));
  }
  return undefined;
}
