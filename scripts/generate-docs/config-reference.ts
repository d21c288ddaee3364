import { expectation } from '../../server/src/app/config/check-schema.ts';
import { fileKeyOf } from '../../server/src/app/config/fill-in-values.ts';
import { propertiesOf, typesOf } from '../../server/src/app/config/schema/section.ts';
import type { JsonSchema } from '../../server/src/pipeline/ports/destination.ts';
import { cell, code } from './markdown.ts';

const COLUMNS = '| key | type | default | meaning |\n|---|---|---|---|';

/** `docs/configuration.md`: the guide, then a table for each section. */
export function configReference(guide: string, schema: JsonSchema): string {
  const { auditEvents = {}, ...others } = propertiesOf(propertiesOf(schema)['Butler-SOS'] ?? {});
  const { destination = {}, ...sections } = propertiesOf(auditEvents);
  const parts = [
    guide.trimEnd(),
    '## Reference\n\nAll of these stand under `Butler-SOS.auditEvents`, except those of the last table.',
    table('', leaves(sections), 'Audit API'),
    ...subsections(sections).map(([key, below]) => table(key, propertiesOf(below), `\`${key}\``, below)),
    table('destination', leaves(propertiesOf(destination)), '`destination`', destination),
    ...subsections(propertiesOf(destination)).map(([key, below]) =>
      table(`destination.${key}`, propertiesOf(below), `\`destination.${key}\``, below),
    ),
    table('', others, 'Other settings under `Butler-SOS`'),
    ignored(auditEvents),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function leaves(properties: Readonly<Record<string, JsonSchema>>): Readonly<Record<string, JsonSchema>> {
  return Object.fromEntries(Object.entries(properties).filter(([, below]) => !isSection(below)));
}

function subsections(properties: Readonly<Record<string, JsonSchema>>): readonly [string, JsonSchema][] {
  return Object.entries(properties).filter(([, below]) => isSection(below));
}

function isSection(schema: JsonSchema): boolean {
  return typesOf(schema).includes('object');
}

function table(
  prefix: string,
  properties: Readonly<Record<string, JsonSchema>>,
  title: string,
  section?: JsonSchema,
): string {
  const description = section?.description === undefined ? '' : `\n\n${String(section.description)}`;
  const rows = Object.entries(properties).flatMap(([key, below]) => rowsOf(join(prefix, key), below));
  const body = rows.length === 0 ? '' : `\n\n${COLUMNS}\n${rows.join('\n')}`;
  return `### ${title}${description}${body}`;
}

function rowsOf(path: string, schema: JsonSchema): readonly string[] {
  if (schema['x-ignored'] !== undefined) return [];
  if (isSection(schema)) {
    return Object.entries(propertiesOf(schema)).flatMap(([key, below]) => rowsOf(join(path, key), below));
  }
  const unit = schema['x-unit'] === undefined ? '' : `, ${String(schema['x-unit'])}`;
  const byDefault = schema.default === undefined || schema.default === null ? '' : code(schema.default);
  const row = `| \`${path}\` | ${cell(expectation(schema) + unit)} | ${byDefault} | ${meaning(path, schema)} |`;
  const items = schema.items as JsonSchema | undefined;
  const below = Object.entries(propertiesOf(items)).flatMap(([key, item]) => rowsOf(`${path}[].${key}`, item));
  return [row, ...below];
}

function meaning(path: string, schema: JsonSchema): string {
  const description = cell(String(schema.description ?? ''));
  if (schema['x-secret'] !== true) return description;
  const fileKey = fileKeyOf(path.split('.').at(-1) ?? '');
  return `${description} **Secret**; or \`${fileKey}\` with the path of a file.`;
}

function ignored(auditEvents: JsonSchema): string {
  const rows = ignoredPaths('', auditEvents).map(([path, reason]) => `| \`${path}\` | ${cell(reason)} |`);
  return `### Accepted without effect\n\nSettings of Butler SOS 15 that files may keep; the server notes them at start.\n\n| key | why |\n|---|---|\n${rows.join('\n')}`;
}

function ignoredPaths(path: string, schema: JsonSchema): readonly [string, string][] {
  if (schema['x-ignored'] !== undefined) return [[path, String(schema['x-ignored'])]];
  return Object.entries(propertiesOf(schema)).flatMap(([key, below]) => ignoredPaths(join(path, key), below));
}

function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}
