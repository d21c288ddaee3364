import type { SummaryBy, TrailSummaryRow } from '../../../../server/src/domain/trail.ts';
import { Name } from '../../parts/names.tsx';
import { Link } from '../../routing/location.tsx';
import { InsightCard } from './insight-card.tsx';
import { amountOf, describe, type Metric, noteOf, textOf, useSummary } from './metric.ts';

interface RankingProps {
  readonly by: SummaryBy;
  readonly title: string;
  readonly metric: Metric;
  readonly asked: URLSearchParams;
  readonly addressOf: (key: string) => string;
}

const SHOWN = 8;

export function Ranking({ by, title, metric, asked, addressOf }: RankingProps) {
  const summary = useSummary(by, asked, SHOWN, metric);
  const rows = summary.data?.rows ?? [];
  // an object has its id as its name
  const twins = twinsOf(by === 'object' ? [] : rows);
  const most = Math.max(1, ...rows.map((row) => amountOf(row, metric)));
  return (
    <InsightCard title={title} {...noteOf(summary.data)} resource={summary} isEmpty={rows.length === 0}>
      <ol class="ranking">
        {rows.map((row) => (
          <li key={row.key}>
            <Link class="ranking-row" href={addressOf(row.key)} title={describe(row)}>
              <span class="ranking-name clip">
                {by === 'object' ? (
                  <span class="code">
                    <Name text={labelOf(row)} max={100} />
                  </span>
                ) : (
                  <Name text={labelOf(row)} max={100} />
                )}
                {twins.has(labelOf(row).toLowerCase()) && (
                  <span class="muted small">
                    {' '}
                    <Name text={row.user === null ? row.key.slice(0, 8) : (row.user.directory ?? '')} max={60} />
                  </span>
                )}
              </span>
              <span class="ranking-value">{textOf(row, metric)}</span>
              <span class="ranking-bar" aria-hidden="true">
                <i style={{ width: `${Math.max(0.5, (amountOf(row, metric) / most) * 100)}%` }} />
              </span>
            </Link>
          </li>
        ))}
      </ol>
    </InsightCard>
  );
}

function labelOf(row: TrailSummaryRow): string {
  return row.label === '' ? row.key : row.label;
}

/** Names that several have: two apps, or users of two directories. */
function twinsOf(rows: readonly TrailSummaryRow[]): ReadonlySet<string> {
  const names = rows.map((row) => labelOf(row).toLowerCase());
  return new Set(names.filter((name, at) => names.indexOf(name) !== at));
}
