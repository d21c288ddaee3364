import type { TrailDelivery, TrailEventDetail } from '../../../../server/src/domain/trail.ts';
import { Icon, type IconName } from '../../parts/icon.tsx';
import { Name } from '../../parts/names.tsx';

const LOOKS: Readonly<Record<TrailDelivery['state'], readonly [label: string, tone: string, icon: IconName]>> = {
  delivered: ['Delivered', 'green', 'check'],
  waiting: ['Waiting', 'amber', 'clock'],
  'dead-letter': ['Dead letter', 'red', 'warning'],
  'not-delivered': ['Not delivered', 'grey', 'close'],
};

export function Deliveries({ detail }: { readonly detail: TrailEventDetail }) {
  if (detail.deliveries.length === 0) return null;
  return (
    <section class="card" aria-labelledby="delivered-title">
      <header class="card-head">
        <h2 id="delivered-title">Delivered to</h2>
      </header>
      <ul class="deliveries">
        {detail.deliveries.map(({ destination, state, reason }) => {
          const [label, tone, icon] = LOOKS[state];
          return (
            <li key={destination}>
              <span class="delivery">
                <span class="clip">
                  <Name text={destination} max={60} />
                </span>
                <span class={`pill tone-${tone}`}>
                  <Icon name={icon} size={13} /> {label}
                </span>
              </span>
              {reason !== null && (
                <p class="muted small">
                  <Name text={reason} max={400} />
                </p>
              )}
            </li>
          );
        })}
      </ul>
    </section>
  );
}
