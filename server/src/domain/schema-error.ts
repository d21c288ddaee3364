/** One thing wrong with an event, in the form that clients of the API know (that of the JSON Schema validator ajv). */
export interface SchemaError {
  /** JSON pointer to the value; for a missing member, to the object that lacks it. */
  readonly instancePath: string;
  readonly message: string;
  readonly params: Readonly<Record<string, unknown>>;
}

export type JsonType = 'object' | 'array' | 'string' | 'number' | 'integer' | 'null';

/** Each function below gives what that validator says of one fault. */
export function wrongType(instancePath: string, ...types: readonly JsonType[]): SchemaError {
  return {
    instancePath,
    message: `must be ${types.join(' or ')}`,
    params: { type: types.length === 1 ? types[0] : types },
  };
}

export function missingMember(instancePath: string, name: string): SchemaError {
  return { instancePath, message: `must have required property '${name}'`, params: { missingProperty: name } };
}

export function wrongFormat(instancePath: string, format: 'uuid' | 'date-time' | 'uri'): SchemaError {
  return { instancePath, message: `must match format "${format}"`, params: { format } };
}

export function outOfBounds(instancePath: string, comparison: '>=' | '<=' | '>', limit: number): SchemaError {
  return { instancePath, message: `must be ${comparison} ${limit}`, params: { comparison, limit } };
}

export function tooShort(instancePath: string, limit: number): SchemaError {
  return { instancePath, message: `must NOT have fewer than ${limit} characters`, params: { limit } };
}

export function tooLong(instancePath: string, unit: 'characters' | 'items', limit: number): SchemaError {
  return { instancePath, message: `must NOT have more than ${limit} ${unit}`, params: { limit } };
}

export function notAllowed(instancePath: string, allowedValues: readonly string[]): SchemaError {
  return { instancePath, message: 'must be equal to one of the allowed values', params: { allowedValues } };
}

/** Something that no schema keyword says. */
export function broken(instancePath: string, message: string): SchemaError {
  return { instancePath, message, params: {} };
}
