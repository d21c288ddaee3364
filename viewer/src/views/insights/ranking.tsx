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
                    <Label row={row} />
                  </span>
                ) : (
                  <Label row={row} />
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

function Label({ row }: { readonly row: TrailSummaryRow }) {
  return <Name text={row.label === '' ? row.key : row.label} max={100} />;
}
