import type { SummaryBy, SummaryOrder, TrailSummary, TrailSummaryRow } from '../../../../server/src/domain/trail.ts';
import { get } from '../../api/request.ts';
import { type Resource, useResource } from '../../api/resource.ts';
import { formats } from '../../text/reader.ts';

export type Metric = Exclude<SummaryOrder, 'events'>;

export const METRICS: readonly (readonly [Metric, string])[] = [
  ['time', 'Viewing time'],
  ['views', 'Views'],
  ['users', 'People'],
];

/** What the address says; viewing time when it says nothing that is known. */
export function metricOf(text: string | null): Metric {
  return METRICS.find(([metric]) => metric === text)?.[0] ?? 'time';
}

export function amountOf(row: TrailSummaryRow, metric: Metric): number {
  return metric === 'time' ? row.totalMs : metric === 'views' ? row.views : row.users;
}

export function textOf(row: TrailSummaryRow, metric: Metric): string {
  return metric === 'time' ? formats.duration(row.totalMs) : formats.number(amountOf(row, metric));
}

/** Everything about a bar, for its tooltip. */
export function describe(row: TrailSummaryRow): string {
  const median = row.medianMs === null ? '' : `, ${formats.duration(row.medianMs)} each (median)`;
  return `${formats.duration(row.totalMs)} in ${formats.number(row.views)} views${median}; ${formats.number(row.users)} people, ${formats.number(row.events)} events`;
}

/** The server counts the newest when there are too many to count in time. */
export function noteOf(summary: TrailSummary | undefined): { readonly note?: string } {
  if (summary?.isPartial) return { note: 'The newest events only: choose a shorter time' };
  return summary?.isApproximate ? { note: 'Medians and people are approximate' } : {};
}

export function useSummary(
  by: SummaryBy,
  asked: URLSearchParams,
  limit: number,
  order: Metric = 'time',
): Resource<TrailSummary> {
  const params = new URLSearchParams([['by', by], ['limit', String(limit)], ['order', order], ...asked]);
  return useResource(`summary ${params}`, (signal) => get<TrailSummary>('summary', params, signal));
}
