/** Longest value that is shown whole, in UTF-16 units of what is shown. */
export const MAX_VALUE_CHARACTERS = 12_000;

/**
 * What is never drawn as it is: controls and halves of surrogate pairs have no shape, and the last two ranges change how
 * what follows is read, so that one name could pose as another.
 */
const MARKED = /[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;

/** How a character is written that cannot be shown, or must not act: `[U+202E]`. */
export function codePointMark(character: string): string {
  return `[U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}]`;
}

/**
 * One line in which everything can be seen: what has no glyph, or must not act, as `[U+202E]`. What goes beyond the limit
 * is left out, and how much that is stands at the end.
 */
export function visibleText(value: string, hasGlyph: (character: string) => boolean): string {
  let text = '';
  let read = 0;
  for (const character of value) {
    const shown = MARKED.test(character) || !hasGlyph(character) ? codePointMark(character) : character;
    if (text.length + shown.length > MAX_VALUE_CHARACTERS) {
      return `${text} [… ${(value.length - read).toLocaleString('en-US')} more characters]`;
    }
    text += shown;
    read += character.length;
  }
  return text;
}
