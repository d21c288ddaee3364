/**
 * JSON as text: what came is kept letter for letter, only put on one line. Nothing here copies members from one object
 * to another, so a `__proto__` key stays a key, and duplicate keys stay in the stored text.
 */

/**
 * Deeper JSON is refused: recursive code behind the door (`JSON.stringify` among it) must be able to walk whatever is
 * stored. `JSON.parse` itself does not recurse.
 */
export const MAX_JSON_DEPTH = 1000;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/**
 * Valid JSON text on one line: without line breaks between tokens (inside strings JSON has none) and without white space
 * around it.
 */
export function oneLineJson(text: string): string {
  const trimmed = text.trim();
  return trimmed.includes('\n') || trimmed.includes('\r') ? trimmed.replace(/[\r\n]+/g, '') : trimmed;
}

/** Is it nested more than `MAX_JSON_DEPTH` levels deep? The text need not be valid JSON. */
export function isNestedTooDeeply(text: string): boolean {
  // every level needs a bracket to open and one to close
  if (text.length < 2 * MAX_JSON_DEPTH) return false;
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) {
      i = endOfString(text, i);
    } else if (code === OPEN_BRACE || code === OPEN_BRACKET) {
      depth++;
      if (depth > MAX_JSON_DEPTH) return true;
    } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      depth--;
    }
  }
  return false;
}

/**
 * The texts of an array's elements, as they stand between the commas.
 * @param text valid JSON whose value is an array
 */
export function splitJsonArray(text: string): readonly string[] {
  const elements: string[] = [];
  let start = text.indexOf('[') + 1;
  let depth = 0;
  for (let i = start; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) {
      i = endOfString(text, i);
    } else if (code === OPEN_BRACE || code === OPEN_BRACKET) {
      depth++;
    } else if (code === COMMA && depth === 0) {
      elements.push(text.slice(start, i));
      start = i + 1;
    } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      depth--;
      if (depth < 0) return withLast(elements, text.slice(start, i));
    }
  }
  return elements;
}

/** `[ ]` has no element; otherwise there is one before the closing bracket. */
function withLast(elements: string[], last: string): readonly string[] {
  if (elements.length > 0 || last.trim() !== '') elements.push(last);
  return elements;
}

/** Index of the quote that closes the string opened at `from`; the end of the text when there is none. */
function endOfString(text: string, from: number): number {
  for (let i = from + 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) return i;
    if (code === BACKSLASH) i++;
  }
  return text.length;
}
