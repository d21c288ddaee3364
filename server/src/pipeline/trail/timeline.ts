import type { EpochMillis } from '../../domain/epoch-millis.ts';
import { CodedError } from '../../domain/errors.ts';
import { searchWords } from '../../domain/search-words.ts';
import type { TrailTimeline } from '../../domain/trail.ts';
import { parseUserIdentity, userKey } from '../../domain/user-identity.ts';
import type { TrailIndex, TrailRow } from '../ports/trail-index.ts';
import type { LimitedFilter } from './limited-filter.ts';
import type { TrailReader } from './reader.ts';
import { isoTime, trailEvent, trailUser } from './trail-event.ts';

type Lane = TrailTimeline['lanes'][number];
type Span = Lane['spans'][number];

/** One user's time as lanes by app and sheet, in the order in which they were first opened. @param rows newest first */
export function timelineOf(
  user: string,
  from: EpochMillis,
  to: EpochMillis,
  rows: readonly TrailRow[],
  isCut: boolean,
  reader: TrailReader,
): TrailTimeline {
  const lanes = new Map<string, TrailRow[]>();
  for (const row of rows.toReversed()) {
    const place = JSON.stringify([row.appId, row.sheetId]);
    const lane = lanes.get(place);
    if (lane === undefined) lanes.set(place, [row]);
    else lane.push(row);
  }
  return {
    user: trailUser(rows[0]?.userId ?? user),
    from: isoTime(from),
    to: isoTime(to),
    lanes: [...lanes.values()].map((events) => laneOf(events, reader)),
    isCut,
  };
}

/**
 * Which rows are those of the one user that is asked for: one user's day never has what another one of the same name did.
 * @param filter lets through who is called so
 * @param newest some of these events
 * @throws CodedError TRAIL_USER_AMBIGUOUS
 */
export function oneUserOf(
  index: TrailIndex,
  filter: LimitedFilter,
  newest: readonly TrailRow[],
  user: string,
): (row: TrailRow) => boolean {
  const words = isWholeIdentity(user) ? [] : searchWords(user, MAX_WORDS);
  const named = index.names(filter, words, ['user'], MAX_NAMED);
  const found = [...named.map(({ value }) => value), ...newest.flatMap(({ userId }) => userId ?? [])];
  const identities = new Map(found.map((identity) => [userKey(identity), identity]));
  const asked = userKey(user);
  const key = identities.has(asked) ? asked : [...identities.keys()][0];
  if (identities.size > 1 && key !== asked) {
    const some = [...identities.values()].slice(0, MAX_NAMED).join(', ');
    throw new CodedError(
      'TRAIL_USER_AMBIGUOUS',
      `"${user}" is the name of several users: ${some}. Ask for one of them.`,
    );
  }
  return ({ userId }) => userId !== null && userKey(userId) === key;
}

/** With its directory: nobody else has it. */
export function isWholeIdentity(user: string): boolean {
  return parseUserIdentity(user).directory !== null;
}

const MAX_WORDS = 32;
const MAX_NAMED = 10;

function laneOf(events: readonly TrailRow[], reader: TrailReader): Lane {
  const last = events.at(-1);
  return {
    appId: last?.appId ?? null,
    appName: last?.appName ?? null,
    sheetId: last?.sheetId ?? null,
    sheetName: last?.sheetName ?? null,
    spans: events.flatMap(spanOf),
    events: events.map((row) => trailEvent(row, reader)),
  };
}

/** An object view is told when it ends. */
function spanOf({ time, durationMs, objectId, eventId }: TrailRow): readonly Span[] {
  if (durationMs === null || durationMs < 0) return [];
  return [{ from: isoTime(time - durationMs), to: isoTime(time), durationMs, objectId, eventId }];
}
