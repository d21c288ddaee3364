import { createFormats } from './formats.ts';

/** The formats of the person before the screen. */
export const formats = createFormats(
  navigator.languages.length > 0 ? navigator.languages : ['en'],
  Intl.DateTimeFormat().resolvedOptions().timeZone,
);

/** `YYYY-MM-DD` in the reader's zone. */
export function localDay(ms: number): string {
  const at = new Date(ms);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

/** Milliseconds of a local day's start, and of the next day's. Undefined: not a day. */
export function dayBounds(day: string): { readonly from: number; readonly to: number } | undefined {
  const [, year, month, date] = /^(\d{4})-(\d{2})-(\d{2})$/.exec(day) ?? [];
  if (year === undefined) return undefined;
  const start = (shift: number) => new Date(Number(year), Number(month) - 1, Number(date) + shift).getTime();
  return { from: start(0), to: start(1) };
}
