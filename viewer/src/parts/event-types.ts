import type { IconName } from './icon.tsx';

interface EventLook {
  readonly icon: IconName;
  /** Of the palette in `styles/tokens.css`. */
  readonly tone: string;
  readonly label: string;
  /** What somebody did, after the name; absent where `Phrase` says it better. */
  readonly phrase?: string;
}

const LOOKS: Readonly<Record<string, EventLook>> = {
  'selection.state.changed': { icon: 'selection', tone: 'indigo', label: 'Selection' },
  'app.model.validated': { icon: 'model', tone: 'grey', label: 'Calculated' },
  'screenshot.url.received': { icon: 'picture', tone: 'violet', label: 'Picture' },
  'object.view.duration': { icon: 'clock', tone: 'teal', label: 'Viewed' },
  'object.visibility.changed': { icon: 'eye', tone: 'grey', label: 'In view' },
  'navigation.sheet.loaded': { icon: 'sheet', tone: 'blue', label: 'Sheet opened' },
  'event.bookmark': { icon: 'bookmark', tone: 'amber', label: 'Bookmark' },
  'server.viewer.searched': { icon: 'search', tone: 'amber', label: 'Trail searched', phrase: 'searched this trail' },
  'server.viewer.opened': {
    icon: 'open',
    tone: 'amber',
    label: 'Trail opened',
    phrase: 'opened in this trail',
  },
  'server.viewer.pictured': { icon: 'eye', tone: 'amber', label: 'Picture opened', phrase: 'looked at a picture' },
  'server.viewer.exported': { icon: 'download', tone: 'amber', label: 'Trail exported', phrase: 'exported events' },
  'server.viewer.followed': {
    icon: 'live',
    tone: 'amber',
    label: 'Trail followed',
    phrase: 'followed this trail live',
  },
  'server.viewer.retried': { icon: 'retry', tone: 'amber', label: 'Sent again', phrase: 'had dead letters sent again' },
  'server.viewer.signed-in': { icon: 'key', tone: 'amber', label: 'Log-in', phrase: 'logged in here' },
  'server.viewer.signed-out': { icon: 'exit', tone: 'amber', label: 'Log-out', phrase: 'logged out here' },
  'server.viewer.refused': { icon: 'lock', tone: 'red', label: 'Log-in refused', phrase: 'was refused a log-in here' },
  'event.unsupported.visualization': { icon: 'unsupported', tone: 'grey', label: 'No picture possible' },
};

const OTHER: EventLook = { icon: 'event', tone: 'grey', label: '' };
const SERVER: EventLook = { icon: 'server', tone: 'amber', label: '' };

export function lookOf(eventType: string): EventLook {
  const known = Object.hasOwn(LOOKS, eventType) ? LOOKS[eventType] : undefined;
  if (known !== undefined) return known;
  if (eventType === LOOKS_AT_TRAIL) return { ...SERVER, label: 'Looks at this trail' };
  return { ...(eventType.startsWith('server.') ? SERVER : OTHER), label: eventType };
}

/** What browsers send. */
export const CLIENT_TYPES: readonly string[] = Object.keys(LOOKS).filter((type) => !type.startsWith('server.'));
/** All that people do in this page: itself part of the trail. */
export const LOOKS_AT_TRAIL = 'server.viewer.*';
