import type { Formats } from '../../text/formats.ts';

export interface Tick {
  /** 0 to 1. */
  readonly position: number;
  readonly label: string;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** As many as fit a wide axis. */
const MOST = 7;
const SECOND_MS = 1000;
const STEPS_MS = [
  ...[1, 2, 5, 10, 15, 30].map((seconds) => seconds * SECOND_MS),
  ...[1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720].map((minutes) => minutes * 60 * SECOND_MS),
];

/**
 * Round times of the reader's day between two moments, few enough to be read.
 * @param most about how many; a narrow axis has room for fewer
 */
export function axisTicks(
  from: number,
  to: number,
  formats: Pick<Formats, 'clock' | 'clockShort' | 'dayShort' | 'locales'>,
  most = MOST,
): readonly Tick[] {
  const span = to - from;
  if (span <= 0) return [];
  const tick = (at: number, label: string) => ({ position: (at - from) / span, label });
  const inside = ({ position }: Tick) => position >= 0.02 && position <= 0.96;
  if (span > 2 * 365 * DAY_MS)
    return months(from, to, 12 * Math.ceil(span / (365 * DAY_MS) / MOST_MONTHS), formats, most)
      .map(([at, label]) => tick(at, label))
      .filter(inside);
  if (span > 120 * DAY_MS)
    return months(from, to, span > 300 * DAY_MS ? 2 : 1, formats, most)
      .map(([at, label]) => tick(at, label))
      .filter(inside);
  if (span > 4 * DAY_MS) {
    const step = Math.ceil(span / DAY_MS / most);
    return days(from, to, step)
      .map((at) => tick(at, formats.dayShort(at)))
      .filter(inside);
  }
  const step = STEPS_MS.find((ms) => span / ms <= most) ?? DAY_MS;
  const times = step < HOUR_MS ? multiples(from, to, step) : hours(from, to, step / HOUR_MS);
  const isMidnight = (at: number) =>
    new Date(at).getHours() + new Date(at).getMinutes() + new Date(at).getSeconds() === 0;
  const clock = step < 60 * SECOND_MS ? formats.clock : formats.clockShort;
  const nameOf = (at: number) => (isMidnight(at) ? formats.dayShort(at) : clock(at));
  return times.map((at) => tick(at, nameOf(at))).filter(inside);
}

function multiples(from: number, to: number, step: number): readonly number[] {
  const offset = new Date(from).getTimezoneOffset() * 60_000;
  const first = Math.ceil((from - offset) / step) * step + offset;
  const count = Math.max(0, Math.ceil((to - first) / step));
  return Array.from({ length: count }, (_, at) => first + at * step);
}

/** Round on the clock, also on the day on which summer time begins or ends. */
function hours(from: number, to: number, step: number): readonly number[] {
  const start = new Date(from);
  const made = new Set<number>();
  for (let hour = 0; hour <= 6 * 24; hour += step) {
    const at = new Date(start.getFullYear(), start.getMonth(), start.getDate(), hour).getTime();
    if (at >= to) break;
    if (at >= from) made.add(at);
  }
  return [...made];
}

function days(from: number, to: number, step: number): number[] {
  const start = new Date(from);
  const made: number[] = [];
  for (let at = 1; made.length < 40; at += step) {
    const day = new Date(start.getFullYear(), start.getMonth(), start.getDate() + at).getTime();
    if (day >= to) break;
    made.push(day);
  }
  return made;
}

/** That are looked at: more would not be shown. */
const MOST_MONTHS = 60;

function months(
  from: number,
  to: number,
  step: number,
  formats: Pick<Formats, 'locales'>,
  most: number,
): [number, string][] {
  const format = new Intl.DateTimeFormat(
    [...formats.locales],
    step >= 12 ? { year: 'numeric' } : { month: 'short', year: '2-digit' },
  );
  const start = new Date(from);
  const firstMonth = step >= 12 ? 12 : start.getMonth() + 1;
  const made: [number, string][] = [];
  for (let at = firstMonth; made.length < MOST_MONTHS; at += step) {
    const month = new Date(start.getFullYear(), at, 1).getTime();
    if (month >= to) break;
    made.push([month, format.format(month)]);
  }
  const thin = Math.ceil(made.length / most);
  return made.filter((_, at) => at % thin === 0);
}
