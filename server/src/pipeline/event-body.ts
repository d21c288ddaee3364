import { isUtf8 } from 'node:buffer';
import { guessJsonArray, isNestedTooDeeply, MAX_JSON_DEPTH, splitJsonArray } from '../domain/json-text.ts';
import { broken, type SchemaError, wrongType } from '../domain/schema-error.ts';

/** JSON that was parsed, with the bytes it was parsed from. */
export interface JsonBody {
  readonly kind: 'json';
  /** UTF-8. */
  readonly bytes: Buffer;
  readonly value: unknown;
}

export interface UnreadableBody {
  readonly kind: 'unreadable';
  readonly error: SchemaError;
}

/** Never throws. */
export function readJson(body: Buffer): JsonBody | UnreadableBody {
  return isUtf8(body) ? parseJson(body) : unreadable('is not valid UTF-8');
}

/**
 * Where the events of a body stand: a JSON array, or JSON values one to a line. They are not parsed yet, so that what
 * each of them is parsed into lives no longer than it takes to judge it.
 */
export function splitJsonBatch(body: Buffer, format: 'array' | 'lines'): readonly Buffer[] | UnreadableBody {
  if (!isUtf8(body)) return unreadable('is not valid UTF-8');
  return format === 'lines' ? linesOf(body) : elementsOf(body);
}

/** The elements of an array, if each of them turns out to be valid JSON; else `splitJsonBatch` knows. */
export function guessElements(body: Buffer): readonly Buffer[] | undefined {
  if (!isUtf8(body)) return undefined;
  const bounds = guessJsonArray(body);
  return bounds === undefined ? undefined : partsOf(body, bounds);
}

function elementsOf(body: Buffer): readonly Buffer[] | UnreadableBody {
  const bounds = splitJsonArray(body);
  if (bounds === 'nested too deeply') return TOO_DEEP;
  if (bounds === undefined) {
    const whole = parseJson(body);
    return whole.kind === 'unreadable' ? whole : { kind: 'unreadable', error: wrongType('', 'array') };
  }
  return partsOf(body, bounds);
}

function partsOf(body: Buffer, bounds: readonly number[]): readonly Buffer[] {
  const parts: Buffer[] = [];
  for (let i = 0; i < bounds.length; i += 2) parts.push(body.subarray(bounds[i], bounds[i + 1]));
  return parts;
}

const NEWLINE = 0x0a;

function linesOf(body: Buffer): readonly Buffer[] {
  const lines: Buffer[] = [];
  for (let begin = 0; begin < body.length; ) {
    const newline = body.indexOf(NEWLINE, begin);
    const end = newline === -1 ? body.length : newline;
    if (!isBlank(body, begin, end)) lines.push(body.subarray(begin, end));
    begin = end + 1;
  }
  return lines;
}

function isBlank(body: Buffer, begin: number, end: number): boolean {
  // an event begins with a brace: hardly anything is looked at
  return (
    body.toString('latin1', begin, Math.min(end, begin + 1)).trim() === '' &&
    body.toString('utf8', begin, end).trim() === ''
  );
}

/** For bytes that are known to be UTF-8. Never throws. */
export function parseJson(bytes: Buffer): JsonBody | UnreadableBody {
  if (isNestedTooDeeply(bytes)) return TOO_DEEP;
  const text = bytes.toString('utf8');
  try {
    return { kind: 'json', bytes, value: JSON.parse(text) as unknown };
  } catch {
    if (text.trim() === '') return EMPTY_BODY;
    return text.startsWith('\uFEFF') ? BYTE_ORDER_MARK : NOT_JSON;
  }
}

function unreadable(what: string): UnreadableBody {
  return { kind: 'unreadable', error: broken('', `body ${what}`) };
}

export const NOT_JSON = unreadable('is not valid JSON');
const BYTE_ORDER_MARK = unreadable('is not valid JSON: it begins with a byte order mark');
const TOO_DEEP = unreadable(`is nested more than ${MAX_JSON_DEPTH} levels deep`);
/** For all that is not there: a body, a line, or an element between two commas. */
export const EMPTY_BODY: UnreadableBody = { kind: 'unreadable', error: broken('', 'body is empty') };
