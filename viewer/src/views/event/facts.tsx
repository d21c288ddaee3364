import type { ComponentChildren } from 'preact';
import type { TrailEventDetail } from '../../../../server/src/domain/trail.ts';
import { type ListName, NO_FILTER, withValue } from '../../filter/filter.ts';
import { CopyButton } from '../../parts/copy-button.tsx';
import { Name } from '../../parts/names.tsx';
import { When } from '../../parts/when.tsx';
import { searchAddress, storyAddress, transactionAddress } from '../../routing/addresses.ts';
import { Link } from '../../routing/location.tsx';
import { formats } from '../../text/reader.ts';

const DAY_MS = 86_400_000;

/** Who, where, which ids: each leads to more of the same. */
export function Facts({ detail }: { readonly detail: TrailEventDetail }) {
  const { event, receipt } = detail;
  const delay = Date.parse(event.receivedAt) - Date.parse(event.time);
  return (
    <section class="card" aria-labelledby="facts-title">
      <header class="card-head">
        <h2 id="facts-title">Facts</h2>
      </header>
      <dl class="facts">
        {event.user !== null && (
          <Fact label="User">
            <Link href={storyAddress(event.user.id)}>
              <Name text={event.user.name} />
            </Link>
            {event.user.directory !== null && (
              <span class="muted">
                {' '}
                in <Name text={event.user.directory} max={60} />
              </span>
            )}
          </Fact>
        )}
        <Found label="App" list="appId" id={event.appId} name={event.appName} />
        <Found label="Sheet" list="sheetId" id={event.sheetId} name={event.sheetName} />
        <Found label="Object" list="objectId" id={event.objectId} name={event.objectId} />
        {event.durationMs !== null && (
          <Fact label="On screen">
            {formats.duration(event.durationMs)}
            {event.durationMs > DAY_MS && (
              <span class="muted"> as the browser reported it; in sums it counts for 24 hours</span>
            )}
          </Fact>
        )}
        <Fact label="Happened">
          <When at={event.time} style="exact" />
          <span class="fact-utc">{formats.utc(Date.parse(event.time))}</span>
        </Fact>
        <Fact label="Received">
          <When at={event.receivedAt} style="exact" />
          {delay !== 0 && (
            <span class="muted">
              {' '}
              {formats.duration(Math.abs(delay))} {delay < 0 ? 'before (the browser’s clock is ahead)' : 'later'}
            </span>
          )}
        </Fact>
        {receipt.ip !== null && (
          <Fact label="From">
            <Name text={receipt.ip} max={60} />
          </Fact>
        )}
        {receipt.auditQsVersion !== null && (
          <Fact label="Audit.qs">
            <Name text={receipt.auditQsVersion} max={40} />
          </Fact>
        )}
        <Code label="Event id" text={event.eventId} />
        {event.selectionTxnId !== null && (
          <Code label="Transaction" text={event.selectionTxnId} href={transactionAddress(event.selectionTxnId)} />
        )}
        {event.correlationId !== null && event.correlationId !== event.selectionTxnId && (
          <Code label="Correlation" text={event.correlationId} />
        )}
        <Fact label="Log position">{formats.number(event.sequence)}</Fact>
        <Code label="Digest" text={receipt.digest} />
        <Code label="Log" text={receipt.logId} />
      </dl>
    </section>
  );
}

function Fact({ label, children }: { readonly label: string; readonly children: ComponentChildren }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}

interface FoundProps {
  readonly label: string;
  readonly list: ListName;
  readonly id: string | null;
  readonly name: string | null;
}

function Found({ label, list, id, name }: FoundProps) {
  if (id === null && name === null) return null;
  return (
    <Fact label={label}>
      {id === null ? (
        <Name text={name ?? ''} />
      ) : (
        <Link href={searchAddress(withValue(NO_FILTER, list, id))}>
          <Name text={name ?? id} />
        </Link>
      )}
    </Fact>
  );
}

function Code({ label, text, href }: { readonly label: string; readonly text: string; readonly href?: string }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd class="fact-code">
        <span class="code clip" title={text.slice(0, 200)}>
          {href === undefined ? (
            <Name text={text} />
          ) : (
            <Link href={href}>
              <Name text={text} />
            </Link>
          )}
        </span>
        <CopyButton text={text} label={`Copy: ${label}`} />
      </dd>
    </div>
  );
}
