import type { EpochMillis } from '../../domain/epoch-millis.ts';
import type { TrailTimeline } from '../../domain/trail.ts';
import type { TrailRow } from '../ports/trail-index.ts';
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
