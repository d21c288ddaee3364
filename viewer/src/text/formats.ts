/** Times, numbers and durations as the reader's locale writes them. */

export interface Formats {
  readonly locales: readonly string[];
  readonly zone: string;
  /** `14:32:10` */
  clock(ms: number): string;
  /** `14:32` */
  clockShort(ms: number): string;
  /** `12 Mar 2026, 14:32:10` */
  dateTime(ms: number): string;
  /** `12 Mar 2026, 14:32:10.123 GMT+1`: all that can be said. */
  exact(ms: number): string;
  /** `GMT+1`, at that time. */
  zoneName(ms: number): string;
  /** `Thursday 12 March 2026` */
  day(ms: number): string;
  /** `12 Mar` */
  dayShort(ms: number): string;
  /** `2026-03-12 14:32:10.123 UTC`: the same for every reader. */
  utc(ms: number): string;
  number(value: number): string;
  /** `1.2K` */
  compact(value: number): string;
  /** `340 ms`, `12.4 s`, `3 min 12 s`, `2 h 5 min`, `3 d 4 h` */
  duration(ms: number): string;
  bytes(count: number): string;
  weekday(mondayFirst: number): string;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

export function createFormats(locales: readonly string[], zone: string): Formats {
  const asked = [...locales];
  const times = (options: Intl.DateTimeFormatOptions) => {
    const format = new Intl.DateTimeFormat(asked, { ...options, timeZone: zone });
    return (ms: number) => (Number.isFinite(ms) ? format.format(ms) : '–');
  };
  const zoneNames = new Intl.DateTimeFormat(asked, { timeZone: zone, timeZoneName: 'short' });
  const zoneName = (ms: number) =>
    !Number.isFinite(ms) ? '' : (zoneNames.formatToParts(ms).find(({ type }) => type === 'timeZoneName')?.value ?? '');
  /** A time that clocks showed twice, when summer time ended, says which one it is. */
  const clocks = (options: Intl.DateTimeFormatOptions) => {
    const format = times(options);
    const days = times({ day: 'numeric', month: 'numeric' });
    return (ms: number) => {
      const text = format(ms);
      if (!Number.isFinite(ms)) return text;
      const isTwice = [-HOUR_MS, HOUR_MS].some((shift) => format(ms + shift) === text && days(ms + shift) === days(ms));
      return isTwice ? `${text} ${zoneName(ms)}` : text;
    };
  };
  const whole = new Intl.NumberFormat(asked, { maximumFractionDigits: 0 });
  const tenths = new Intl.NumberFormat(asked, { maximumFractionDigits: 1 });
  const compact = new Intl.NumberFormat(asked, { notation: 'compact', maximumFractionDigits: 1 });
  const weekdays = new Intl.DateTimeFormat(asked, { weekday: 'short', timeZone: 'UTC' });
  return {
    locales,
    zone,
    clock: clocks({ hour: '2-digit', minute: '2-digit', second: '2-digit' }),
    clockShort: clocks({ hour: '2-digit', minute: '2-digit' }),
    dateTime: clocks({ dateStyle: 'medium', timeStyle: 'medium' }),
    exact: times({
      ...{ day: 'numeric', month: 'short', year: 'numeric' },
      ...{ hour: '2-digit', minute: '2-digit', second: '2-digit', fractionalSecondDigits: 3, timeZoneName: 'short' },
    }),
    zoneName,
    day: times({ weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' }),
    dayShort: times({ day: 'numeric', month: 'short' }),
    utc: (ms) => (Number.isFinite(ms) ? new Date(ms).toISOString().replace('T', ' ').replace('Z', ' UTC') : '–'),
    number: (value) => whole.format(value),
    compact: (value) => compact.format(value),
    duration: (ms) => duration(ms, whole, tenths),
    bytes: (count) => bytes(count, tenths),
    weekday: (mondayFirst) => weekdays.format(Date.UTC(2024, 0, mondayFirst)),
  };
}

function duration(ms: number, whole: Intl.NumberFormat, tenths: Intl.NumberFormat): string {
  const size = Math.abs(ms);
  if (size < 1000) return `${whole.format(ms)} ms`;
  if (size < 59_950) return `${tenths.format(ms / 1000)} s`;
  const seconds = Math.round(ms / 1000);
  if (size < 3_600_000) return pair(whole, Math.floor(seconds / 60), 'min', seconds % 60, 's');
  const minutes = Math.round(ms / 60_000);
  if (size < DAY_MS) return pair(whole, Math.floor(minutes / 60), 'h', minutes % 60, 'min');
  const hours = Math.round(ms / 3_600_000);
  return pair(whole, Math.floor(hours / 24), 'd', hours % 24, 'h');
}

function pair(format: Intl.NumberFormat, big: number, bigUnit: string, small: number, smallUnit: string): string {
  const head = `${format.format(big)} ${bigUnit}`;
  return small === 0 ? head : `${head} ${format.format(small)} ${smallUnit}`;
}

function bytes(count: number, tenths: Intl.NumberFormat): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, count)) / 10)));
  return `${tenths.format(count / 1024 ** power)} ${units[power]}`;
}

/** A text that anyone may have sent, short enough to lay out; cuts no character in two. */
export function clipped(text: string, maxCharacters: number): string {
  if (text.length <= maxCharacters) return text;
  return `${text
    .slice(0, maxCharacters)
    .toWellFormed()
    .replace(/\ufffd$/, '')}…`;
}
