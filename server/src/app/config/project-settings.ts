import { resolve } from 'node:path';
import type { JsonSchema } from '../../pipeline/ports/destination.ts';
import { holdsSecret, propertiesOf, schemaBelow, typesOf } from './schema/section.ts';

const MASK = '********';

export interface Projection {
  /** Absolute; relative values of `x-path` keys become absolute against it. */
  readonly root: string;
  /** Secrets become `********`, and keys that the schema does not know are left out: they might be secrets. */
  readonly mask: boolean;
}

/** Settings as plain data without what is ignored, paths absolute. */
export function projectSettings(value: unknown, schema: JsonSchema, projection: Projection): unknown {
  if (projection.mask && schema['x-secret'] === true) return Array.isArray(value) ? value.map(() => MASK) : MASK;
  if (Array.isArray(value)) {
    const items = schemaBelow(schema, 0) ?? {};
    return value.map((item) => projectSettings(item, items, projection));
  }
  if (typeof value === 'string' && schema['x-path'] === true && value !== '') return resolve(projection.root, value);
  if (typeof value !== 'object' || value === null) return value;
  const known = propertiesOf(schema);
  const projected: Record<string, unknown> = {};
  for (const [key, below] of Object.entries(value)) {
    const belowSchema = Object.hasOwn(known, key) ? known[key] : undefined;
    if (belowSchema?.['x-ignored'] !== undefined || (projection.mask && belowSchema === undefined)) continue;
    Object.defineProperty(projected, key, {
      value: projectSettings(below, belowSchema ?? {}, projection),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return projected;
}

/** The places of all secrets of a schema, as paths of keys (for the documentation and for tests). */
export function secretPaths(schema: JsonSchema, path = ''): readonly string[] {
  if (schema['x-secret'] === true) return [path];
  if (!holdsSecret(schema) || !typesOf(schema).includes('object')) return [];
  return Object.entries(propertiesOf(schema)).flatMap(([key, below]) =>
    secretPaths(below, path === '' ? key : `${path}.${key}`),
  );
}
