import type { IconName } from './icon.tsx';

interface EventLook {
  readonly icon: IconName;
  /** Of the palette in `styles/tokens.css`. */
  readonly tone: string;
  readonly label: string;
}

const LOOKS: Readonly<Record<string, EventLook>> = {
  'selection.state.changed': { icon: 'selection', tone: 'indigo', label: 'Selection' },
  'app.model.validated': { icon: 'model', tone: 'grey', label: 'Calculated' },
  'screenshot.url.received': { icon: 'picture', tone: 'violet', label: 'Picture' },
  'object.view.duration': { icon: 'clock', tone: 'teal', label: 'Viewed' },
  'object.visibility.changed': { icon: 'eye', tone: 'grey', label: 'In view' },
  'navigation.sheet.loaded': { icon: 'sheet', tone: 'blue', label: 'Sheet opened' },
  'event.bookmark': { icon: 'bookmark', tone: 'amber', label: 'Bookmark' },
  'event.unsupported.visualization': { icon: 'unsupported', tone: 'grey', label: 'No picture possible' },
};

const OTHER: EventLook = { icon: 'event', tone: 'grey', label: '' };
const SERVER: EventLook = { icon: 'server', tone: 'amber', label: '' };

export function lookOf(eventType: string): EventLook {
  const known = Object.hasOwn(LOOKS, eventType) ? LOOKS[eventType] : undefined;
  if (known !== undefined) return known;
  return { ...(eventType.startsWith('server.') ? SERVER : OTHER), label: eventType };
}

export const KNOWN_TYPES: readonly string[] = Object.keys(LOOKS);
