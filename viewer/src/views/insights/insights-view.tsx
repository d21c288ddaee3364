import { useEffect, useMemo } from 'preact/hooks';
import {
  type Filter,
  filterFromQuery,
  filterToApi,
  filterToQuery,
  type ListName,
  withValue,
} from '../../filter/filter.ts';
import { Segmented } from '../../parts/segmented.tsx';
import { searchAddress, withQuery } from '../../routing/addresses.ts';
import { navigate, usePlace } from '../../routing/location.tsx';
import { FilterChips } from '../search/filter-chips.tsx';
import { FilterMenu } from '../search/filter-menu.tsx';
import { RangeMenu } from '../search/range-menu.tsx';
import { FirstOpens } from './first-opens.tsx';
import { METRICS, type Metric, metricOf } from './metric.ts';
import { Ranking } from './ranking.tsx';
import { TimeColumns } from './time-columns.tsx';

const RANKINGS: readonly (readonly [by: 'app' | 'sheet' | 'object' | 'user', title: string, list: ListName])[] = [
  ['app', 'Apps', 'appId'],
  ['sheet', 'Sheets', 'sheetId'],
  ['object', 'Objects', 'objectId'],
  ['user', 'People', 'user'],
];

function insightsAddress(filter: Filter, metric: Metric): string {
  const query = filterToQuery(filter);
  if (metric !== 'time') query.set('measure', metric);
  return withQuery('/insights', query);
}

/** What is looked at most, when, and by whom for the first time. Every bar leads to its events. */
export function InsightsView() {
  const { query } = usePlace();
  const metric = metricOf(query.get('measure'));
  const filter = filterFromQuery(query);
  const key = filterToQuery(filter).toString();
  const asked = useMemo(() => filterToApi(filter, Date.now()), [key]);
  const change = (next: Filter) => navigate(insightsAddress(next, metric));
  const addressOf = (list: ListName) => (value: string) => searchAddress(withValue(filter, list, value));
  useEffect(() => {
    document.title = 'Insights · Audit trail';
  }, []);
  return (
    <div class="view insights">
      <header class="view-head">
        <h1>Insights</h1>
        <Segmented
          label="Measured by"
          value={metric}
          options={METRICS}
          choose={(next) => navigate(insightsAddress(filter, next), { replace: true })}
        />
        <div class="search-tools">
          <RangeMenu filter={filter} change={change} />
          <FilterMenu filter={filter} change={change} />
        </div>
      </header>
      <FilterChips filter={filter} change={change} />
      {metric === 'time' && (
        <p class="muted small">A view counts for 24 hours at most: browsers report longer ones when a machine slept.</p>
      )}
      <div class="insights-grid">
        {RANKINGS.map(([by, title, list]) => (
          <Ranking key={by} by={by} title={title} metric={metric} asked={asked} addressOf={addressOf(list)} />
        ))}
        <TimeColumns by="hour" title="By hour" metric={metric} asked={asked} addressOf={addressOf('hour')} />
        <TimeColumns by="weekday" title="By weekday" metric={metric} asked={asked} addressOf={addressOf('weekday')} />
        <FirstOpens asked={asked} filter={filter} />
      </div>
    </div>
  );
}
