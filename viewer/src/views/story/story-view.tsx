import { useEffect } from 'preact/hooks';
import type { TrailEvent, TrailPage, TrailTimeline } from '../../../../server/src/domain/trail.ts';
import { get } from '../../api/request.ts';
import { useResource } from '../../api/resource.ts';
import { Icon } from '../../parts/icon.tsx';
import { nameOf, rememberName } from '../../parts/known-names.ts';
import { Avatar, Name } from '../../parts/names.tsx';
import { Empty, Failure, Skeleton } from '../../parts/states.tsx';
import { storyAddress } from '../../routing/addresses.ts';
import { Link, navigate, usePlace } from '../../routing/location.tsx';
import { isTyping } from '../../shell/shortcuts.tsx';
import { clipped } from '../../text/formats.ts';
import { dayBounds, formats, localDay } from '../../text/reader.ts';
import { Chapters } from './chapters.tsx';
import { chaptersOf, coveredMs, hoursAround, viewedWithin } from './day-story.ts';
import { Lanes } from './lanes.tsx';
import { UserPicker } from './user-picker.tsx';

/** What one user did on one day. */
export function StoryView() {
  const { query } = usePlace();
  const user = query.get('user');
  const day = query.get('day');
  if (user === null || user === '') return <UserPicker />;
  if (day === null || dayBounds(day) === undefined) return <NewestDay key={user} user={user} />;
  return <DayView key={user} user={user} day={day} />;
}

/** Goes to the last day on which the user did something. */
function NewestDay({ user }: { readonly user: string }) {
  const { data, error, reload } = useResource(`newest of ${user}`, (signal) =>
    get<TrailPage<TrailEvent>>('events', new URLSearchParams({ user, limit: '1' }), signal),
  );
  const newest = data?.items[0]?.time;
  useEffect(() => {
    if (newest !== undefined) navigate(storyAddress(user, localDay(Date.parse(newest))), { replace: true });
  }, [newest, user]);
  if (error !== undefined) return <Failure error={error} retry={reload} />;
  if (data === undefined || newest !== undefined) return <Skeleton lines={8} label="Loading" />;
  return (
    <Empty icon="user" title="Nothing is known of this user">
      <p>
        The trail has no event of <Name text={clipped(user, 80)} />. <Link href="/story">Choose another user</Link>.
      </p>
    </Empty>
  );
}

function DayView({ user, day }: { readonly user: string; readonly day: string }) {
  const bounds = dayBounds(day) ?? { from: 0, to: 0 };
  const { data, error, isLoading, reload } = useResource(`story ${user} ${day}`, (signal) => {
    const query = new URLSearchParams({
      from: new Date(bounds.from).toISOString(),
      to: new Date(bounds.to).toISOString(),
    });
    return get<TrailTimeline>(`users/${encodeURIComponent(user)}/timeline`, query, signal);
  });
  useEffect(() => {
    if (data !== undefined) rememberName('user', user, data.user.name);
    document.title = `${clipped(data?.user.name ?? nameOf('user', user), 60)} on ${formats.day(bounds.from)} · Audit trail`;
  }, [data, user, bounds.from]);
  useDayKeys(user, day);
  if (error !== undefined && error.status !== 404) return <Failure error={error} retry={reload} />;
  const known = data?.user ?? { id: user, directory: null, name: nameOf('user', user) };
  return (
    <article class="view story">
      <header class="view-head">
        <div class="story-who">
          <Avatar user={known} size="large" />
          <div>
            <h1>
              <Name text={known.name} max={80} />
            </h1>
            <p class="story-day-name">
              {known.directory !== null && (
                <span>
                  in <Name text={known.directory} max={60} />
                </span>
              )}
              {formats.day(bounds.from)}
              <Link href="/story">Another user</Link>
            </p>
          </div>
        </div>
        <DaySteps user={user} day={day} />
      </header>
      {data === undefined ? (
        error === undefined && isLoading ? (
          <Skeleton lines={8} label="Loading the day" />
        ) : (
          <QuietDay user={user} />
        )
      ) : (
        <Day timeline={data} fromMs={bounds.from} toMs={bounds.to} isStale={isLoading} />
      )}
    </article>
  );
}

interface DayProps {
  readonly timeline: TrailTimeline;
  readonly fromMs: number;
  readonly toMs: number;
  readonly isStale: boolean;
}

function Day({ timeline, fromMs, toMs, isStale }: DayProps) {
  const hours = hoursAround(timeline, { fromMs, toMs });
  if (hours === null) return <QuietDay user={timeline.user.id} />;
  const chapters = chaptersOf(timeline);
  const day = { fromMs, toMs };
  const spans = timeline.lanes.flatMap((lane) =>
    lane.spans.map((span) => ({ fromMs: Date.parse(span.from), toMs: Date.parse(span.to) })),
  );
  const events = timeline.lanes.flatMap((lane) => lane.events);
  const count = (type: string) => events.filter(({ eventType }) => eventType === type).length;
  const first = chapters[0];
  const last = chapters.at(-1);
  return (
    <div class={isStale ? 'story-day is-stale' : 'story-day'}>
      {timeline.isCut && (
        <p class="notice" role="note">
          <Icon name="warning" size={17} />
          <span>
            This day has more events than can be drawn; the last ones are missing here. The search has all of them.
          </span>
        </p>
      )}
      <dl class="totals">
        <div>
          <dt>Active</dt>
          <dd>
            {first !== undefined &&
              last !== undefined &&
              `${formats.clockShort(first.fromMs)} – ${formats.clockShort(last.toMs)}`}
          </dd>
        </div>
        <div>
          <dt>Charts on screen</dt>
          <dd>{formats.duration(coveredMs(viewedWithin(spans, day)))}</dd>
        </div>
        <div>
          <dt>Apps</dt>
          <dd>{formats.number(new Set(timeline.lanes.flatMap(({ appId }) => appId ?? [])).size)}</dd>
        </div>
        <div>
          <dt>Selections</dt>
          <dd>{formats.number(count('selection.state.changed'))}</dd>
        </div>
        <div>
          <dt>Pictures</dt>
          <dd>{formats.number(events.filter(({ screenshot }) => screenshot?.status === 'saved').length)}</dd>
        </div>
      </dl>
      <Lanes timeline={timeline} hours={hours} day={day} />
      <Chapters chapters={chapters} user={timeline.user.id} day={day} />
    </div>
  );
}

function QuietDay({ user }: { readonly user: string }) {
  return (
    <Empty icon="calendar" title="A quiet day">
      <p>Nothing of this user was recorded on this day.</p>
      <Link class="button" href={storyAddress(user)}>
        Go to the last active day
      </Link>
    </Empty>
  );
}

function dayAfter(day: string, shift: number): string {
  const bounds = dayBounds(day);
  if (bounds === undefined) return day;
  const at = new Date(bounds.from);
  return localDay(new Date(at.getFullYear(), at.getMonth(), at.getDate() + shift).getTime());
}

function DaySteps({ user, day }: { readonly user: string; readonly day: string }) {
  return (
    <div class="day-steps">
      <Link
        class="button"
        href={storyAddress(user, dayAfter(day, -1))}
        aria-label="The day before"
        title="The day before"
      >
        <Icon name="left" size={17} />
      </Link>
      <input
        class="day-input"
        type="date"
        aria-label="Day"
        value={day}
        max={localDay(Date.now())}
        onChange={(event) => {
          const chosen = event.currentTarget.value;
          if (dayBounds(chosen) !== undefined) navigate(storyAddress(user, chosen));
        }}
      />
      <Link class="button" href={storyAddress(user, dayAfter(day, 1))} aria-label="The day after" title="The day after">
        <Icon name="right" size={17} />
      </Link>
    </div>
  );
}

function useDayKeys(user: string, day: string): void {
  useEffect(() => {
    const listener = (event: KeyboardEvent) => {
      if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return;
      if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey || isTyping(event.target)) return;
      if (event.target instanceof Element && event.target.closest('[tabindex="0"]') !== null) return;
      event.preventDefault();
      navigate(storyAddress(user, dayAfter(day, event.key === 'ArrowLeft' ? -1 : 1)));
    };
    document.addEventListener('keydown', listener);
    return () => document.removeEventListener('keydown', listener);
  }, [user, day]);
}
