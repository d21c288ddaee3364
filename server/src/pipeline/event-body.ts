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
  readonly error: SchemaError;
}

/** Never throws. */
export function readJson(body: Buffer): JsonBody | UnreadableBody {
  return isUtf8(body) ? parse(body.toString('utf8')) : unreadable('is not valid UTF-8');
}

/** A body of many events: a JSON array, or JSON values one to a line. Elements that are unreadable stand among the others. */
export function readJsonBatch(
  body: Buffer,
  format: 'array' | 'lines',
): readonly (JsonBody | UnreadableElement)[] | UnreadableBody {
  if (!isUtf8(body)) return unreadable('is not valid UTF-8');
  const text = body.toString('utf8');
  return format === 'lines' ? parseLines(text) : parseArray(text);
}

export interface UnreadableElement extends UnreadableBody {
  readonly text: string;
}

function parseArray(text: string): readonly JsonBody[] | UnreadableBody {
  const whole = parse(text);
  if (whole.kind === 'unreadable') return whole;
  if (!Array.isArray(whole.value)) return { kind: 'unreadable', error: wrongType('', 'array') };
  const values: readonly unknown[] = whole.value;
  return splitJsonArray(text).map((element, i) => ({ kind: 'json', text: element, value: values[i] }));
}

function parseLines(text: string): readonly (JsonBody | UnreadableElement)[] {
  const elements: (JsonBody | UnreadableElement)[] = [];
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue;
    const parsed = parse(line);
    elements.push(parsed.kind === 'json' ? parsed : { ...parsed, text: line });
  }
  return elements;
}

function parse(text: string): JsonBody | UnreadableBody {
  if (isNestedTooDeeply(text)) return unreadable(`is nested more than ${MAX_JSON_DEPTH} levels deep`);
  try {
    return { kind: 'json', text, value: JSON.parse(text) as unknown };
  } catch {
    return unreadable(text.trim() === '' ? 'is empty' : 'is not valid JSON');
  }
}

function unreadable(what: string): UnreadableBody {
  return { kind: 'unreadable', error: broken('', `body ${what}`) };
}
