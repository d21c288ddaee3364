/** Longest value that is shown whole, in UTF-16 units of what is shown. */
export const MAX_VALUE_CHARACTERS = 12_000;

/**
 * What is never drawn as it is: controls and halves of surrogate pairs have no shape; the rest cannot be seen, or changes
 * how what follows is read, so that one name could pose as another.
 */
const MARKED =
  /[\p{Cc}\p{Cs}\p{Default_Ignorable_Code_Point}\u2028\u2029\u202a-\u202e\u2066-\u2069\u061c\ufff9-\ufffb]/u;

/** Scripts whose letters join, or stack, otherwise with a (non-)joiner between them. */
const JOINING =
  /[\p{scx=Arabic}\p{scx=Syriac}\p{scx=Mongolian}\p{scx=Nko}\p{scx=Adlam}\p{scx=Devanagari}\p{scx=Bengali}\p{scx=Gurmukhi}\p{scx=Gujarati}\p{scx=Oriya}\p{scx=Tamil}\p{scx=Telugu}\p{scx=Kannada}\p{scx=Malayalam}\p{scx=Sinhala}\p{scx=Khmer}\p{scx=Myanmar}\p{scx=Tibetan}\p{scx=Javanese}]/u;
const LETTER = /[\p{L}\p{M}]/u;
const VIRAMA = /[\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d4d\u0dca\u1039\u103a\u17d2]/;
/** Scripts in which a space of no width stands between words. */
const SPACELESS = /[\p{scx=Thai}\p{scx=Lao}\p{scx=Khmer}\p{scx=Myanmar}\p{scx=Javanese}]/u;
const EMOJI = /[\p{Extended_Pictographic}\p{Emoji_Modifier}]/u;

/** How a character is written that cannot be shown, or must not act: `[U+202E]`. */
function codePointMark(character: string): string {
  return `[U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}]`;
}

/** What cannot be seen by itself, but decides the shape of the letters around it. */
function isNeeded(character: string, before: string, after: string): boolean {
  const isBetween = (pattern: RegExp) =>
    [before, after].every((neighbour) => LETTER.test(neighbour) && pattern.test(neighbour));
  switch (character) {
    case '\u200b':
      return isBetween(SPACELESS);
    case '\u200c':
      return isBetween(JOINING) || VIRAMA.test(before);
    case '\u200d':
      if (isBetween(JOINING) || VIRAMA.test(before)) return true;
      return (EMOJI.test(before) || before === '\ufe0f') && EMOJI.test(after);
    case '\ufe0e':
    case '\ufe0f':
      return EMOJI.test(before) || (after === '\u20e3' && /^[0-9#*]$/.test(before));
  }
  if (/^[\ufe00-\ufe02\u{e0100}-\u{e01ef}]$/u.test(character)) return /\p{Script=Han}/u.test(before);
  return /^[\u180b-\u180f]$/.test(character) && /\p{Script=Mongolian}/u.test(before);
}

/**
 * One line in which everything can be seen: what has no glyph, or must not act, as `[U+202E]`. What goes beyond the limit
 * is left out, and how much that is stands at the end.
 */
export function visibleText(value: string, hasGlyph: (character: string) => boolean): string {
  let text = '';
  let read = 0;
  const characters = [...value.slice(0, MAX_VALUE_CHARACTERS + 2)];
  for (const [i, character] of characters.entries()) {
    const isMarked = MARKED.test(character) && !isNeeded(character, characters[i - 1] ?? '', characters[i + 1] ?? '');
    const shown = isMarked || !hasGlyph(character) ? codePointMark(character) : character;
    if (text.length + shown.length > MAX_VALUE_CHARACTERS) {
      return `${text} [… ${(value.length - read).toLocaleString('en-US')} more characters]`;
    }
    text += shown;
    read += character.length;
  }
  return text;
}
