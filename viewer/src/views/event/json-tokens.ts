export interface JsonToken {
  readonly kind: 'key' | 'text' | 'value' | 'sign';
  readonly text: string;
}

const TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|(-?\d[\d.eE+-]*|true|false|null)/g;

/** Cuts formatted JSON into pieces to colour; together they are the text. */
export function jsonTokens(json: string): readonly JsonToken[] {
  const tokens: JsonToken[] = [];
  let end = 0;
  for (const match of json.matchAll(TOKEN)) {
    const [whole, quoted, colon, value] = match;
    if (match.index > end) tokens.push({ kind: 'sign', text: json.slice(end, match.index) });
    if (value !== undefined) tokens.push({ kind: 'value', text: value });
    else tokens.push({ kind: colon === undefined ? 'text' : 'key', text: quoted ?? '' });
    if (colon !== undefined) tokens.push({ kind: 'sign', text: colon });
    end = match.index + whole.length;
  }
  if (end < json.length) tokens.push({ kind: 'sign', text: json.slice(end) });
  return tokens;
}
