/** Dates as people write them, in the reader's zone. Pure but for the zone of the process. */

/** Milliseconds since 1970; `from` inclusive, `to` exclusive; null: open. */
export interface Period {
  readonly from: number | null;
  readonly to: number | null;
}

/** Lower-case names to numbers: months 0-11, days of the week 0-6 from Sunday. */
export interface DateWords {
  readonly months: ReadonlyMap<string, number>;
  readonly weekdays: ReadonlyMap<string, number>;
  /** `today` and `yesterday`, as days from now. */
  readonly days: ReadonlyMap<string, number>;
  /** 3/12/2026 is in March, as the reader writes it. */
  readonly isMonthFirst: boolean;
}

const wordsByLocales = new Map<string, DateWords>();

export function dateWords(locales: readonly string[]): DateWords {
  const key = locales.join();
  const known = wordsByLocales.get(key);
  if (known !== undefined) return known;
  const months = new Map<string, number>();
  const weekdays = new Map<string, number>();
  const days = new Map<string, number>();
  for (const locale of [...locales, 'en']) {
    const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
    for (const shift of [0, -1]) {
      const name = plain(relative.format(shift, 'day'));
      // Swedish: `i dag`, and as people write it
      days.set(name, shift).set(name.replaceAll(' ', ''), shift);
    }
    for (const style of ['long', 'short'] as const) {
      const month = new Intl.DateTimeFormat(locale, { month: style, timeZone: 'UTC' });
      const day = new Intl.DateTimeFormat(locale, { weekday: style, timeZone: 'UTC' });
      for (let at = 0; at < 12; at++) months.set(plain(month.format(Date.UTC(2024, at, 15))), at);
      for (let at = 0; at < 7; at++) weekdays.set(plain(day.format(Date.UTC(2024, 0, 7 + at))), at);
    }
  }
  const parts = new Intl.DateTimeFormat(locales[0] ?? 'en').formatToParts().map(({ type }) => type);
  const words = { months, weekdays, days, isMonthFirst: parts.indexOf('month') < parts.indexOf('day') };
  wordsByLocales.set(key, words);
  return words;
}

const plain = (name: string) => name.toLowerCase().replace(/\.$/, '');

/** `yesterday`, `last 3 days`, `5 Jan 2026`, `2026-01`, `1 jan to 3 jan`, `since monday`. Undefined: not a date. */
export function readPeriod(text: string, nowMs: number, words: DateWords): Period | undefined {
  const lower = text.toLowerCase().trim();
  return readOpen(lower, nowMs, words) ?? readBetween(lower, nowMs, words) ?? readOne(lower, nowMs, words);
}

function readOpen(text: string, nowMs: number, words: DateWords): Period | undefined {
  const [, side, rest = ''] = /^(since|from|after|before|until)\s+(.+)$/.exec(text) ?? [];
  const period = side === undefined ? undefined : readOne(rest, nowMs, words);
  if (period === undefined) return undefined;
  if (side === 'since' || side === 'from') return { from: period.from, to: null };
  if (side === 'after') return { from: period.to, to: null };
  return { from: null, to: side === 'before' ? period.from : period.to };
}

function readBetween(text: string, nowMs: number, words: DateWords): Period | undefined {
  const [, left = '', right = ''] =
    /^(?:from |between )?(.+?)(?:\s*(?:\.\.|–)\s*|\s+(?:to|until|and|-)\s+)(.+)$/.exec(text) ?? [];
  const first = readOne(left, nowMs, words);
  const last = readOne(right, nowMs, words);
  if (first === undefined || last === undefined || first.from === null || last.to === null) return undefined;
  return first.from < last.to ? { from: first.from, to: last.to } : undefined;
}

function readOne(text: string, nowMs: number, words: DateWords): Period | undefined {
  return readRelative(text, nowMs, words) ?? readNumeric(text, words) ?? readNamed(text, nowMs, words);
}

function readRelative(text: string, nowMs: number, words: DateWords): Period | undefined {
  const now = new Date(nowMs);
  const [year, month, day] = [now.getFullYear(), now.getMonth(), now.getDate()];
  const monday = day - ((now.getDay() + 6) % 7);
  const shift = words.days.get(text) ?? daysAgo(text);
  if (shift !== undefined) return between(new Date(year, month, day + shift), new Date(year, month, day + shift + 1));
  switch (text) {
    case 'this week':
      return between(new Date(year, month, monday), new Date(year, month, monday + 7));
    case 'last week':
      return between(new Date(year, month, monday - 7), new Date(year, month, monday));
    case 'this month':
      return between(new Date(year, month, 1), new Date(year, month + 1, 1));
    case 'last month':
      return between(new Date(year, month - 1, 1), new Date(year, month, 1));
    case 'this year':
      return between(new Date(year, 0, 1), new Date(year + 1, 0, 1));
    case 'last year':
      return between(new Date(year - 1, 0, 1), new Date(year, 0, 1));
  }
  const [, count, unit] = /^(?:last|past) (\d{1,4}) (minute|hour|day|week|month)s?$/.exec(text) ?? [];
  if (count === undefined || unit === undefined) return undefined;
  return { from: before(now, Number(count), unit), to: null };
}

/** `3 days ago`, as days from now. */
function daysAgo(text: string): number | undefined {
  const [, count] = /^(\d{1,4}) days? ago$/.exec(text) ?? [];
  return count === undefined ? undefined : -Number(count);
}

function before(now: Date, count: number, unit: string): number {
  const then = new Date(now);
  if (unit === 'minute') then.setMinutes(then.getMinutes() - count);
  else if (unit === 'hour') then.setTime(then.getTime() - count * 3_600_000);
  else if (unit === 'month') then.setMonth(then.getMonth() - count);
  else then.setDate(then.getDate() - count * (unit === 'week' ? 7 : 1));
  return then.getTime();
}

/** `2026-03-12`, `2026-03`, `2026-03-12 14:05`, `12.3.2026`, `12/3/2026`; a full ISO time is its second. */
function readNumeric(text: string, { isMonthFirst }: DateWords): Period | undefined {
  const iso = /^\d{4}-\d{2}-\d{2}t\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:z|[+-]\d{2}:\d{2})$/.test(text);
  if (iso) {
    const at = Math.floor(Date.parse(text.toUpperCase()) / 1000) * 1000;
    return Number.isNaN(at) ? undefined : { from: at, to: at + 1000 };
  }
  const [, y, m, d, hour, minute] = /^(\d{4})-(\d{1,2})(?:-(\d{1,2})(?:[ t](\d{1,2}):(\d{2}))?)?$/.exec(text) ?? [];
  if (y !== undefined && m !== undefined) {
    if (d === undefined) return monthPeriod(Number(y), Number(m) - 1);
    const whole = dayPeriod(Number(y), Number(m) - 1, Number(d));
    if (whole === undefined || hour === undefined || minute === undefined) return whole;
    const at = new Date(Number(y), Number(m) - 1, Number(d), Number(hour), Number(minute)).getTime();
    return { from: at, to: at + 60_000 };
  }
  const [, one, mark, two, year] = /^(\d{1,2})([./])(\d{1,2})\2(\d{4})$/.exec(text) ?? [];
  if (one === undefined) return undefined;
  // what can be no month is the day, whoever writes it
  const isTurned = mark === '/' && (isMonthFirst ? Number(one) <= 12 : Number(two) > 12);
  const [day, month] = isTurned ? [two, one] : [one, two];
  return dayPeriod(Number(year), Number(month) - 1, Number(day));
}

/** `monday`, `5 jan`, `jan 5, 2026`, `january 2026`. Without a year: the newest one that has begun. */
function readNamed(text: string, nowMs: number, words: DateWords): Period | undefined {
  const now = new Date(nowMs);
  const weekday = words.weekdays.get(plain(text.replace(/^(?:on|last) /, '')));
  if (weekday !== undefined) {
    const back = (now.getDay() - weekday + 7) % 7 || 7;
    return dayPeriod(
      now.getFullYear(),
      now.getMonth(),
      now.getDate() - (text.startsWith('last ') || back < 7 ? back : 0),
    );
  }
  const parts = text.replaceAll(',', ' ').split(/\s+/).map(plain);
  if (parts.length > 3) return undefined;
  const months = parts.map((part) => words.months.get(part)).filter((month) => month !== undefined);
  const [month] = months;
  if (month === undefined || months.length > 1 || parts.length < 2) return undefined;
  const numbers = parts.filter((part) => !words.months.has(part));
  if (!numbers.every((part) => /^(?:\d{4}|\d{1,2}(?:st|nd|rd|th)?)$/.test(part))) return undefined;
  const year = numbers.find((part) => /^\d{4}$/.test(part));
  const day = numbers.find((part) => !/^\d{4}$/.test(part));
  if (numbers.length !== (year === undefined ? 0 : 1) + (day === undefined ? 0 : 1)) return undefined;
  if (day === undefined) return monthPeriod(Number(year), month);
  if (year !== undefined) return dayPeriod(Number(year), month, Number.parseInt(day, 10));
  const thisYear = dayPeriod(now.getFullYear(), month, Number.parseInt(day, 10));
  const hasBegun = thisYear?.from !== undefined && thisYear.from !== null && thisYear.from <= nowMs;
  return hasBegun ? thisYear : dayPeriod(now.getFullYear() - 1, month, Number.parseInt(day, 10));
}

/** Days may lie outside the month, as `Date` counts; months may not, so that 2026-13 is no date. */
function dayPeriod(year: number, month: number, day: number): Period | undefined {
  if (month < 0 || month > 11 || day > 31) return undefined;
  return between(new Date(year, month, day), new Date(year, month, day + 1));
}

function monthPeriod(year: number, month: number): Period | undefined {
  if (month < 0 || month > 11) return undefined;
  return between(new Date(year, month, 1), new Date(year, month + 1, 1));
}

function between(from: Date, to: Date): Period {
  return { from: from.getTime(), to: to.getTime() };
}
