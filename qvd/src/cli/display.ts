import { serialToDateText, serialToTimestampText, serialToTimeText } from '../dates.ts';
import type { QvdField } from '../header.ts';
import { QvdDual, type QvdValue } from '../values.ts';

/** A number as a person reads it: days and times by the field's format, everything else as it is. */
function readable(value: number, field: QvdField): string | number {
  const { type } = field.numberFormat;
  if (type === 'TIMESTAMP') return serialToTimestampText(value) ?? value;
  if (type === 'DATE') return serialToDateText(value) ?? value;
  if (type === 'TIME') return serialToTimeText(value) ?? value;
  return value;
}

/** One cell of the table: nothing for NULL, `""` for the empty text, control characters escaped. */
export function cellText(value: QvdValue, field: QvdField): string {
  if (value === null) return '';
  if (value === '') return '""';
  if (typeof value === 'number') return String(readable(value, field));
  return escapeControls(value instanceof QvdDual ? value.text : value);
}

/**
 * One value as JSON. Dates and times are their text; other values with two faces are {"number", "text"}; numbers that
 * JSON does not have (NaN, Infinity) are texts.
 */
export function cellJson(value: QvdValue, field: QvdField): string {
  if (value instanceof QvdDual) {
    const isTime = /^(DATE|TIME|TIMESTAMP|INTERVAL)$/.test(field.numberFormat.type);
    return jsonText(isTime ? value.text : { number: jsonNumber(value.number), text: value.text });
  }
  return jsonText(typeof value === 'number' ? jsonNumber(readable(value, field)) : value);
}

function jsonNumber(value: number | string): number | string {
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}

/** JSON without characters that a terminal would act on. */
export function jsonText(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(/[\u007f-\u009f]/g, unicodeEscape);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: a file must not be able to drive the reader's terminal
const CONTROLS = /[\u0000-\u001f\\\u007f-\u009f]/g;
const SHORT: Readonly<Record<string, string>> = { '\t': '\\t', '\n': '\\n', '\r': '\\r', '\\': '\\\\' };

export function escapeControls(text: string): string {
  return text.replace(CONTROLS, (character) => SHORT[character] ?? unicodeEscape(character));
}

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
