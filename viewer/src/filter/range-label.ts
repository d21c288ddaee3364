import type { Formats } from '../text/formats.ts';
import type { Preset, Range } from './filter.ts';

export const PRESET_LABELS: Readonly<Record<Preset, string>> = {
  '1h': 'Last hour',
  '24h': 'Last 24 hours',
  '7d': 'Last 7 days',
  '30d': 'Last 30 days',
  '90d': 'Last 90 days',
  '1y': 'Last year',
};

/** A range in words: `Last 7 days`, `12 Mar 2026`, `1 – 5 Mar 2026`, `Since 12 Mar 2026, 14:00`. */
export function rangeLabel(range: Range, formats: Pick<Formats, 'locales' | 'zone'>): string {
  if (range.kind === 'all') return 'All time';
  if (range.kind === 'last') return PRESET_LABELS[range.preset];
  const from = range.from === null ? null : new Date(range.from);
  const to = range.to === null ? null : new Date(range.to);
  const isWhole = (date: Date | null) =>
    date === null || (date.getHours() === 0 && date.getMinutes() === 0 && date.getSeconds() === 0);
  const wholeDays = isWhole(from) && isWhole(to);
  const format = new Intl.DateTimeFormat([...formats.locales], {
    timeZone: formats.zone,
    dateStyle: 'medium',
    ...(wholeDays ? {} : { timeStyle: 'short' }),
  });
  // the end is exclusive: a whole day ends in the night after it
  const end = to === null ? null : wholeDays ? new Date(to.getTime() - 1) : to;
  if (from !== null && end !== null) return format.formatRange(from, end);
  if (from !== null) return `Since ${format.format(from)}`;
  return end === null ? 'All time' : `Until ${format.format(end)}`;
}
