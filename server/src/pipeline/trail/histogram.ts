import { epochMillis } from '../../domain/epoch-millis.ts';
import type { TrailHistogram } from '../../domain/trail.ts';
import type { TrailIndex } from '../ports/trail-index.ts';
import type { LimitedFilter } from './limited-filter.ts';
import { isoTime } from './trail-event.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** Widths that people can read; wider ones are whole numbers of weeks. */
const WIDTHS_MS = [
  1000,
  5000,
  15_000,
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE_MS),
  ...[1, 2, 3, 6, 12].map((hours) => hours * HOUR_MS),
  ...[1, 2, 7].map((days) => days * DAY_MS),
];

/** At most `wanted` bars of equal width over the filter's time, or over all the time in which something happened. */
export async function histogramOf(index: TrailIndex, filter: LimitedFilter, wanted: number): Promise<TrailHistogram> {
  const span = index.span(filter);
  const from = filter.from ?? span?.first ?? filter.to ?? epochMillis(0);
  const to = filter.to ?? epochMillis(Math.max(from, span?.last ?? from) + 1);
  const bucketMs = widthFor(to - from, wanted);
  const starts = [];
  for (let at = Math.floor(from / bucketMs) * bucketMs; at < to && span !== undefined; at += bucketMs) {
    starts.push(epochMillis(at));
  }
  const counts = await index.histogram(filter, starts, to);
  const buckets = starts.flatMap((at, i) => {
    const events = counts[i] ?? 0;
    return events === 0 ? [] : [{ at: isoTime(at), events }];
  });
  const total = counts.reduce((sum, events) => sum + events, 0);
  return { from: isoTime(from), to: isoTime(to), bucketMs, buckets, total };
}

function widthFor(spanMs: number, wanted: number): number {
  const least = spanMs / Math.max(1, wanted - 1);
  const week = 7 * DAY_MS;
  return WIDTHS_MS.find((width) => width >= least) ?? Math.ceil(least / week) * week;
}
