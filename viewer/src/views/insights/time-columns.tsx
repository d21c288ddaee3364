import type { TrailSummaryRow } from '../../../../server/src/domain/trail.ts';
import { hourSlots, offsetLabel } from '../../filter/slots.ts';
import { Link } from '../../routing/location.tsx';
import { formats } from '../../text/reader.ts';
import { InsightCard } from './insight-card.tsx';
import { amountOf, describe, type Metric, textOf, useSummary } from './metric.ts';

interface TimeColumnsProps {
  readonly by: 'hour' | 'weekday';
  readonly title: string;
  readonly metric: Metric;
  readonly asked: URLSearchParams;
  readonly addressOf: (key: string) => string;
}

const DAY_MS = 86_400_000;
const WEEKDAYS = [1, 2, 3, 4, 5, 6, 7].map((day) => ({ key: String(day), label: () => formats.weekday(day) }));

export function TimeColumns({ by, title, metric, asked, addressOf }: TimeColumnsProps) {
  const summary = useSummary(by, asked, 24);
  const rows = new Map((summary.data?.rows ?? []).map((row) => [row.key, row]));
  const offsetMinutes = -new Date().getTimezoneOffset();
  const slots = by === 'weekday' ? WEEKDAYS : hourSlots(offsetMinutes);
  const most = Math.max(1, ...[...rows.values()].map((row) => amountOf(row, metric)));
  return (
    <InsightCard
      title={title}
      note={by === 'weekday' ? dayNote(offsetMinutes) : `Hours at ${offsetLabel(offsetMinutes)}`}
      resource={summary}
      isEmpty={rows.size === 0}
    >
      <ol class={`columns columns-${by}`}>
        {slots.map(({ key, label }) => (
          <Column key={key} label={label()} row={rows.get(key)} most={most} metric={metric} href={addressOf(key)} />
        ))}
      </ol>
    </InsightCard>
  );
}

/** The server counts days of UTC, which elsewhere begin at another hour than the reader's. */
function dayNote(offsetMinutes: number): string {
  if (offsetMinutes === 0) return 'Days in UTC';
  return `Days in UTC, which begin at ${formats.clockShort(Math.floor(Date.now() / DAY_MS) * DAY_MS)} here`;
}

interface ColumnProps {
  readonly label: string;
  readonly row: TrailSummaryRow | undefined;
  readonly most: number;
  readonly metric: Metric;
  readonly href: string;
}

function Column({ label, row, most, metric, href }: ColumnProps) {
  if (row === undefined) {
    return (
      <li>
        <span class="column">
          <span class="column-bar" />
          <span class="column-label">{label}</span>
        </span>
      </li>
    );
  }
  return (
    <li>
      <Link
        class="column"
        href={href}
        title={`${label}: ${describe(row)}`}
        aria-label={`${label}: ${textOf(row, metric)}`}
      >
        <span class="column-bar">
          <i style={{ height: `${Math.max(1.5, (amountOf(row, metric) / most) * 100)}%` }} />
        </span>
        <span class="column-label">{label}</span>
      </Link>
    </li>
  );
}
