import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TrailEvent, TrailTimeline } from '../../../../server/src/domain/trail.ts';
import { chaptersOf, coveredMs, hoursAround, viewedWithin, viewsOf } from './day-story.ts';

const MINUTE = 60_000;
const START = Date.parse('2026-03-12T08:00:00Z');

function event(minute: number, sheetId: string, changes: Partial<TrailEvent> = {}): TrailEvent {
  const time = new Date(START + minute * MINUTE).toISOString();
  return {
    ...{
      sequence: minute + 1,
      eventId: `e${minute}`,
      eventType: 'x',
      origin: 'client',
      time,
      receivedAt: time,
      user: null,
    },
    ...{ appId: 'app', appName: 'App', sheetId, sheetName: sheetId, objectId: null, objectType: null },
    ...{ selectionTxnId: null, correlationId: null, durationMs: null, visible: null, selections: null },
    ...{ screenshot: null, isConflict: false },
    ...changes,
  };
}

function lanes(events: readonly TrailEvent[]): Pick<TrailTimeline, 'lanes'> {
  const groups = Map.groupBy(events, ({ sheetId }) => sheetId);
  return {
    lanes: [...groups].map(([sheetId, group]) => ({
      ...{ appId: 'app', appName: 'App', sheetId, sheetName: sheetId, spans: [], events: group },
    })),
  };
}

test('another sheet, and a long pause, begin a new chapter', () => {
  const chapters = chaptersOf(lanes([event(0, 'a'), event(2, 'a'), event(3, 'b'), event(4, 'a'), event(20, 'a')]));
  assert.deepEqual(
    chapters.map(({ sheetId, events }) => `${sheetId}${events.length}`),
    ['a2', 'b1', 'a1', 'a1'],
  );
  assert.equal(chapters[0]?.toMs, START + 2 * MINUTE);
});

test('what the server itself noted is no stay', () => {
  assert.deepEqual(chaptersOf(lanes([event(0, 'a', { origin: 'server' })])), []);
});

test('time on screen counts once when several charts were on it', () => {
  const interval = (fromMs: number, toMs: number) => ({ fromMs, toMs });
  assert.equal(coveredMs([interval(0, 10), interval(5, 12), interval(20, 25), interval(21, 22)]), 17);
  assert.equal(coveredMs([]), 0);
});

test('the times around a day are round, and within it', () => {
  const bounds = { fromMs: START - 8 * 60 * MINUTE, toMs: START + 16 * 60 * MINUTE };
  assert.deepEqual(hoursAround(lanes([event(10, 'a'), event(170, 'a')]), bounds), {
    fromMs: START,
    toMs: START + 180 * MINUTE,
  });
  assert.deepEqual(hoursAround(lanes([event(10, 'a'), event(12, 'a')]), bounds), {
    fromMs: START + 10 * MINUTE,
    toMs: START + 13 * MINUTE,
  });
  assert.deepEqual(
    hoursAround(lanes([event(0, 'a'), event(24 * 60 - 1, 'a')]), { ...bounds, toMs: START + 60 * MINUTE }),
    {
      fromMs: START,
      toMs: START + 60 * MINUTE,
    },
  );
  assert.equal(hoursAround(lanes([]), bounds), null);
});

test('what was on the screen is counted within the day, whatever the browser claims', () => {
  const day = { fromMs: Date.parse('2026-03-12T00:00:00Z'), toMs: Date.parse('2026-03-13T00:00:00Z') };
  const view = (time: string, durationMs: number | null) => ({ time: `2026-03-12T${time}Z`, durationMs });
  const covered = (...events: readonly ReturnType<typeof view>[]) => coveredMs(viewedWithin(viewsOf(events), day));
  assert.equal(covered(view('10:00:00', 600_000)), 600_000);
  assert.equal(covered(view('10:00:00', 9e15)), 10 * 3_600_000);
  assert.equal(covered(view('10:00:00', null), view('11:00:00', -5), view('12:00:00', 0)), 0);
});
