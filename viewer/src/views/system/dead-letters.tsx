import { useState } from 'preact/hooks';
import type { TrailDeadLetter, TrailPage } from '../../../../server/src/domain/trail.ts';
import { type ApiError, change, get } from '../../api/request.ts';
import { asApiError, useResource } from '../../api/resource.ts';
import { Icon } from '../../parts/icon.tsx';
import { Name } from '../../parts/names.tsx';
import { Failure, Skeleton } from '../../parts/states.tsx';
import { When } from '../../parts/when.tsx';
import { eventIdAddress } from '../../routing/addresses.ts';
import { Link } from '../../routing/location.tsx';
import { formats } from '../../text/reader.ts';

interface DeadLettersProps {
  readonly counts: readonly (readonly [destination: string, count: number])[];
  readonly changed: () => void;
}

/** What destinations did not get, why, and the button that sends it again. */
export function DeadLetters({ counts, changed }: DeadLettersProps) {
  const troubled = counts.filter(([, count]) => count > 0);
  return (
    <section class="card" aria-labelledby="letters-title">
      <header class="card-head">
        <h2 id="letters-title">Dead letters</h2>
      </header>
      {troubled.length === 0 ? (
        <p class="card-body muted">None: every event has reached its destinations or is on its way.</p>
      ) : (
        troubled.map(([destination, count]) => (
          <DestinationLetters key={destination} destination={destination} count={count} changed={changed} />
        ))
      )}
    </section>
  );
}

interface LettersProps {
  readonly destination: string;
  readonly count: number;
  readonly changed: () => void;
}

function DestinationLetters({ destination, count, changed }: LettersProps) {
  const [outcome, setOutcome] = useState<ApiError | 'asked' | null>(null);
  const page = useResource(`letters ${destination} ${count}`, (signal) =>
    get<TrailPage<TrailDeadLetter>>('dead-letters', new URLSearchParams({ destination }), signal),
  );
  const retry = async (ids?: readonly number[]) => {
    try {
      await change('POST', 'dead-letters/retry', ids === undefined ? { destination } : { destination, ids });
      setOutcome('asked');
    } catch (thrown) {
      setOutcome(asApiError(thrown));
    }
    changed();
  };
  return (
    <div class="letters">
      <div class="letters-head">
        <h3>
          <Name text={destination} max={60} />
        </h3>
        <span class="muted">{formats.number(count)}</span>
        <span class="letters-status" role="status">
          {outcome === 'asked' && 'Asked to send again; this list shortens as they arrive.'}
          {outcome !== null && outcome !== 'asked' && outcome.message}
        </span>
        <button type="button" class="button" onClick={() => retry()}>
          <Icon name="retry" size={16} /> Send all again
        </button>
      </div>
      {page.error !== undefined ? (
        <Failure error={page.error} retry={page.reload} />
      ) : page.data === undefined ? (
        <Skeleton lines={3} label="Loading dead letters" />
      ) : (
        <ul class="letter-list">
          {page.data.items.map((letter) => (
            <li key={letter.id}>
              <span class="letter-text">
                <span>
                  {letter.eventId === null ? (
                    <>
                      Position {formats.number(letter.range.first)}
                      {letter.range.last !== letter.range.first && ` to ${formats.number(letter.range.last)}`}
                    </>
                  ) : (
                    <Link href={eventIdAddress(letter.eventId)}>
                      <Name text={letter.eventType ?? letter.eventId} max={80} />
                    </Link>
                  )}{' '}
                  <span class="muted small">
                    <When at={letter.at} />
                  </span>
                </span>
                <span class="muted small">
                  <span class="code">{letter.code}</span> <Name text={letter.message} max={400} />
                </span>
              </span>
              <button
                type="button"
                class="button-quiet"
                onClick={() => retry([letter.id])}
                aria-label={`Send again: dead letter ${letter.id}`}
              >
                <Icon name="retry" size={15} /> Send again
              </button>
            </li>
          ))}
          {page.data.nextCursor !== null && (
            <li class="muted small">
              The first {formats.number(page.data.items.length)} of {formats.number(count)}.
            </li>
          )}
        </ul>
      )}
    </div>
  );
}
