/** A field as InfluxDB knows them; `integer` has 64 bits with sign. */
export type FieldValue =
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'float'; readonly value: bigint | number }
  | { readonly kind: 'integer'; readonly value: bigint }
  | { readonly kind: 'boolean'; readonly value: boolean };

/** One point. Names and values are well-formed Unicode. */
export interface Point {
  readonly measurement: string;
  readonly tags: readonly (readonly [name: string, value: string])[];
  /** At least one. */
  readonly fields: readonly (readonly [name: string, value: FieldValue])[];
  readonly timeNanoseconds: bigint;
}

/** What no name can hold: control characters, and backslashes that InfluxDB takes for a part of an escape. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: none of them can stand in a name
const NOT_IN_NAMES = /[\u0000-\u001f\u007f]|\\(?=[,= ]|$)/;

/** For messages: what `isMeasurementName` refuses. */
export const MEASUREMENT_RULE =
  'a name without control characters, a leading #, and a backslash at the end or before a comma, a blank or =';

export function isMeasurementName(name: string): boolean {
  return !name.startsWith('#') && !NOT_IN_NAMES.test(name);
}

/** For messages: what `isTagName` refuses. */
export const TAG_NAMES_RULE =
  'names without control characters, a leading _, and a backslash at the end or before a comma, a blank or =';

export function isTagName(name: string): boolean {
  return !name.startsWith('_') && !NOT_IN_NAMES.test(name);
}

/** The times that InfluxDB 1 can hold; those of the others go no less far. */
export const FIRST_NANOSECOND = -(2n ** 63n) + 2n;
export const LAST_NANOSECOND = 2n ** 63n - 2n;

/**
 * The longest tag value, in bytes of UTF-8. Measurement and tags of a point, escaped, may have 65,535 bytes together, and
 * a value may double with its escapes.
 */
export const MAX_TAG_BYTES = 2048;

/** What constant tags may take of those 65,535: the eight tags of an event may take 33,000, a measurement the rest. */
const MAX_CONSTANT_TAG_BYTES = 16_384;

/** For messages: what `areConstantTagsShort` refuses. */
export const CONSTANT_TAGS_RULE = `names and values of at most ${MAX_CONSTANT_TAG_BYTES} bytes in all`;

export function areConstantTagsShort(tags: Point['tags']): boolean {
  return (
    tags.reduce((sum, [name, value]) => sum + Buffer.byteLength(tagText(name, tagValue(value))), 0) <=
    MAX_CONSTANT_TAG_BYTES
  );
}

/** The text field that says, as JSON, which texts were left out and how many bytes they have. */
export const LEFT_OUT = 'leftOut';

/**
 * The point as one line without its line end. What a tag cannot hold is altered there and stands exactly in a string
 * field `<tag>_exact`; an empty tag is left out.
 * @param longestTextBytes longer texts are left out of the fields, and named in `leftOut`
 */
export function encodePoint(point: Point, longestTextBytes = Number.POSITIVE_INFINITY): string {
  const tags: string[] = [];
  const fields = [...point.fields];
  for (const [name, value] of [...point.tags].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const held = tagValue(value);
    if (held !== '') tags.push(tagText(name, held));
    if (held !== value || held === '') fields.push([`${name}_exact`, { kind: 'string', value }]);
  }
  const series = point.measurement.replace(/[, ]/g, '\\$&') + tags.join('');
  const taken = withoutLongTexts(fields, longestTextBytes).map(([name, value]) => field(name, value));
  return `${series} ${taken.join(',')} ${point.timeNanoseconds}`;
}

function withoutLongTexts(fields: Point['fields'], longestTextBytes: number): Point['fields'] {
  if (longestTextBytes === Number.POSITIVE_INFINITY) return fields;
  const isTooLong = ({ kind, value }: FieldValue) => kind === 'string' && Buffer.byteLength(value) > longestTextBytes;
  const long = fields.filter(([, value]) => isTooLong(value));
  if (long.length === 0) return fields;
  const bytes = long.map(([name, { value }]) => [name, Buffer.byteLength(String(value))]);
  const note = [LEFT_OUT, { kind: 'string', value: JSON.stringify(Object.fromEntries(bytes)) }] as const;
  return [...fields.filter(([, value]) => !isTooLong(value)), note];
}

function tagText(name: string, held: string): string {
  return `,${escapeKey(name)}=${escapeKey(held)}`;
}

/** The nearest that a tag can hold: the text itself wherever possible. */
function tagValue(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a line break ends the line, other control characters a tag
  const held = cut(text).replace(/[\u0000-\u001f\u007f]/g, ' ');
  return held.replace(AMBIGUOUS_BACKSLASH, REVERSE_SOLIDUS_OPERATOR);
}

/** At the end it would escape what follows; before another, or before an escape, versions read it in different ways. */
const AMBIGUOUS_BACKSLASH = /\\(?=[\\,= ]|$)/g;
/** Looks like a backslash and is none. */
const REVERSE_SOLIDUS_OPERATOR = '\u29f5';

function cut(text: string): string {
  if (text.length * 3 <= MAX_TAG_BYTES || Buffer.byteLength(text) <= MAX_TAG_BYTES) return text;
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(MAX_TAG_BYTES));
  return text.slice(0, read);
}

function field(name: string, { kind, value }: FieldValue): string {
  const key = escapeKey(name);
  if (kind === 'string') return `${key}="${value.replace(/["\\]/g, '\\$&')}"`;
  return kind === 'integer' ? `${key}=${value}i` : `${key}=${value}`;
}

/** The same for names and for the values of tags. */
function escapeKey(name: string): string {
  return name.replace(/[,= ]/g, '\\$&');
}
