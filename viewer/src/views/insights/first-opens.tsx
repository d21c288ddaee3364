import { type Filter, withValue } from '../../filter/filter.ts';
import { Avatar, Name, UserName } from '../../parts/names.tsx';
import { When } from '../../parts/when.tsx';
import { searchAddress } from '../../routing/addresses.ts';
import { Link } from '../../routing/location.tsx';
import { InsightCard } from './insight-card.tsx';
import { useSummary } from './metric.ts';

const SHOWN = 12;

/** Who came to an app that they had never opened before. */
export function FirstOpens({ asked, filter }: { readonly asked: URLSearchParams; readonly filter: Filter }) {
  const summary = useSummary('first-open', asked, SHOWN);
  const rows = (summary.data?.rows ?? []).toSorted((a, b) => (b.firstAt ?? '').localeCompare(a.firstAt ?? ''));
  return (
    <InsightCard
      title="Opened for the first time"
      note="Newest first"
      resource={summary}
      isEmpty={rows.length === 0}
      className="insight-wide"
    >
      <ul class="first-opens">
        {rows.map((row) => {
          const inApp = withValue({ ...filter, q: '' }, 'appId', row.key);
          return (
            <li key={`${row.user?.id} ${row.key}`}>
              <Link
                class="first-open"
                href={searchAddress(row.user === null ? inApp : withValue(inApp, 'user', row.user.id))}
              >
                <Avatar user={row.user} />
                <span class="clip">
                  <strong>
                    <UserName user={row.user} />
                  </strong>{' '}
                  <span class="muted">opened</span> <Name text={row.label} max={100} />
                </span>
                <span class="muted small">{row.firstAt !== null && <When at={row.firstAt} />}</span>
              </Link>
            </li>
          );
        })}
      </ul>
    </InsightCard>
  );
}
