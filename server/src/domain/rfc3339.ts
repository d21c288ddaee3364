import { type EpochMillis, epochMillis } from './epoch-millis.ts';

const ZERO = 48;
const NINE = 57;

/**
 * The one parser of times from outside: validation at the door and the mapping into rows use it, so that what is
 * accepted can always be stored.
 *
 * RFC 3339 `date-time`: full date (a day that the month has), `T`, `t` or a blank, time with any number of fraction
 * digits (cut to milliseconds), and `Z`, `z` or an offset. A leap second (`:60`, allowed only where it is 23:59 UTC)
 * counts as the start of the next minute, whatever its fraction.
 *
 * @returns undefined for anything else
 */
export function parseRfc3339(text: string): EpochMillis | undefined {
  if (text.length < 20 || !hasSeparators(text)) return undefined;
  const year = digits(text, 0, 4);
  const month = digits(text, 5, 2);
  const day = digits(text, 8, 2);
  const hour = digits(text, 11, 2);
  const minute = digits(text, 14, 2);
  const second = digits(text, 17, 2);
  if (!isDate(year, month, day) || !(hour <= 23 && minute <= 59 && second <= 60)) return undefined;

  const zoneAt = endOfFraction(text);
  const offset = zoneAt === undefined ? undefined : offsetMinutes(text, zoneAt);
  if (zoneAt === undefined || offset === undefined) return undefined;
  const atMinute = dayStart(year, month, day) + (hour * 60 + minute - offset) * 60_000;
  if (second < 60) return epochMillis(atMinute + second * 1000 + fractionMillis(text, zoneAt));
  return isLastMinuteOfDay(atMinute) ? epochMillis(atMinute + 60_000) : undefined;
}

/** `0000-00-00T00:00:00` */
function hasSeparators(text: string): boolean {
  const t = text.charCodeAt(10);
  return (
    text.charCodeAt(4) === 45 &&
    text.charCodeAt(7) === 45 &&
    (t === 84 || t === 116 || t === 32) &&
    text.charCodeAt(13) === 58 &&
    text.charCodeAt(16) === 58
  );
}

/** The number that `count` digits from `at` spell; NaN when one of them is no digit. */
function digits(text: string, at: number, count: number): number {
  let value = 0;
  for (let i = at; i < at + count; i++) {
    const code = text.charCodeAt(i);
    if (!(code >= ZERO && code <= NINE)) return Number.NaN;
    value = value * 10 + code - ZERO;
  }
  return value;
}

const MONTH_LENGTHS = [0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function isDate(year: number, month: number, day: number): boolean {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const length = month === 2 && leap ? 29 : (MONTH_LENGTHS[month] ?? 0);
  return year >= 0 && day >= 1 && day <= length;
}

/** `Date.UTC` reads the years 0 … 99 as 1900 … 1999; 400 years are a whole number of cycles of the calendar. */
function dayStart(year: number, month: number, day: number): number {
  return Date.UTC(year + 400, month - 1, day) - MILLIS_OF_400_YEARS;
}

const MILLIS_OF_400_YEARS = 146_097 * 86_400_000;

/** Where the zone begins; undefined when a point has no digit after it. */
function endOfFraction(text: string): number | undefined {
  if (text.charCodeAt(19) !== 46) return 19;
  let end = 20;
  while (text.charCodeAt(end) >= ZERO && text.charCodeAt(end) <= NINE) end++;
  return end === 20 ? undefined : end;
}

function fractionMillis(text: string, end: number): number {
  const count = Math.min(end - 20, 3);
  return count <= 0 ? 0 : digits(text, 20, count) * (count === 3 ? 1 : count === 2 ? 10 : 100);
}

/** The zone from `at` to the end of the text, in minutes east of UTC. */
function offsetMinutes(text: string, at: number): number | undefined {
  const sign = text.charCodeAt(at);
  if (sign === 90 || sign === 122) return text.length === at + 1 ? 0 : undefined;
  if ((sign !== 43 && sign !== 45) || text.length !== at + 6 || text.charCodeAt(at + 3) !== 58) return undefined;
  const hour = digits(text, at + 1, 2);
  const minute = digits(text, at + 4, 2);
  if (!(hour <= 23 && minute <= 59)) return undefined;
  return (sign === 43 ? 1 : -1) * (hour * 60 + minute);
}

function isLastMinuteOfDay(atMinute: number): boolean {
  const minuteOfDay = Math.floor(atMinute / 60_000) % 1440;
  return minuteOfDay === 1439 || minuteOfDay === -1;
}
