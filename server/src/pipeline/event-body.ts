import { isUtf8 } from 'node:buffer';
import { isNestedTooDeeply, MAX_JSON_DEPTH, splitJsonArray } from '../domain/json-text.ts';
import { broken, type SchemaError, wrongType } from '../domain/schema-error.ts';

/** JSON that was parsed, with the text it was parsed from. */
export interface JsonBody {
  readonly kind: 'json';
  readonly text: string;
  readonly value: unknown;
}

export interface UnreadableBody {
  readonly kind: 'unreadable';
  /** As it came. */
  readonly body: Buffer;
  readonly error: SchemaError;
}

/** Never throws. */
export function readJson(body: Buffer): JsonBody | UnreadableBody {
  if (!isUtf8(body)) return unreadable(body, 'is not valid UTF-8');
  if (isNestedTooDeeply(body)) return unreadable(body, TOO_DEEP);
  return parse(body);
}

/**
 * A body of many events: a JSON array, or JSON values one to a line. An array is read whole or not at all; a line that
 * cannot be read stands among the others. Never throws.
 */
export function readJsonBatch(
  body: Buffer,
  format: 'array' | 'lines',
): readonly (JsonBody | UnreadableBody)[] | UnreadableBody {
  if (!isUtf8(body)) return unreadable(body, 'is not valid UTF-8');
  return format === 'lines' ? readLines(body) : readArray(body);
}

function readArray(body: Buffer): readonly JsonBody[] | UnreadableBody {
  const bounds = splitJsonArray(body);
  if (bounds === 'nested too deeply') return unreadable(body, TOO_DEEP);
  if (bounds === undefined) {
    const whole = readJson(body);
    return whole.kind === 'unreadable' ? whole : { kind: 'unreadable', body, error: wrongType('', 'array') };
  }
  const elements: JsonBody[] = [];
  for (let i = 0; i < bounds.length; i += 2) {
    const element = parse(body.subarray(bounds[i], bounds[i + 1]));
    if (element.kind === 'unreadable') return { ...element, body };
    elements.push(element);
  }
  return elements;
}

const NEWLINE = 0x0a;

function readLines(body: Buffer): readonly (JsonBody | UnreadableBody)[] {
  const elements: (JsonBody | UnreadableBody)[] = [];
  for (let begin = 0; begin < body.length; ) {
    const newline = body.indexOf(NEWLINE, begin);
    const end = newline === -1 ? body.length : newline;
    const element = readJson(body.subarray(begin, end));
    if (element.kind === 'json' || element.error !== EMPTY) elements.push(element);
    begin = end + 1;
  }
  return elements;
}

function parse(body: Buffer): JsonBody | UnreadableBody {
  const text = body.toString('utf8');
  try {
    return { kind: 'json', text, value: JSON.parse(text) as unknown };
  } catch {
    if (text.trim() === '') return { kind: 'unreadable', body, error: EMPTY };
    return unreadable(body, 'is not valid JSON');
  }
}

const TOO_DEEP = `is nested more than ${MAX_JSON_DEPTH} levels deep`;
const EMPTY = broken('', 'body is empty');

function unreadable(body: Buffer, what: string): UnreadableBody {
  return { kind: 'unreadable', body, error: broken('', `body ${what}`) };
}
