import type { TrailEvent, TrailSuggestion } from '../../../server/src/domain/trail.ts';
import { parseUserIdentity, userKey } from '../../../server/src/domain/user-identity.ts';
import type { ListName } from '../filter/filter.ts';
import { hourSlots, offsetLabel } from '../filter/slots.ts';
import { formats } from '../text/reader.ts';
import { lookOf } from './event-types.ts';

/** What ids are called, from all that was on this page so far: for chips, which know only the id. */
const names = new Map<string, string>();

const keyOf = (list: ListName, id: string) => `${list}\n${id.toLowerCase()}`;

export function rememberName(list: ListName, id: string, name: string | null): void {
  if (name !== null && name !== '') names.set(keyOf(list, id), name);
}

export function rememberNames(events: readonly TrailEvent[]): void {
  for (const { user, appId, appName, sheetId, sheetName } of events) {
    if (user !== null) rememberName('user', user.id, user.name);
    if (appId !== null) rememberName('appId', appId, appName);
    if (sheetId !== null) rememberName('sheetId', sheetId, sheetName);
  }
}

const LISTS: Readonly<Partial<Record<TrailSuggestion['kind'], ListName>>> = {
  user: 'user',
  app: 'appId',
  sheet: 'sheetId',
  eventType: 'eventType',
};

/** The filter that a suggestion stands for; undefined for events and transactions, which have pages. */
export function listOf(kind: TrailSuggestion['kind']): ListName | undefined {
  return LISTS[kind];
}

/** As the bars of the insights are called: by the reader's clock, where an hour of UTC is an hour there. */
function hourName(value: string): string {
  const offsetMinutes = -new Date().getTimezoneOffset();
  const at = hourSlots(offsetMinutes).findIndex(({ key }) => key === value);
  if (at === -1) return value;
  const clock = (hour: number) => `${String(hour % 24).padStart(2, '0')}:00`;
  return `${clock(at)}–${clock(at + 1)} ${offsetLabel(offsetMinutes)}`;
}

/** With the directory of a user, or the beginning of the id of an app, where another one here has the same name. */
function toldApart(list: ListName, value: string, name: string): string {
  if (list !== 'user' && list !== 'appId') return name;
  const identityOf = (id: string) => (list === 'user' ? userKey(id) : id.toLowerCase());
  const others = [...names].filter(
    ([key, other]) => key.startsWith(`${list}\n`) && other.toLowerCase() === name.toLowerCase(),
  );
  if (others.every(([key]) => identityOf(key.slice(list.length + 1)) === identityOf(value))) return name;
  const mark = list === 'user' ? parseUserIdentity(value).directory : value.slice(0, 8);
  return mark === null ? name : `${name} (${mark})`;
}

/** What to show for a value of a filter. */
export function nameOf(list: ListName, value: string): string {
  if (list === 'eventType') return lookOf(value).label;
  if (list === 'hour') return hourName(value);
  if (list === 'weekday') return `${formats.weekday(Number(value))} (UTC)`;
  const known = names.get(keyOf(list, value));
  if (known !== undefined) return toldApart(list, value, known);
  return list === 'user' ? value.replace(/^.*;\s*UserId\s*=\s*/i, '') : value;
}
