import { Ajv, type ErrorObject } from 'ajv';
import type { JsonSchema } from '../../pipeline/ports/destination.ts';
import { closestName } from './closest-name.ts';
import { fileKeyOf } from './fill-in-values.ts';
import { holdsSecret, OWN_KEYWORDS, propertiesOf, typesOf } from './schema/section.ts';
import { kindName, type MappingSetting, type Problem, plainValue, problem, type Setting } from './setting.ts';

export interface CheckedSettings {
  /** With defaults filled in. As the schema says where there are no problems. */
  readonly data: Record<string, unknown>;
  readonly problems: readonly Problem[];
}

/** Checks settings of one shape against the schema and fills in its defaults. */
export function checkSchema(root: MappingSetting, schema: JsonSchema): CheckedSettings {
  const ajv = new Ajv({ allErrors: true, useDefaults: true, allowUnionTypes: true, verbose: true });
  ajv.addVocabulary([...OWN_KEYWORDS]);
  const validate = ajv.compile(schema);
  const data = plainValue(root) as Record<string, unknown>;
  validate(data);
  const seen = new Set<string>();
  const problems: Problem[] = [];
  for (const error of validate.errors ?? []) {
    const found = explain(error, root, schema);
    const place = `${found.line}:${found.column}:${found.path}`;
    if (!seen.has(place)) problems.push(found);
    seen.add(place);
  }
  return { data, problems };
}

function explain(error: ErrorObject, root: MappingSetting, schema: JsonSchema): Problem {
  const keys = error.instancePath
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  const at = nearest(root, keys);
  const expected = (error.parentSchema ?? {}) as JsonSchema;
  if (error.keyword === 'additionalProperties') {
    const key = String((error.params as { additionalProperty: unknown }).additionalProperty);
    const place = at.kind === 'mapping' ? (at.entries.get(key) ?? at) : at;
    return problem(place, `expected a known key, found ${quoted(key)}.${suggestion(key, expected, schema)}`);
  }
  if (error.keyword === 'required') {
    const key = String((error.params as { missingProperty: unknown }).missingProperty);
    return problem(at, `expected the key "${key}" in it, found none`);
  }
  return problem(
    at,
    `expected ${expectation(expected)}, found ${foundIn(at, expected)}.${enumSuggestion(at, expected)}${remedy(at, expected)}`,
  );
}

function nearest(root: Setting, keys: readonly string[]): Setting {
  let at = root;
  for (const key of keys) {
    const next = at.kind === 'mapping' ? at.entries.get(key) : at.kind === 'list' ? at.items[Number(key)] : undefined;
    if (next === undefined) return at;
    at = next;
  }
  return at;
}

function suggestion(key: string, parent: JsonSchema, schema: JsonSchema): string {
  const names = Object.entries(propertiesOf(parent)).flatMap(([name, below]) =>
    below['x-secret'] === true ? [name, fileKeyOf(name)] : [name],
  );
  const close = closestName(key, names);
  if (close !== undefined) return ` Did you mean "${close}"?`;
  const elsewhere = pathsTo(key, schema, '');
  if (elsewhere.length === 1) return ` Did you mean ${elsewhere[0]}?`;
  return names.length > 0 && names.length <= 12 ? ` Known here: ${names.join(', ')}.` : '';
}

function pathsTo(key: string, schema: JsonSchema, path: string): readonly string[] {
  return Object.entries(propertiesOf(schema)).flatMap(([name, below]) => {
    const here = path === '' ? name : `${path}.${name}`;
    return [...(name === key ? [here] : []), ...pathsTo(key, below, here)];
  });
}

/** What a person would write there: `a whole number from 1 to 10000`. */
export function expectation(schema: JsonSchema): string {
  if (Array.isArray(schema.enum)) {
    const values = schema.enum.filter((value) => value !== null).map((value) => JSON.stringify(value));
    return values.length === 1 ? String(values[0]) : `${values.slice(0, -1).join(', ')} or ${values.at(-1)}`;
  }
  const names = typesOf(schema)
    .filter((type) => type !== 'null')
    .map((type) => typeName(type, schema));
  return names.length === 0 ? 'another value' : names.join(' or ');
}

function typeName(type: string, schema: JsonSchema): string {
  switch (type) {
    case 'boolean':
      return 'true or false';
    case 'string':
      if (typeof schema.pattern === 'string') return `a text with the pattern ${schema.pattern}`;
      return typeof schema.minLength === 'number' && schema.minLength > 0 ? 'a text that is not empty' : 'a text';
    case 'array':
      return 'a list';
    case 'object':
      return 'a mapping';
    default:
      return `${type === 'integer' ? 'a whole number' : 'a number'}${limits(schema)}`;
  }
}

function limits({ minimum, maximum }: JsonSchema): string {
  const hasMaximum = typeof maximum === 'number' && maximum < Number.MAX_SAFE_INTEGER;
  if (minimum !== undefined && hasMaximum) return ` from ${minimum} to ${maximum}`;
  if (minimum !== undefined) return ` of at least ${minimum}`;
  return hasMaximum ? ` of at most ${maximum}` : '';
}

function foundIn(setting: Setting, schema: JsonSchema): string {
  if (setting.kind !== 'scalar' || setting.value === null || holdsSecret(schema)) return kindName(setting);
  return typeof setting.value === 'string' ? quoted(setting.value) : String(setting.value);
}

function enumSuggestion(setting: Setting, schema: JsonSchema): string {
  if (setting.kind !== 'scalar' || typeof setting.value !== 'string' || !Array.isArray(schema.enum)) return '';
  const close = closestName(
    setting.value,
    schema.enum.filter((value) => typeof value === 'string'),
  );
  return close === undefined ? '' : ` Did you mean "${close}"?`;
}

const SWITCH_WORDS: Readonly<Record<string, boolean>> = { yes: true, on: true, no: false, off: false };

/** How the same is written so that YAML takes it for what is expected. */
function remedy(setting: Setting, schema: JsonSchema): string {
  if (setting.kind !== 'scalar') return '';
  const types = typesOf(schema);
  const { value } = setting;
  if (typeof value !== 'string') {
    const isText =
      types.includes('string') && value !== null && !Array.isArray(schema.enum) && !types.includes('integer');
    return isText ? ' Put it into quotes.' : '';
  }
  const isNumber =
    types.includes('integer') ||
    types.includes('number') ||
    (Array.isArray(schema.enum) && schema.enum.includes(Number(value)));
  const isQuoted =
    (isNumber && /^\d+(\.\d+)?$/.test(value)) || (types.includes('boolean') && /^(true|false)$/i.test(value));
  if (isQuoted) return ' Leave the quotes out.';
  const meant = types.includes('boolean') ? SWITCH_WORDS[value.toLowerCase()] : undefined;
  if (meant !== undefined) return ` Write ${meant}.`;
  return types.includes('array') && !types.includes('string') && value !== '' ? ' Put brackets around it: [ ].' : '';
}

/** Short, on one line. */
export function quoted(text: string): string {
  const shown = [...text].slice(0, 60).join('');
  return `${JSON.stringify(shown)}${shown.length < text.length ? ' …' : ''}`;
}
