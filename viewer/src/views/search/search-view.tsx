import { useEffect, useMemo } from 'preact/hooks';
import type { TrailHistogram } from '../../../../server/src/domain/trail.ts';
import { get } from '../../api/request.ts';
import { useResource } from '../../api/resource.ts';
import { type Filter, filterFromQuery, filterToApi, filterToQuery, isEmpty, NO_FILTER } from '../../filter/filter.ts';
import { Icon } from '../../parts/icon.tsx';
import { Empty, Failure, Skeleton } from '../../parts/states.tsx';
import { searchAddress } from '../../routing/addresses.ts';
import { Link, navigate, usePlace } from '../../routing/location.tsx';
import { formats } from '../../text/reader.ts';
import { EventList } from './event-list.tsx';
import { useEventPages } from './event-pages.ts';
import { ExportMenu } from './export-menu.tsx';
import { FilterChips } from './filter-chips.tsx';
import { FilterMenu } from './filter-menu.tsx';
import { Histogram } from './histogram.tsx';
import { RangeMenu } from './range-menu.tsx';
import { SearchBox } from './search-box.tsx';

const BUCKETS = 96;

/** The list of what happened, and every way to narrow it. The whole state stands in the address. */
export function SearchView() {
  const { query, visit } = usePlace();
  const filter = filterFromQuery(query);
  const key = filterToQuery(filter).toString();
  // a preset such as "last hour" keeps meaning the hour before this list was asked for
  const asked = useMemo(() => filterToApi(filter, Date.now()), [key, visit]);
  const pages = useEventPages(`${visit}?${key}`, asked);
  const histogram = useResource(`histogram?${asked}`, (signal) =>
    get<TrailHistogram>('histogram', new URLSearchParams([...asked, ['buckets', String(BUCKETS)]]), signal),
  );
  const change = (next: Filter) => navigate(searchAddress(next));
  useEffect(() => {
    document.title = filter.q === '' ? 'Audit trail' : `${filter.q} · Audit trail`;
  }, [filter.q]);
  return (
    <div class="search">
      <header class="search-head">
        <h1 class="visually-hidden">Search the audit trail</h1>
        <SearchBox filter={filter} change={change} />
        <div class="search-tools">
          <RangeMenu filter={filter} change={change} />
          <FilterMenu filter={filter} change={change} />
          <ExportMenu asked={asked} total={histogram.data?.total} />
        </div>
      </header>
      <FilterChips filter={filter} change={change} />
      <Histogram data={histogram.data} isLoading={histogram.isLoading} filter={filter} change={change} />
      <p class="visually-hidden" role="status">
        {histogram.data !== undefined && !histogram.isLoading && `${formats.number(histogram.data.total)} events found`}
      </p>
      {pages.error !== undefined && pages.items.length === 0 ? (
        <Failure error={pages.error} retry={pages.more} />
      ) : pages.items.length === 0 ? (
        pages.isLoading ? (
          <Skeleton lines={12} label="Searching" />
        ) : (
          <Nothing filter={filter} />
        )
      ) : (
        <EventList pages={pages} />
      )}
    </div>
  );
}

function Nothing({ filter }: { readonly filter: Filter }) {
  if (isEmpty(filter)) {
    return (
      <Empty icon="event" title="The trail is empty so far">
        <p>
          Events appear here a moment after the server has stored them. To see how it looks, run{' '}
          <code>npm run simulate</code> in a second terminal.
        </p>
      </Empty>
    );
  }
  return (
    <Empty icon="search" title="Nothing fits this search">
      <p>
        {filter.range.kind === 'all'
          ? 'Try fewer words or remove a filter; every word must occur.'
          : 'Try a longer time, fewer words, or remove a filter.'}
      </p>
      {filter.q !== '' && (
        <p>
          Words are looked for, from their beginning, in the names of people, apps and sheets, in selections and in
          object ids; kinds of events and objects are not.
        </p>
      )}
      <p class="empty-actions">
        {filter.range.kind !== 'all' && (
          <Link class="button" href={searchAddress({ ...filter, range: { kind: 'all' } })}>
            <Icon name="calendar" size={16} /> Search all time
          </Link>
        )}
        <Link class="button" href={searchAddress(NO_FILTER)}>
          <Icon name="close" size={16} /> Clear everything
        </Link>
      </p>
    </Empty>
  );
}
