import { useEffect, useRef, useState } from 'preact/hooks';
import type { TrailEvent, TrailTransaction } from '../../../../server/src/domain/trail.ts';
import { useAgainWhile } from '../../api/again.ts';
import { get, getInBackground } from '../../api/request.ts';
import { useResource } from '../../api/resource.ts';
import { CopyButton } from '../../parts/copy-button.tsx';
import { Avatar, Name } from '../../parts/names.tsx';
import { Segmented } from '../../parts/segmented.tsx';
import { Sentence } from '../../parts/sentence.tsx';
import { Failure, Skeleton } from '../../parts/states.tsx';
import { isPictureOnItsWay, type Variant } from '../../parts/thumbnail.tsx';
import { When } from '../../parts/when.tsx';
import { storyAddress } from '../../routing/addresses.ts';
import { Link } from '../../routing/location.tsx';
import { contained } from '../../text/bidi.ts';
import { clipped } from '../../text/formats.ts';
import { formats, localDay } from '../../text/reader.ts';
import { Steps } from '../event/steps.tsx';

/** One selection and all that followed from it, with the time between the steps. */
export function TransactionView({ id }: { readonly id: string }) {
  const isAgain = useRef(false);
  const { data, error, reload } = useResource(`transaction ${id}`, (signal) =>
    (isAgain.current ? getInBackground : get)<TrailTransaction>(
      `transactions/${encodeURIComponent(id)}`,
      undefined,
      signal,
    ),
  );
  useAgainWhile(data?.steps.some(({ event }) => isPictureOnItsWay(event)) ?? false, () => {
    isAgain.current = true;
    reload();
  });
  useEffect(() => {
    document.title = data === undefined ? 'Transaction · Audit trail' : contained(clipped(data.sentence, 120));
  }, [data]);
  if (error !== undefined) return <Failure error={error} retry={reload} />;
  if (data === undefined) return <Skeleton lines={10} label="Loading the transaction" />;
  const events = data.steps.map(({ event }) => event);
  const main = events.find(({ eventType }) => eventType === 'selection.state.changed') ?? events[0];
  return (
    <article class="view transaction">
      <header class="event-head">
        {main?.user != null && <Avatar user={main.user} size="large" />}
        <div>
          <h1>
            {main === undefined ? (
              <Name text={data.sentence} max={300} />
            ) : (
              <Sentence event={main} fallback={data.sentence} />
            )}
          </h1>
          <p class="event-meta">
            <span class="pill tone-indigo">Transaction</span>
            {main !== undefined && <When at={main.time} />}
            {main?.user != null && (
              <Link href={storyAddress(main.user.id, localDay(Date.parse(main.time)))}>The whole day of this user</Link>
            )}
          </p>
        </div>
      </header>
      <Totals events={events} id={id} />
      <Course steps={data.steps} />
    </article>
  );
}

const VARIANTS: readonly (readonly [Variant, string])[] = [
  ['original', 'Original'],
  ['annotated', 'Annotated'],
];

function Course({ steps }: Pick<TrailTransaction, 'steps'>) {
  const [variant, setVariant] = useState<Variant>('original');
  const hasBoth = steps.some(
    ({ event: { screenshot } }) => screenshot?.originalUrl != null && screenshot.annotatedUrl != null,
  );
  return (
    <section class="card" aria-labelledby="course-title">
      <header class="card-head">
        <h2 id="course-title">What happened, in order</h2>
        {hasBoth && <Segmented label="Pictures" value={variant} options={VARIANTS} choose={setVariant} />}
      </header>
      <Steps steps={steps} pictures="large" variant={variant} />
    </section>
  );
}

function Totals({ events, id }: { readonly events: readonly TrailEvent[]; readonly id: string }) {
  const first = events[0];
  const answered = events.find(({ eventType }) => eventType === 'app.model.validated');
  const views = events.filter(({ durationMs }) => durationMs !== null);
  const longest = Math.max(0, ...views.map(({ durationMs }) => durationMs ?? 0));
  const pictures = events.filter(({ screenshot }) => screenshot?.status === 'saved').length;
  return (
    <dl class="totals">
      <div>
        <dt>Steps</dt>
        <dd>{formats.number(events.length)}</dd>
      </div>
      {first !== undefined && answered !== undefined && (
        <div>
          <dt>Qlik answered after</dt>
          <dd>{formats.duration(Math.max(0, Date.parse(answered.time) - Date.parse(first.time)))}</dd>
        </div>
      )}
      {views.length > 0 && (
        <div>
          <dt>Longest on screen</dt>
          <dd>{formats.duration(longest)}</dd>
        </div>
      )}
      <div>
        <dt>Pictures</dt>
        <dd>{formats.number(pictures)}</dd>
      </div>
      <div class="totals-code">
        <dt>Transaction id</dt>
        <dd>
          <span class="code clip">
            <Name text={id} />
          </span>
          <CopyButton text={id} label="Copy the transaction id" />
        </dd>
      </div>
    </dl>
  );
}
