import type { SummaryBy, TrailApp, TrailSummaryRow } from '../../domain/trail.ts';
import type { TrailCount, TrailCounts } from '../ports/trail-index.ts';
import { isoTime, trailUser } from './trail-event.ts';

const DAY_MS = 86_400_000;
const WEEKDAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];

export function summaryRows(by: SummaryBy, counts: readonly TrailCount[]): readonly TrailSummaryRow[] {
  return counts.map((count) => {
    const { key, label } = namesOf(by, count);
    const { events, views, users, totalMs, medianMs, firstTime } = count;
    const userId = by === 'user' ? key : count.userId;
    return {
      key,
      label,
      user: userId === null ? null : trailUser(userId),
      firstAt: isoTime(firstTime),
      events,
      views,
      users,
      totalMs,
      medianMs,
    };
  });
}

export function appsOf({ rows }: TrailCounts): readonly TrailApp[] {
  return rows.flatMap(({ key, name, events, users, firstTime, lastTime }) =>
    typeof key !== 'string'
      ? []
      : [{ appId: key, appName: name, events, users, firstSeen: isoTime(firstTime), lastSeen: isoTime(lastTime) }],
  );
}

function namesOf(by: SummaryBy, { key, name }: TrailCount): { readonly key: string; readonly label: string } {
  if (typeof key === 'number') {
    if (by === 'day') {
      const day = isoTime(key * DAY_MS).slice(0, 10);
      return { key: day, label: day };
    }
    if (by === 'weekday') return { key: String(key), label: WEEKDAYS[key - 1] ?? String(key) };
    return { key: String(key), label: `${String(key).padStart(2, '0')}:00` };
  }
  const text = key ?? '';
  return { key: text, label: name ?? (by === 'user' ? trailUser(text).name : text) };
}
