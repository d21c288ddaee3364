import { useEffect, useMemo, useReducer, useRef } from 'preact/hooks';
import { followTrail, type LiveState } from '../../api/live.ts';
import { type Filter, filterFromQuery, filterToApi, filterToQuery } from '../../filter/filter.ts';
import { EventRow } from '../../parts/event-row.tsx';
import { Icon } from '../../parts/icon.tsx';
import { rememberNames } from '../../parts/known-names.ts';
import { namesakesOf } from '../../parts/namesakes.ts';
import { Empty } from '../../parts/states.tsx';
import { withQuery } from '../../routing/addresses.ts';
import { navigate, usePlace } from '../../routing/location.tsx';
import { isTyping } from '../../shell/shortcuts.tsx';
import { formats } from '../../text/reader.ts';
import { FilterChips } from '../search/filter-chips.tsx';
import { FilterMenu } from '../search/filter-menu.tsx';
import { EMPTY_LIVE, reduceLive } from './live-list.ts';

const STATES: Readonly<Record<LiveState, string>> = {
  connecting: 'Connecting…',
  open: 'Live',
  broken: 'Connection lost; trying again',
};

/** Events as they come. */
export function LiveView() {
  const { query } = usePlace();
  // the time goes on by itself here
  const filter: Filter = { ...filterFromQuery(query), range: { kind: 'all' } };
  const key = filterToQuery(filter).toString();
  const asked = useMemo(() => filterToApi(filter, 0), [key]);
  const [list, dispatch] = useReducer(reduceLive, EMPTY_LIVE);
  useEffect(() => {
    document.title = 'Live · Audit trail';
    dispatch({ kind: 'clear' });
    return followTrail(asked, {
      events(events) {
        rememberNames(events);
        dispatch({ kind: 'events', events });
      },
      state: (state) => dispatch({ kind: 'state', state }),
    });
  }, [asked]);
  const toggle = useRef(() => {});
  toggle.current = () => dispatch({ kind: list.isPaused ? 'resume' : 'pause' });
  useEffect(() => {
    const listener = (event: KeyboardEvent) => {
      if (event.key !== ' ' || event.defaultPrevented || isTyping(event.target)) return;
      if (event.target instanceof Element && event.target.closest('button, a, [role="dialog"]') !== null) return;
      event.preventDefault();
      toggle.current();
    };
    document.addEventListener('keydown', listener);
    return () => document.removeEventListener('keydown', listener);
  }, []);
  const change = (next: Filter) => navigate(withQuery('/live', filterToQuery(next)));
  const namesakes = useMemo(() => namesakesOf(list.shown.map(({ user }) => user)), [list.shown]);
  const state = list.isPaused ? 'paused' : list.state;
  return (
    <div class="view live">
      <header class="view-head">
        <h1>Live</h1>
        <p class={`live-state live-${state}`} role="status">
          <i aria-hidden="true" />
          {list.isPaused
            ? `Paused${list.held.length > 0 ? `, ${formats.number(list.held.length)} new` : ''}`
            : STATES[list.state]}
        </p>
        <div class="search-tools">
          <FilterMenu filter={filter} change={change} />
          <button type="button" class="button" onClick={() => toggle.current()} aria-pressed={list.isPaused}>
            <Icon name={list.isPaused ? 'play' : 'pause'} size={16} /> {list.isPaused ? 'Go on' : 'Pause'}
          </button>
        </div>
      </header>
      <FilterChips filter={filter} change={change} />
      {list.shown.length === 0 ? (
        <Empty icon="live" title="Waiting for events">
          <p>They appear here within a second of being stored. Nothing yet? Look whether the server receives any.</p>
        </Empty>
      ) : (
        <ol class="live-list" aria-label="Newest events">
          {list.shown.map((event) => (
            <li key={event.sequence} class={event.sequence > list.seenUpTo ? 'is-new' : ''}>
              <EventRow event={event} namesakes={namesakes} />
            </li>
          ))}
        </ol>
      )}
    </div>
  );
}
