import type { JsonSchema } from '../../../pipeline/ports/destination.ts';

/**
 * Beside the words of JSON Schema, ours: `x-secret` (masked in all output, also given by `<key>File`), `x-path` (resolved
 * against the root), `x-ignored` (known to Butler SOS 15, without meaning here; the value says why) and `x-unit`.
 */
export const OWN_KEYWORDS = ['x-secret', 'x-path', 'x-ignored', 'x-unit'] as const;

export type Properties = Readonly<Record<string, JsonSchema>>;

/** A mapping that knows its keys. A file may leave it out, or leave it empty. */
export function section(description: string, properties: Properties): JsonSchema {
  return { description, type: 'object', additionalProperties: false, default: {}, properties };
}

export function flag(description: string, byDefault: boolean): JsonSchema {
  return { description, type: 'boolean', default: byDefault };
}

/** Without a default it may be left empty, which is the same as leaving it out. */
export function text(description: string, more: JsonSchema = {}): JsonSchema {
  return { description, type: 'string', ...(more.default === undefined ? {} : { minLength: 1 }), ...more };
}

export function secret(description: string, more: JsonSchema = {}): JsonSchema {
  return { description, type: 'string', 'x-secret': true, ...more };
}

export function path(description: string, more: JsonSchema = {}): JsonSchema {
  return text(description, { 'x-path': true, ...more });
}

export function whole(description: string, minimum: number, maximum: number, byDefault?: number): JsonSchema {
  const schema = { description, type: 'integer', minimum, maximum };
  return byDefault === undefined ? schema : { ...schema, default: byDefault };
}

export function milliseconds(description: string, minimum: number, byDefault: number): JsonSchema {
  return { description, type: 'number', minimum, maximum: 2_147_483_647, default: byDefault, 'x-unit': 'ms' };
}

export function port(description: string, byDefault?: number): JsonSchema {
  return whole(description, 0, 65_535, byDefault);
}

export function texts(description: string, more: JsonSchema = {}): JsonSchema {
  return { description, type: ['array', 'null'], items: { type: 'string', minLength: 1 }, ...more };
}

/** `- name: …, value: …` */
export function namedValues(description: string): JsonSchema {
  return {
    description,
    type: ['array', 'null'],
    default: null,
    examples: [[{ name: 'env', value: 'prod' }]],
    items: {
      type: 'object',
      required: ['name', 'value'],
      additionalProperties: false,
      properties: {
        name: { description: 'Name.', type: 'string', minLength: 1 },
        value: { description: 'Value.', type: ['string', 'number', 'boolean'] },
      },
    },
  };
}

export function propertiesOf(schema: JsonSchema | undefined): Properties {
  return (schema?.properties ?? {}) as Properties;
}

/** The schema of a key of a mapping, or of an item of a list. */
export function schemaBelow(schema: JsonSchema | undefined, key: string | number): JsonSchema | undefined {
  if (typeof key === 'number') return schema?.items as JsonSchema | undefined;
  const properties = propertiesOf(schema);
  return Object.hasOwn(properties, key) ? properties[key] : undefined;
}

export function typesOf(schema: JsonSchema | undefined): readonly string[] {
  const type = schema?.type;
  return Array.isArray(type) ? (type as string[]) : typeof type === 'string' ? [type] : [];
}

/** Is it a secret, or is there one below it? Then nothing that stands there is quoted. */
export function holdsSecret(schema: JsonSchema | undefined): boolean {
  if (schema === undefined) return false;
  if (schema['x-secret'] === true) return true;
  if (holdsSecret(schema.items as JsonSchema | undefined)) return true;
  return Object.values(propertiesOf(schema)).some(holdsSecret);
}
