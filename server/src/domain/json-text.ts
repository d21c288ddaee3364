/**
 * JSON as text: what came is kept letter for letter, only put on one line. Nothing here copies members from one object
 * to another, so a `__proto__` key stays a key, and duplicate keys stay in the stored text.
 */

/**
 * Deeper JSON is refused: recursive code behind the door (`JSON.stringify` among it) must be able to walk whatever is
 * stored. `JSON.parse` itself does not recurse.
 */
export const MAX_JSON_DEPTH = 1000;

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
/** With this bit, both kinds of brackets look the same. */
const CASE = 0x20;
const OPENING = 0x7b;
const CLOSING = 0x7d;

/**
 * Valid JSON on one line: without line breaks between tokens (inside strings JSON has none) and without white space
 * around it. @param json UTF-8 @returns a part of it, or a copy
 */
export function oneLineJson(json: Buffer): Buffer {
  const begin = skipWhiteSpace(json, 0);
  let end = json.length;
  while (end > begin && isWhiteSpace(json[end - 1])) end--;
  const trimmed = begin === 0 && end === json.length ? json : json.subarray(begin, end);
  if (!trimmed.includes(LINE_FEED) && !trimmed.includes(CARRIAGE_RETURN)) return trimmed;
  return Buffer.from(trimmed.filter((byte) => byte !== LINE_FEED && byte !== CARRIAGE_RETURN));
}

/** Is it nested more than `MAX_JSON_DEPTH` levels deep? The text, in UTF-8, need not be valid JSON. */
export function isNestedTooDeeply(json: Uint8Array): boolean {
  // every level needs a bracket to open and one to close
  if (json.length < 2 * MAX_JSON_DEPTH) return false;
  let depth = 0;
  for (let i = 0; i < json.length; i++) {
    const byte = json[i] ?? 0;
    if (byte === QUOTE) i = endOfString(json, i);
    else if ((byte | CASE) === OPENING) {
      depth++;
      if (depth > MAX_JSON_DEPTH) return true;
    } else if ((byte | CASE) === CLOSING) depth--;
  }
  return false;
}

/**
 * Where the elements of an array begin and end: `[begin, end, begin, end, …]`, so that each can be parsed, kept and
 * judged alone. The whole is valid JSON exactly when each of the elements is.
 * @param json UTF-8
 * @returns undefined when there is no array around elements
 */
export function splitJsonArray(json: Uint8Array): readonly number[] | 'nested too deeply' | undefined {
  const open = skipWhiteSpace(json, 0);
  if (json[open] !== OPEN_BRACKET) return undefined;
  const bounds: number[] = [];
  let begin = open + 1;
  let depth = 1;
  for (let i = begin; i < json.length; i++) {
    const byte = json[i] ?? 0;
    if (byte === QUOTE) i = endOfString(json, i);
    else if (byte === COMMA) {
      if (depth !== 1) continue;
      bounds.push(begin, i);
      begin = i + 1;
    } else if ((byte | CASE) === OPENING) {
      depth++;
      if (depth > MAX_JSON_DEPTH) return 'nested too deeply';
    } else if ((byte | CASE) === CLOSING) {
      depth--;
      if (depth > 0) continue;
      // `[ ]` has no element; otherwise one stands before the closing bracket
      if (bounds.length > 0 || skipWhiteSpace(json, begin) !== i) bounds.push(begin, i);
      return byte === CLOSE_BRACKET && skipWhiteSpace(json, i + 1) === json.length ? bounds : undefined;
    }
  }
  return undefined;
}

const COLON = 0x3a;
const SHORTEST_BEGINNING = 4;

/**
 * The same for elements that begin alike, as one client writes them: cut at each comma before another beginning of the
 * first element. Ten times as fast, but a guess. It is right exactly when each piece is valid JSON: no text can be read
 * as two different arrays.
 * @returns undefined: the elements do not begin alike, or there are none
 */
export function guessJsonArray(json: Buffer): readonly number[] | undefined {
  const begin = skipWhiteSpace(json, 0) + 1;
  const close = json.lastIndexOf(CLOSE_BRACKET);
  const colon = json.indexOf(COLON, begin);
  if (json[begin - 1] !== OPEN_BRACKET || close < begin || skipWhiteSpace(json, close + 1) !== json.length)
    return undefined;
  if (colon === -1 || colon - begin < SHORTEST_BEGINNING || colon - begin > 64) return undefined;
  const next = Buffer.concat([Buffer.of(COMMA), json.subarray(begin, colon + 1)]);
  const bounds: number[] = [begin];
  for (let at = json.indexOf(next, begin); at !== -1; at = json.indexOf(next, at + next.length))
    bounds.push(at, at + 1);
  bounds.push(close);
  return bounds;
}

/** Index of the quote that closes the string opened at `from`; the end when there is none. */
function endOfString(json: Uint8Array, from: number): number {
  for (let i = from + 1; i < json.length; i++) {
    const byte = json[i];
    if (byte === QUOTE) return i;
    if (byte === BACKSLASH) i++;
  }
  return json.length;
}

function skipWhiteSpace(json: Uint8Array, from: number): number {
  let i = from;
  while (i < json.length && isWhiteSpace(json[i])) i++;
  return i;
}

function isWhiteSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === LINE_FEED || byte === CARRIAGE_RETURN || byte === 0x09;
}
