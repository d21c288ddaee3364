import type { TrailEvent } from '../../../server/src/domain/trail.ts';
import { eventAddress } from '../routing/addresses.ts';
import { Link } from '../routing/location.tsx';
import { EventMark } from './event-mark.tsx';
import { Icon } from './icon.tsx';
import { Avatar, Name, PlaceName, UserName } from './names.tsx';
import { Phrase } from './phrase.tsx';
import { When } from './when.tsx';

interface EventRowProps {
  readonly event: TrailEvent;
  /** `namesakesOf` the users of the list. */
  readonly namesakes: ReadonlySet<string>;
}

/** One event in a list, as one link. */
export function EventRow({ event, namesakes }: EventRowProps) {
  return (
    <Link class="row" href={eventAddress(event)}>
      <EventMark eventType={event.eventType} />
      <span class="row-time">
        <When at={event.time} style="clock" />
      </span>
      <span class="row-user">
        {event.user !== null && <Avatar user={event.user} />}
        <span class="clip">
          {event.user !== null ? (
            <>
              <UserName user={event.user} />
              {event.user.directory !== null && namesakes.has(event.user.name.toLowerCase()) && (
                <span class="row-directory">
                  {' '}
                  <Name text={event.user.directory} max={60} />
                </span>
              )}
            </>
          ) : (
            <span class="muted">{event.origin === 'server' ? 'the server' : 'Unknown user'}</span>
          )}
        </span>
      </span>
      <span class="row-what clip">
        <Phrase event={event} />
      </span>
      <span class="row-where clip">
        <PlaceName event={event} />
      </span>
      <RowFlags event={event} />
    </Link>
  );
}

function RowFlags({ event }: { readonly event: TrailEvent }) {
  const picture = event.screenshot;
  return (
    <span class="row-flags">
      {event.isConflict && (
        <span class="flag flag-bad" title="Its id was used before, with other contents">
          <Icon name="warning" size={15} />
          <span class="visually-hidden">conflict</span>
        </span>
      )}
      {picture !== null && !(picture.status === 'saved' && event.eventType === 'screenshot.url.received') && (
        <span
          class={`flag ${picture.status === 'failed' ? 'flag-bad' : picture.status === 'saved' ? 'flag-good' : ''}`}
          title={
            picture.status === 'saved'
              ? 'With its picture'
              : picture.status === 'failed'
                ? 'The picture could not be had'
                : 'The picture is on its way'
          }
        >
          <Icon name="picture" size={15} />
          <span class="visually-hidden">picture {picture.status}</span>
        </span>
      )}
    </span>
  );
}
