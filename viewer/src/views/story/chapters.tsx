import type { TrailEvent } from '../../../../server/src/domain/trail.ts';
import { type Filter, NO_FILTER, withValue } from '../../filter/filter.ts';
import { Name, PlaceName } from '../../parts/names.tsx';
import { Thumbnail } from '../../parts/thumbnail.tsx';
import { eventAddress, searchAddress } from '../../routing/addresses.ts';
import { Link } from '../../routing/location.tsx';
import { formats } from '../../text/reader.ts';
import { type Chapter, coveredMs, type Interval, viewedWithin, viewsOf } from './day-story.ts';

const MOST_PICTURES = 6;
const MOST_SELECTIONS = 4;

/** The day in words and pictures. */
export function Chapters({
  chapters,
  user,
  day,
}: {
  readonly chapters: readonly Chapter[];
  readonly user: string;
  readonly day: Interval;
}) {
  return (
    <section aria-label="The day, sheet by sheet">
      <ol class="chapters">
        {chapters.map((chapter) => (
          <ChapterItem key={chapter.events[0]?.sequence} chapter={chapter} user={user} day={day} />
        ))}
      </ol>
    </section>
  );
}

interface ChapterItemProps {
  readonly chapter: Chapter;
  readonly user: string;
  readonly day: Interval;
}

function ChapterItem({ chapter, user, day }: ChapterItemProps) {
  const { events, fromMs } = chapter;
  const views = viewsOf(events);
  const onScreenMs = coveredMs(viewedWithin(views, day));
  const selections = events.filter(({ selections }) => selections !== null);
  const pictures = events.filter(({ screenshot }) => screenshot?.status === 'saved');
  return (
    <li class="chapter">
      <p class="chapter-time">
        <time dateTime={new Date(fromMs).toISOString()} title={formats.utc(fromMs)}>
          {formats.clockShort(fromMs)}
        </time>
      </p>
      <div class="chapter-body">
        <h2 class="clip">
          <PlaceName event={chapter} />
        </h2>
        <p class="muted small">
          {views.length > 0 && `${formats.duration(onScreenMs)} on screen · `}
          <Link href={searchAddress(filterOf(chapter, user))}>
            {formats.number(events.length)} {events.length === 1 ? 'event' : 'events'}
          </Link>
        </p>
        {selections.length > 0 && (
          <ul class="chapter-selections">
            {selections.slice(0, MOST_SELECTIONS).map((event) => (
              <SelectionItem key={event.sequence} event={event} />
            ))}
            {selections.length > MOST_SELECTIONS && (
              <li class="muted small">and {formats.number(selections.length - MOST_SELECTIONS)} more selections</li>
            )}
          </ul>
        )}
        {pictures.length > 0 && (
          <ul class="chapter-pictures">
            {pictures.slice(0, MOST_PICTURES).map((event) => (
              <li key={event.sequence}>
                <Link href={eventAddress(event)} title={formats.clock(Date.parse(event.time))}>
                  <Thumbnail event={event} size="small" />
                </Link>
              </li>
            ))}
            {pictures.length > MOST_PICTURES && (
              <li class="muted small">+{formats.number(pictures.length - MOST_PICTURES)}</li>
            )}
          </ul>
        )}
      </div>
    </li>
  );
}

function SelectionItem({ event }: { readonly event: TrailEvent }) {
  return (
    <li>
      <Link class="clip" href={eventAddress(event)}>
        <Name text={event.selections ?? ''} max={200} />
      </Link>
    </li>
  );
}

/** The events of one stay. */
function filterOf({ appId, sheetId, fromMs, toMs }: Chapter, user: string): Filter {
  const range = {
    kind: 'between',
    from: new Date(fromMs).toISOString(),
    to: new Date(toMs + 1).toISOString(),
  } as const;
  const own = withValue({ ...NO_FILTER, range }, 'user', user);
  const inApp = appId === null ? own : withValue(own, 'appId', appId);
  return sheetId === null ? inApp : withValue(inApp, 'sheetId', sheetId);
}
