import { lookOf } from './event-types.ts';
import { Icon } from './icon.tsx';

/** The coloured tile before an event. */
export function EventMark({ eventType }: { readonly eventType: string }) {
  const { icon, tone } = lookOf(eventType);
  return (
    <span class={`mark tone-${tone}`}>
      <Icon name={icon} size={15} />
    </span>
  );
}
