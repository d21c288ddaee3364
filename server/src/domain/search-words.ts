/**
 * The words by which people find a text. Index and query go through the same function: case and accents do not count, a
 * character of a script without blanks is a word of its own.
 */

/** Longer words are found by their beginning. */
const MAX_WORD_LENGTH = 40;
const UNBROKEN =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}]/gu;
const WORDS = /[\p{L}\p{N}\p{Co}]+/gu;
const MARKS = /\p{M}+/gu;
/** Letters that look like one with an accent and have no decomposition. */
const PLAIN: Readonly<Record<string, string>> = {
  ł: 'l',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  ħ: 'h',
  ı: 'i',
  ŧ: 't',
  þ: 'th',
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
};
const WITHOUT_DECOMPOSITION = /[łøđðħıŧþßæœ]/g;
const PLAIN_ASCII = /^[ -~]*$/;

/** In the order of the text, each once. @param limit at most so many */
export function searchWords(text: string, limit = Number.POSITIVE_INFINITY): readonly string[] {
  const words = new Set<string>();
  for (const [word] of folded(text).matchAll(WORDS)) {
    if (words.size >= limit) break;
    words.add(word.length > MAX_WORD_LENGTH ? word.slice(0, MAX_WORD_LENGTH).toWellFormed() : word);
  }
  return [...words];
}

function folded(text: string): string {
  if (PLAIN_ASCII.test(text)) return text.toLowerCase();
  return text
    .normalize('NFKD')
    .replace(MARKS, '')
    .toLowerCase()
    .replace(MARKS, '')
    .replace(WITHOUT_DECOMPOSITION, (letter) => PLAIN[letter] ?? letter)
    .replace(UNBROKEN, ' $& ');
}
