import type { TrailDestination } from '../../../../server/src/domain/trail.ts';
import { Name } from '../../parts/names.tsx';
import { When } from '../../parts/when.tsx';
import { formats } from '../../text/reader.ts';

const TONES: Readonly<Record<string, readonly [label: string, tone: string]>> = {
  idle: ['Up to date', 'green'],
  waiting: ['Gathering', 'green'],
  delivering: ['Delivering', 'blue'],
  retrying: ['Trying again', 'amber'],
  stopped: ['Stopped', 'red'],
  held: ['Held', 'red'],
};

export function Destinations({ destinations }: { readonly destinations: readonly TrailDestination[] }) {
  return (
    <section class="card" aria-labelledby="destinations-title">
      <header class="card-head">
        <h2 id="destinations-title">Destinations</h2>
      </header>
      {destinations.length === 0 ? (
        <p class="card-body muted">None. Events are kept in the log; configure a destination to have them delivered.</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it
        <section class="table-scroll table-tall" tabIndex={0} aria-label="Destinations, scrollable">
          <table class="data">
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">State</th>
                <th scope="col" class="is-number">
                  Waiting
                </th>
                <th scope="col" class="is-number">
                  Oldest
                </th>
                <th scope="col" class="is-number">
                  Delivered
                </th>
                <th scope="col" class="is-number">
                  Dead letters
                </th>
                <th scope="col">Last success</th>
              </tr>
            </thead>
            <tbody>
              {destinations.map((destination) => (
                <DestinationRows key={destination.name} destination={destination} />
              ))}
            </tbody>
          </table>
        </section>
      )}
    </section>
  );
}

function DestinationRows({ destination }: { readonly destination: TrailDestination }) {
  const { name, state, lagEvents, lagSeconds, delivered, deadLetters, lastSuccessAt, lastError, heldBytes } =
    destination;
  const [label, tone] = TONES[state] ?? [state, 'grey'];
  const isTroubled = lastError !== undefined && (lastSuccessAt === undefined || lastError.at > lastSuccessAt);
  return (
    <>
      <tr class={isTroubled ? 'has-more' : ''}>
        <th scope="row">
          <Name text={name} max={60} />
        </th>
        <td>
          <span class={`pill tone-${tone}`}>{label}</span>
        </td>
        <td class="is-number">{formats.number(lagEvents ?? 0)}</td>
        <td class="is-number">{lagEvents > 0 ? formats.duration((lagSeconds ?? 0) * 1000) : '–'}</td>
        <td class="is-number">{formats.number(delivered ?? 0)}</td>
        <td class={`is-number ${deadLetters > 0 ? 'is-alarming' : ''}`}>{formats.number(deadLetters ?? 0)}</td>
        <td>{lastSuccessAt === undefined ? '–' : <When at={new Date(lastSuccessAt).toISOString()} style="clock" />}</td>
      </tr>
      {isTroubled && (
        <tr>
          <td colSpan={7} class="destination-error">
            <strong>{lastError.code}</strong> <Name text={lastError.message} max={500} />
            {heldBytes !== undefined && heldBytes > 0 && (
              <span class="muted"> The log keeps {formats.bytes(heldBytes)} for it.</span>
            )}
          </td>
        </tr>
      )}
    </>
  );
}
