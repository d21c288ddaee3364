import { useEffect, useRef } from 'preact/hooks';
import type { TrailEvent, TrailEventDetail } from '../../../../server/src/domain/trail.ts';
import { useAgainWhile } from '../../api/again.ts';
import { get, getInBackground } from '../../api/request.ts';
import { useResource } from '../../api/resource.ts';
import { EventMark } from '../../parts/event-mark.tsx';
import { lookOf } from '../../parts/event-types.ts';
import { Icon } from '../../parts/icon.tsx';
import { rememberNames } from '../../parts/known-names.ts';
import { Avatar, Name } from '../../parts/names.tsx';
import { Sentence } from '../../parts/sentence.tsx';
import { Failure, Skeleton } from '../../parts/states.tsx';
import { isPictureOnItsWay } from '../../parts/thumbnail.tsx';
import { When } from '../../parts/when.tsx';
import { storyAddress, transactionAddress } from '../../routing/addresses.ts';
import { Link, usePlace } from '../../routing/location.tsx';
import { contained } from '../../text/bidi.ts';
import { clipped } from '../../text/formats.ts';
import { formats, localDay } from '../../text/reader.ts';
import { DataTable } from './data-table.tsx';
import { Deliveries } from './deliveries.tsx';
import { Facts } from './facts.tsx';
import { Look } from './look.tsx';
import { Picture } from './picture.tsx';
import { RawJson } from './raw-json.tsx';
import { Steps } from './steps.tsx';

/** Everything that is known of one event: a sentence, the picture, what happened around it, the proof. */
export function EventView({ eventId }: { readonly eventId: string }) {
  const sequence = usePlace().query.get('sequence');
  const asked = new URLSearchParams(sequence === null ? [] : [['sequence', sequence]]);
  const isAgain = useRef(false);
  const { data, error, reload } = useResource(`event ${eventId} ${asked}`, (signal) =>
    (isAgain.current ? getInBackground : get)<TrailEventDetail>(`events/${encodeURIComponent(eventId)}`, asked, signal),
  );
  useAgainWhile(data !== undefined && [data.event, ...data.neighbours].some(isPictureOnItsWay), () => {
    isAgain.current = true;
    reload();
  });
  useEffect(() => {
    document.title = data === undefined ? 'Event · Audit trail' : contained(clipped(data.sentence, 120));
    if (data !== undefined) rememberNames([data.event]);
  }, [data]);
  if (error !== undefined) return <Failure error={error} retry={reload} />;
  if (data === undefined) return <Skeleton lines={10} label="Loading the event" />;
  const { event } = data;
  // beside a picture or a table the transaction is a side note, else it is the story
  const isRich = data.screenshots.length > 0 || data.objectData !== null;
  return (
    <article class="view event">
      <EventHead detail={data} />
      {event.isConflict && (
        <p class="notice" role="note">
          <Icon name="warning" size={17} />
          <span>
            The id of this event was used before, by an event with other contents. It is kept here as it came and was
            delivered nowhere.
          </span>
        </p>
      )}
      <div class="event-columns">
        <div class="event-main">
          <Picture detail={data} />
          <Look detail={data} />
          {data.selections.length > 0 && <Selections detail={data} />}
          {!isRich && <Around detail={data} pictures="large" />}
          <DataTable data={data.objectData} />
          <RawJson detail={data} />
        </div>
        <div class="event-side">
          {isRich && <Around detail={data} pictures="small" />}
          <Facts detail={data} />
          <Deliveries detail={data} />
        </div>
      </div>
    </article>
  );
}

function EventHead({ detail }: { readonly detail: TrailEventDetail }) {
  const { event } = detail;
  return (
    <header class="event-head">
      {event.user === null ? <EventMark eventType={event.eventType} /> : <Avatar user={event.user} size="large" />}
      <div>
        <h1>
          <Sentence event={event} fallback={detail.sentence} />
        </h1>
        <p class="event-meta">
          <span class={`pill tone-${lookOf(event.eventType).tone}`}>
            <Name text={lookOf(event.eventType).label} max={60} />
          </span>
          <When at={event.time} style="day" />
          <span>
            <When at={event.time} style="clock" /> {formats.zoneName(Date.parse(event.time))}
          </span>
          {event.user !== null && (
            <Link href={storyAddress(event.user.id, localDay(Date.parse(event.time)))}>The whole day of this user</Link>
          )}
        </p>
      </div>
    </header>
  );
}

function Selections({ detail }: { readonly detail: TrailEventDetail }) {
  return (
    <section class="card" aria-labelledby="selections-title">
      <header class="card-head">
        <h2 id="selections-title">Selections</h2>
      </header>
      <dl class="card-body selections">
        {detail.selections.map(({ field, values, count }, at) => (
          <div key={at}>
            <dt class="clip">
              <Name text={field} max={80} />
            </dt>
            <dd>
              {values.slice(0, 200).map((value, place) => (
                <span key={place} class="pill">
                  <Name text={value} max={120} />
                </span>
              ))}
              {count > Math.min(200, values.length) && <span class="muted small">{count} in all</span>}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

interface AroundProps {
  readonly detail: TrailEventDetail;
  readonly pictures: 'small' | 'large';
}

/** The transaction, with this event in its place. */
function Around({ detail, pictures }: AroundProps) {
  const { event, neighbours } = detail;
  if (neighbours.length === 0) return null;
  const inOrder = [event, ...neighbours].toSorted(byTime);
  const steps = inOrder.map((one, at) => {
    const before = inOrder[at - 1];
    return { event: one, gapMs: before === undefined ? null : Date.parse(one.time) - Date.parse(before.time) };
  });
  return (
    <section class="card" aria-labelledby="around-title">
      <header class="card-head">
        <h2 id="around-title">What happened around it</h2>
        {event.selectionTxnId !== null && <Link href={transactionAddress(event.selectionTxnId)}>Open transaction</Link>}
      </header>
      <Steps steps={steps} present={event.sequence} pictures={pictures} />
    </section>
  );
}

function byTime(a: TrailEvent, b: TrailEvent): number {
  return Date.parse(a.time) - Date.parse(b.time) || a.sequence - b.sequence;
}
