import type { TrailEvent } from '../../../../server/src/domain/trail.ts';
import { EventMark } from '../../parts/event-mark.tsx';
import { Icon } from '../../parts/icon.tsx';
import { UserName } from '../../parts/names.tsx';
import { personOf } from '../../parts/namesakes.ts';
import { Phrase } from '../../parts/phrase.tsx';
import { Thumbnail, type Variant } from '../../parts/thumbnail.tsx';
import { When } from '../../parts/when.tsx';
import { eventAddress } from '../../routing/addresses.ts';
import { Link } from '../../routing/location.tsx';
import { formats } from '../../text/reader.ts';

interface StepsProps {
  readonly steps: readonly { readonly event: TrailEvent; readonly gapMs: number | null }[];
  /** The event that the reader is looking at. */
  readonly present?: number;
  readonly pictures: 'small' | 'large';
  readonly variant?: Variant;
}

/** Events in order of time, with what lies between them. */
export function Steps({ steps, present, pictures, variant = 'original' }: StepsProps) {
  // lines that somebody else sent stand out
  const owner = personOf((steps.find(({ event }) => event.sequence === present) ?? steps[0])?.event.user ?? null);
  return (
    <ol class={`steps ${pictures === 'small' ? 'steps-compact' : ''}`}>
      {steps.map(({ event, gapMs }) => (
        <li key={event.sequence} class={event.sequence === present ? 'is-present' : ''}>
          {gapMs !== null && (
            <p class="gap">
              <span class="visually-hidden">After </span>
              {gapMs < 0 ? '−' : '+'}
              {formats.duration(Math.abs(gapMs))}
            </p>
          )}
          <Step
            event={event}
            isPresent={event.sequence === present}
            isOwn={event.origin === 'server' || personOf(event.user) === owner}
            pictures={pictures}
            variant={variant}
          />
        </li>
      ))}
    </ol>
  );
}

interface StepProps {
  readonly event: TrailEvent;
  readonly isPresent: boolean;
  /** Of the user of the others. */
  readonly isOwn: boolean;
  readonly pictures: 'small' | 'large';
  readonly variant: Variant;
}

function Step({ event, isPresent, isOwn, pictures, variant }: StepProps) {
  // the picture of the present event stands beside the small ones
  const hasPicture = event.screenshot !== null && (pictures === 'large' || !isPresent);
  return (
    <Link class="step" href={eventAddress(event)} aria-current={isPresent ? 'true' : undefined}>
      <EventMark eventType={event.eventType} />
      <span class={isOwn ? 'step-text' : 'step-text is-other'}>
        {!isOwn && (
          <>
            <strong>
              <UserName user={event.user} />
            </strong>{' '}
          </>
        )}
        <Phrase event={event} />
        {event.isConflict && (
          <span class="step-conflict">
            <Icon name="warning" size={14} /> Conflict: its id was used before, with other contents
          </span>
        )}
      </span>
      <span class="step-time">
        <When at={event.time} style="clock" />
      </span>
      {hasPicture && (
        <span class="step-picture">
          <Thumbnail event={event} size={pictures} variant={variant} />
        </span>
      )}
    </Link>
  );
}
