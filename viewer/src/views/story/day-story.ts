import type { TrailEvent, TrailTimeline } from '../../../../server/src/domain/trail.ts';

/** One stay on one sheet. */
export interface Chapter {
  readonly appId: string | null;
  readonly appName: string | null;
  readonly sheetId: string | null;
  readonly sheetName: string | null;
  readonly fromMs: number;
  readonly toMs: number;
  /** In order of time. */
  readonly events: readonly TrailEvent[];
}

export interface Interval {
  readonly fromMs: number;
  readonly toMs: number;
}

const MINUTE_MS = 60_000;
const ROUND_MS: readonly number[] = [1, 5, 15, 60].map((minutes) => minutes * MINUTE_MS);
/** Somebody who does nothing for so long has gone away. */
const PAUSE_MS = 10 * MINUTE_MS;

/** A day told as stays on sheets: another sheet, or a long pause, begins the next. */
export function chaptersOf(timeline: Pick<TrailTimeline, 'lanes'>): readonly Chapter[] {
  const events = timeline.lanes.flatMap((lane) => lane.events.filter(({ origin }) => origin === 'client'));
  const inOrder = events.toSorted((a, b) => Date.parse(a.time) - Date.parse(b.time) || a.sequence - b.sequence);
  const chapters: (Chapter & { toMs: number; events: TrailEvent[] })[] = [];
  for (const event of inOrder) {
    const at = Date.parse(event.time);
    const last = chapters.at(-1);
    if (
      last !== undefined &&
      last.appId === event.appId &&
      last.sheetId === event.sheetId &&
      at - last.toMs < PAUSE_MS
    ) {
      last.events.push(event);
      last.toMs = Math.max(last.toMs, at);
      continue;
    }
    const { appId, appName, sheetId, sheetName } = event;
    // what was on the screen before its first event belongs to the stay
    chapters.push({ appId, appName, sheetId, sheetName, fromMs: at, toMs: at, events: [event] });
  }
  return chapters;
}

/** How long at least one of them was going on. */
export function coveredMs(intervals: readonly Interval[]): number {
  const inOrder = intervals.toSorted((a, b) => a.fromMs - b.fromMs);
  let total = 0;
  let reached = -Infinity;
  for (const { fromMs, toMs } of inOrder) {
    if (toMs <= reached) continue;
    total += toMs - Math.max(fromMs, reached);
    reached = toMs;
  }
  return total;
}

/** The spans of views, no longer than the day is: a browser may claim any time. */
export function viewedWithin(spans: readonly Interval[], day: Interval): readonly Interval[] {
  return spans
    .map(({ fromMs, toMs }) => ({ fromMs: Math.max(fromMs, day.fromMs), toMs: Math.min(toMs, day.toMs) }))
    .filter(({ fromMs, toMs }) => toMs >= fromMs);
}

/** What an event says was on the screen until then. */
export function viewsOf(events: readonly Pick<TrailEvent, 'time' | 'durationMs'>[]): readonly Interval[] {
  return events.flatMap(({ time, durationMs }) => {
    if (durationMs === null || durationMs < 0) return [];
    const toMs = Date.parse(time);
    return [{ fromMs: toMs - durationMs, toMs }];
  });
}

/** Round times around everything that happened, hours or for a short day minutes; null: nothing did. */
export function hoursAround(timeline: Pick<TrailTimeline, 'lanes'>, bounds: Interval): Interval | null {
  const times = timeline.lanes.flatMap(({ spans, events }) => [
    ...spans.flatMap(({ from, to }) => [Date.parse(from), Date.parse(to)]),
    ...events.map(({ time }) => Date.parse(time)),
  ]);
  if (times.length === 0) return null;
  const first = times.reduce((a, b) => Math.min(a, b));
  const last = times.reduce((a, b) => Math.max(a, b));
  const step = ROUND_MS.find((ms) => (last - first) / ms <= 6) ?? 60 * MINUTE_MS;
  const fromMs = Math.max(bounds.fromMs, Math.floor(first / step) * step);
  return { fromMs, toMs: Math.max(fromMs + step, Math.min(bounds.toMs, Math.ceil((last + 1) / step) * step)) };
}
