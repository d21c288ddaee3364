/** Embeddings, overrides, isolates, and what ends a paragraph: all that reaches beyond the text it stands in. */
const REACHING = /[\u202a-\u202e\u2066-\u2069\u2028\u2029\u0085]/g;
/** What cannot be seen and changes how the rest is read. */
const INVISIBLE = /[\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\u0085]/g;

/**
 * A text that stays within its `<bdi>`. An isolate that the text opens and never closes would swallow the end of ours, and
 * one more end would break out of it; an override would show `exe.jpg` for `gpj.exe`. Plain marks (LRM, RLM) are kept.
 */
export function contained(text: string): string {
  return text.replace(REACHING, '');
}

/** JSON that says the same, with what cannot be seen written as `\u202e`. */
export function visibleJson(json: string): string {
  return json.replace(INVISIBLE, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
