import { useMemo, useState } from 'preact/hooks';
import type { TrailEventDetail } from '../../../../server/src/domain/trail.ts';
import { CopyButton } from '../../parts/copy-button.tsx';
import { Segmented } from '../../parts/segmented.tsx';
import { visibleJson } from '../../text/bidi.ts';
import { formats } from '../../text/reader.ts';
import { jsonTokens } from './json-tokens.ts';

const MOST_SHOWN = 60_000;

/** The event as it was received, and as destinations get it. */
export function RawJson({ detail }: { readonly detail: TrailEventDetail }) {
  const [shown, setShown] = useState<'envelope' | 'record'>('envelope');
  const value = shown === 'envelope' ? detail.envelope : detail.record;
  const text = useMemo(() => JSON.stringify(value, null, 2) ?? 'null', [value]);
  const tokens = useMemo(() => jsonTokens(visibleJson(text.slice(0, MOST_SHOWN))), [text]);
  return (
    <section class="card" aria-labelledby="raw-title">
      <header class="card-head">
        <h2 id="raw-title">Raw</h2>
        <Segmented
          label="Form"
          value={shown}
          options={[
            ['envelope', 'As received'],
            ['record', 'As delivered'],
          ]}
          choose={setShown}
        />
        <CopyButton text={() => visibleJson(text)} label="Copy as JSON" />
      </header>
      {value === null ? (
        <p class="picture-none">The contents of this event were erased.</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it
        <pre class="json" tabIndex={0}>
          {tokens.map(({ kind, text: piece }, at) => (
            <span key={at} class={`json-${kind}`}>
              {piece}
            </span>
          ))}
        </pre>
      )}
      {text.length > MOST_SHOWN && (
        <p class="table-more muted small">
          The first {formats.bytes(MOST_SHOWN)} of {formats.bytes(text.length)}; the copy button copies all of it.
        </p>
      )}
      {shown === 'record' && (
        <p class="table-more muted small">
          Destinations that take them also get the object data and the whole envelope, which stand under “As received”.
        </p>
      )}
    </section>
  );
}
