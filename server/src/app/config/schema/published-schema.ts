import type { JsonSchema, RegisteredDestination } from '../../../pipeline/ports/destination.ts';
import { fileKeyOf } from '../fill-in-values.ts';
import { propertiesOf, typesOf } from './section.ts';
import { METADATA_DESTINATIONS, settingsSchema } from './settings-schema.ts';

const REFERENCE: JsonSchema = { type: 'string', pattern: '^\\$\\{[A-Za-z_][A-Za-z0-9_]*\\}$' };

/**
 * The schema for editors, published as `server/config/butler-sos-audit.schema.json`. It allows what a file may have before
 * shapes are unified and values filled in: both documented shapes, `${NAME}`, `<key>File`, sections left empty.
 */
export function publishedSchema(registered: readonly RegisteredDestination[]): JsonSchema {
  const checked = settingsSchema(registered);
  const butlerSos = propertiesOf(checked)['Butler-SOS'] ?? {};
  const auditEvents = withBothShapes(propertiesOf(butlerSos).auditEvents ?? {});
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Configuration of Butler SOS Audit',
    type: 'object',
    properties: {
      'Butler-SOS': asWritten({ ...butlerSos, properties: { ...propertiesOf(butlerSos), auditEvents } }),
      auditEvents: { $ref: '#/properties/Butler-SOS/properties/auditEvents' },
    },
  };
}

function withBothShapes(auditEvents: JsonSchema): JsonSchema {
  const { destination = {}, screenshots = {}, ...rest } = propertiesOf(auditEvents);
  const imageFacts = propertiesOf(screenshots).addInImageMetadata ?? {};
  const facts = propertiesOf(imageFacts);
  const { userId = {} } = facts;
  const bothFacts: JsonSchema = {
    ...imageFacts,
    properties: {
      enable: { description: 'Shape of Butler SOS 15: write the facts of `fields`.', type: 'boolean' },
      fields: {
        description: 'Shape of Butler SOS 15.',
        type: 'object',
        additionalProperties: false,
        properties: { ...facts, user: userId },
      },
      ...facts,
      user: userId,
    },
  };
  const bothScreenshots = {
    ...screenshots,
    properties: { ...propertiesOf(screenshots), addInImageMetadata: bothFacts },
  };
  const destinations: Record<string, JsonSchema> = { ...propertiesOf(destination), screenshots: bothScreenshots };
  for (const type of METADATA_DESTINATIONS) {
    const own = destinations[type];
    if (own === undefined) continue;
    const { objectdata, ...settings } = propertiesOf(own);
    const metadata = {
      description: 'Shape of Butler SOS 15: the same settings.',
      type: 'object',
      additionalProperties: false,
      properties: settings,
    };
    destinations[type] = { ...own, properties: { ...propertiesOf(own), metadata } };
  }
  return {
    ...auditEvents,
    properties: {
      ...rest,
      destination: { ...destination, properties: destinations },
      screenshots: bothScreenshots,
    },
  };
}

/** What may stand in a file where the schema wants this. */
function asWritten(schema: JsonSchema): JsonSchema {
  const types = typesOf(schema);
  if (types.includes('object')) return { ...schema, type: withNull(types), properties: propertiesAsWritten(schema) };
  if (schema.items !== undefined)
    return { ...schema, type: withNull(types), items: asWritten(schema.items as JsonSchema) };
  if (Array.isArray(schema.enum)) {
    const { enum: values, ...rest } = schema;
    return { ...rest, anyOf: [{ enum: values }, REFERENCE] };
  }
  if (types.includes('string')) return schema.default === undefined ? { ...schema, type: withNull(types) } : schema;
  return types.length === 0 ? schema : { ...schema, ...REFERENCE, type: [...types, 'string'] };
}

function propertiesAsWritten(schema: JsonSchema): Record<string, JsonSchema> {
  const written: Record<string, JsonSchema> = {};
  for (const [key, below] of Object.entries(propertiesOf(schema))) {
    written[key] = asWritten(below);
    if (below['x-secret'] === true) {
      const description = `A file with the value of \`${key}\`, instead of the value itself.`;
      written[fileKeyOf(key)] = { description, type: 'string', minLength: 1 };
    }
  }
  return written;
}

function withNull(types: readonly string[]): readonly string[] {
  return types.includes('null') ? types : [...types, 'null'];
}
