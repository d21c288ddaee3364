/** Longest value that is shown whole, in characters. */
export const MAX_VALUE_CHARACTERS = 12_000;

/** Longest of a cluster: a letter with more marks than this is drawn as several. */
const CONTROL = /[\p{Cc}\u2028\u2029]/u;
/** They would change how what follows is read: a name could pose as another. */
const DIRECTION_CONTROL = /[\u202a-\u202e\u2066-\u2069]/u;
const LONE_SURROGATE = /\p{Cs}/u;

/** How a character is written that cannot be shown, or must not act: `[U+202E]`. */
export function codePointMark(character: string): string {
  return `[U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}]`;
}

/** Cuts at the limit, and says how much is missing. */
export function bounded(value: string): string {
  if (value.length <= MAX_VALUE_CHARACTERS) return value;
  let end = MAX_VALUE_CHARACTERS;
  if (/[\ud800-\udbff]/.test(value.charAt(end - 1))) end--;
  const missing = (value.length - end).toLocaleString('en-US');
  return `${value.slice(0, end)} [… ${missing} more characters]`;
}

/**
 * One line in which everything can be seen: control characters as their pictures (`␊`), those that change the direction
 * of writing, halves of surrogate pairs and what `hasGlyph` refuses as `[U+202E]`.
 */
export function visibleText(value: string, hasGlyph: (character: string) => boolean): string {
  let text = '';
  for (const character of value) {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x20) text += String.fromCodePoint(0x2400 + code);
    else if (code === 0x7f) text += '\u2421';
    else if (CONTROL.test(character) || DIRECTION_CONTROL.test(character) || LONE_SURROGATE.test(character))
      text += codePointMark(character);
    else text += hasGlyph(character) ? character : codePointMark(character);
  }
  return text;
}
