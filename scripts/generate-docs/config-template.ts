import { stringify } from 'yaml';
import { expectation } from '../../server/src/app/config/check-schema.ts';
import { propertiesOf, typesOf } from '../../server/src/app/config/schema/section.ts';
import type { JsonSchema } from '../../server/src/pipeline/ports/destination.ts';

const LINE_WIDTH = 120;

const HEAD = `# yaml-language-server: $schema=./butler-sos-audit.schema.json
#
# Configuration of Butler SOS Audit. Every setting is here with its default, so this file does the same as an empty one;
# those without a default are commented out. Copy it, keep what you change:
#
#   npx butler-sos-audit check-config --config production.yaml
#   npx butler-sos-audit serve --config production.yaml
#
# An existing production.yaml of Butler SOS 15 works as it is. $\{NAME} takes a value from the environment ($$\{ is a plain $\{).
# A secret can come from a file, too: tokenFile instead of token. Everything in prose: docs/configuration.md.
# Written by "npm run docs"; change the descriptions in server/src/app/config/schema.
`;

/** `server/config/butler-sos-audit.yaml`: every key with its meaning and default. */
export function configTemplate(schema: JsonSchema): string {
  const butlerSos = propertiesOf(schema)['Butler-SOS'] ?? {};
  const { auditEvents = {}, ...others } = propertiesOf(butlerSos);
  const lines = ['Butler-SOS:', ...keyLines('auditEvents', auditEvents, '  ')];
  lines.push('  # --- Read from the other sections of Butler SOS; what else stands there is left alone. ---');
  for (const [key, below] of Object.entries(others)) lines.push(...keyLines(key, below, '  '));
  return `${HEAD}${lines.join('\n')}\n`;
}

function keyLines(key: string, schema: JsonSchema, indent: string): string[] {
  const isSection = typesOf(schema).includes('object');
  const comment = comments([String(schema.description ?? ''), ...(isSection ? [] : [facts(schema)])], indent);
  if (isSection) {
    const below = Object.entries(propertiesOf(schema)).filter(([, property]) => isShown(property));
    const inner = below.flatMap(([name, property]) => keyLines(name, property, `${indent}  `));
    return [...comment, `${indent}${key}:`, ...inner];
  }
  if (schema.default !== undefined) {
    const example = isListDefault(schema) ? exampleLines(key, schema, indent) : [];
    return [...comment, ...example, ...valueLines(key, schema.default, indent)];
  }
  return [...comment, ...exampleLines(key, schema, indent)];
}

function isShown(schema: JsonSchema): boolean {
  const isEmptySection = typesOf(schema).includes('object') && Object.keys(propertiesOf(schema)).length === 0;
  return schema['x-ignored'] === undefined && !isEmptySection;
}

function isListDefault({ default: value }: JsonSchema): boolean {
  return value === null || (Array.isArray(value) && value.length === 0);
}

function exampleLines(key: string, schema: JsonSchema, indent: string): string[] {
  const [example] = (schema.examples ?? ['']) as unknown[];
  if (schema.examples === undefined && schema.default !== undefined) return [];
  return valueLines(key, example, '').map((line) => `${indent}# ${line}`);
}

function valueLines(key: string, value: unknown, indent: string): string[] {
  return stringify({ [key]: value }, { lineWidth: 0 })
    .trimEnd()
    .split('\n')
    .map((line) => `${indent}${line}`);
}

function facts(schema: JsonSchema): string {
  const unit = schema['x-unit'] === undefined ? '' : ` (${String(schema['x-unit'])})`;
  const byDefault = schema.default === undefined ? 'No default' : `Default: ${JSON.stringify(schema.default)}`;
  const secret = schema['x-secret'] === true ? ' Secret.' : '';
  return `${capitalised(expectation(schema))}${unit}. ${byDefault}.${secret}`;
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function comments(paragraphs: readonly string[], indent: string): string[] {
  return paragraphs
    .filter((text) => text !== '')
    .flatMap((text) => wrapped(text, LINE_WIDTH - indent.length - 2))
    .map((line) => `${indent}# ${line}`);
}

function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}
