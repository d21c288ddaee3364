/**
 * A value with two faces, as Qlik calls it: the number it calculates and sorts with, and the text it shows.
 * Dates and timestamps in a QVD are usually such values.
 */
export class QvdDual {
  readonly number: number;
  readonly text: string;

  constructor(number: number, text: string) {
    this.number = number;
    this.text = text;
  }

  /** The number, so that `<`, `-` and `Math.round` work on the value itself. */
  valueOf(): number {
    return this.number;
  }

  /** The text, so that templates show what Qlik shows. */
  toString(): string {
    return this.text;
  }
}

/** What a reader gives for one cell; null is Qlik's NULL. Numbers of both symbol types are plain numbers. */
export type QvdValue = number | string | QvdDual | null;

/** What a writer takes for one cell; which of these, is the field type's say. null and undefined are NULL. */
export type QvdInput =
  | string
  | number
  | bigint
  | boolean
  | Date
  | { readonly number: number; readonly text: string }
  | null
  | undefined;

/** The first byte of every symbol in the file. */
export const SYMBOL_INTEGER = 1;
export const SYMBOL_DOUBLE = 2;
export const SYMBOL_TEXT = 4;
export const SYMBOL_DUAL_INTEGER = 5;
export const SYMBOL_DUAL_DOUBLE = 6;

/** Whether a symbol can hold the number as an int32; -0 cannot, its sign would be lost. */
export function isInt32(value: number): boolean {
  return (value | 0) === value && !Object.is(value, -0);
}
