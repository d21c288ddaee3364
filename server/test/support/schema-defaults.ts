import { Ajv } from 'ajv';
import type { JsonSchema } from '../../src/pipeline/ports/destination.ts';

/** A section as a destination gets it from the configuration: checked, with the defaults of its schema. */
export function withDefaults(schema: JsonSchema, section: Readonly<Record<string, unknown>>): unknown {
  const filled = structuredClone(section);
  const validate = new Ajv({ useDefaults: true, allowUnionTypes: true, strict: false }).compile(schema);
  if (!validate(filled)) throw new Error(JSON.stringify(validate.errors));
  return filled;
}
