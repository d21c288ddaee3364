/**
 * JSON whose numbers keep the spelling in which they were sent. JavaScript's own numbers lose what lies beyond 2^53,
 * and `1e999`; an audit record may not.
 */

/** A number by its JSON source text; `JSON.stringify` writes that text again. */
export class NumberText {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
  toJSON(): unknown {
    return sourceJson.rawJSON(this.text);
  }
}

/** ECMAScript's "JSON.parse source text access", which TypeScript's library does not describe yet. */
interface SourceJson {
  rawJSON(text: string): unknown;
  parse(
    text: string,
    reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
  ): unknown;
}
const sourceJson = JSON as unknown as SourceJson;

/**
 * Like `JSON.parse`, but numbers that a double does not write back in the same spelling are `NumberText`.
 * About ten times slower: for the rare event that needs it.
 * @throws SyntaxError; RangeError when nested some thousand levels deep.
 */
export function parseExact(text: string): unknown {
  return sourceJson.parse(text, (_key, value, { source }) =>
    typeof value === 'number' && source !== undefined && String(value) !== source ? new NumberText(source) : value,
  );
}

/** Compact JSON text, or undefined for what has none (nested too deeply for the stack). */
export function compactJson(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

/** A JSON number as int64, fractions rounded half up; undefined when int64 cannot hold it. */
export function int64Of(value: number | NumberText): bigint | undefined {
  if (typeof value === 'number') {
    const rounded = Math.round(value);
    if (Number.isSafeInteger(rounded)) return BigInt(rounded);
    return Number.isFinite(value) ? withinInt64(BigInt(rounded)) : undefined;
  }
  // 20 characters hold every int64; longer digit runs would only cost time
  const whole = /^(-?\d{1,19})(?:\.0+)?$/.exec(value.text)?.[1];
  if (whole !== undefined) return withinInt64(BigInt(whole));
  return int64Of(Number(value.text));
}

function withinInt64(value: bigint): bigint | undefined {
  return value >= INT64_MIN && value <= INT64_MAX ? value : undefined;
}
