import type { TrailEventDetail } from '../../../../server/src/domain/trail.ts';
import { filterFromQuery, filterToQuery } from '../../filter/filter.ts';
import { Name } from '../../parts/names.tsx';
import { eventIdAddress, storyAddress, transactionAddress, withQuery } from '../../routing/addresses.ts';
import { Link } from '../../routing/location.tsx';

/** Of a `server.viewer.*` record: what somebody searched for, opened or exported, and a way to see the same. */
export function Look({ detail }: { readonly detail: TrailEventDetail }) {
  const { event, envelope } = detail;
  if (!event.eventType.startsWith('server.viewer.') || event.origin !== 'server') return null;
  const payload = membersOf(membersOf(envelope).payload);
  const filter = membersOf(payload.filter);
  const rows = [...FACTS.flatMap(([key, label]) => fact(label, payload[key])), ...filterFacts(filter)];
  if (rows.length === 0) return null;
  const address = addressOf(payload, filter);
  return (
    <section class="card" aria-labelledby="look-title">
      <header class="card-head">
        <h2 id="look-title">What was asked</h2>
        {address !== null && <Link href={address}>See the same</Link>}
      </header>
      <dl class="facts">
        {rows.map(([label, text], at) => (
          <div key={at}>
            <dt class="clip">
              <Name text={label} max={60} />
            </dt>
            <dd>
              <Name text={text} max={300} />
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

const FACTS: readonly (readonly [key: string, label: string])[] = [
  ['what', 'Asked for'],
  ['id', 'Id'],
  ['eventId', 'Event'],
  ['variant', 'Picture'],
  ['format', 'Format'],
  ['rows', 'Rows'],
  ['state', 'State'],
  ['destination', 'Destination'],
  ['with', 'By'],
  ['user', 'User'],
  ['address', 'Address'],
  ['reason', 'Reason'],
];

function fact(label: string, value: unknown): readonly (readonly [label: string, text: string])[] {
  if (Array.isArray(value)) return [[label, value.map(String).join(', ')]];
  return typeof value === 'string' || typeof value === 'number' ? [[label, String(value)]] : [];
}

/** An empty filter asks for everything. */
function filterFacts(filter: Readonly<Record<string, unknown>>) {
  return Object.entries(filter).flatMap(([key, value]) => fact(key === 'q' ? 'Words' : `Filter ${key}`, value));
}

/** Null: it has no page of its own. */
function addressOf(payload: Readonly<Record<string, unknown>>, filter: Readonly<Record<string, unknown>>) {
  const { what, id, eventId } = payload;
  if (typeof eventId === 'string') return eventIdAddress(eventId);
  if (typeof id === 'string' && what === 'event') return eventIdAddress(id);
  if (typeof id === 'string' && what === 'transaction') return transactionAddress(id);
  if (what === 'timeline' && typeof filter.name === 'string') return storyAddress(filter.name);
  const isList = what === 'events' || payload.format !== undefined;
  if (payload.filter === undefined || !(isList || what === 'summary')) return null;
  const pairs = Object.entries(filter).flatMap(([key, value]) =>
    (Array.isArray(value) ? value : [value]).map((one): [string, string] => [key, String(one)]),
  );
  const query = filterToQuery(filterFromQuery(new URLSearchParams(pairs)));
  return withQuery(isList ? '/' : '/insights', query);
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
