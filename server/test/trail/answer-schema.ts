import assert from 'node:assert/strict';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { openApiDocument } from '../../src/adapters/viewer-api/openapi.ts';

interface Operation {
  /** Empty: needs no log-in. Absent: as the document says. */
  readonly security?: readonly object[];
  readonly parameters: readonly { readonly name: string; readonly in: string }[];
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: object }>> }>
  >;
}

export interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: object;
}

export const DOCUMENT = openApiDocument('test') as Document;

const ajv = new Ajv2020({ strict: false, allErrors: true });
ajv.addFormat('date-time', /^-?\d{4,6}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
ajv.addFormat('binary', true);
ajv.addSchema({ $id: 'document', ...DOCUMENT });
const compiled = new Map<object, ValidateFunction>();

/** Is this route, with these parameters and this answer, what the document says? */
export function assertDocumented(method: string, url: string, status: number, type: string, body: unknown): void {
  const { pathname, searchParams } = new URL(url, 'http://x');
  const path = pathname.replace('/api/v1/trail', '');
  const operation = operationAt(path, method);
  assert.ok(operation !== undefined, `${method} ${path} is not in the document`);
  if (status < 400) {
    for (const name of searchParams.keys()) {
      assert.ok(
        operation.parameters.some((one) => one.name === name && one.in === 'query'),
        `${path}: no parameter ${name}`,
      );
    }
  }
  const response = operation.responses[String(status)];
  assert.ok(response !== undefined, `${method} ${path} answers ${status}, which is not in the document`);
  if (status === 204) return;
  const content = response.content?.[type.split(';')[0] ?? ''];
  assert.ok(content !== undefined, `${method} ${path} answers ${status} as ${type}, which is not in the document`);
  if (type.startsWith('application/json')) assertMatches(content.schema, body, `${method} ${path} ${status}`);
}

export function operationAt(path: string, method: string): Operation | undefined {
  for (const [template, operations] of Object.entries(DOCUMENT.paths)) {
    const pattern = new RegExp(`^${template.replace(/\{\w+\}/g, '[^/]+')}$`);
    if (pattern.test(path)) return operations[method.toLowerCase()];
  }
  return undefined;
}

function assertMatches(schema: object, body: unknown, what: string): void {
  let validate = compiled.get(schema);
  if (validate === undefined) {
    const rooted = JSON.parse(JSON.stringify(schema).replaceAll('"#/components', '"document#/components')) as object;
    validate = ajv.compile(rooted);
    compiled.set(schema, validate);
  }
  assert.ok(validate(body), `${what}: ${ajv.errorsText(validate.errors)} in ${JSON.stringify(body).slice(0, 500)}`);
}
