import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { uuid } from '../state/array-log.ts';
import { type EventSketch, eventLine, FINANCE, ids, SALES, START } from './sample-events.ts';
import { TrailWorld, type Visitor } from './trail-world.ts';

const DAY_MS = 86_400_000;
const EVENTS = 3000;
const APPS = [SALES, FINANCE, null];
const USERS = ['UserDirectory=LAB; UserId=anna', 'UserDirectory=LAB; UserId=annika', 'bert@acme.example', null];
const SHEETS = ['s1', 's2', 's3', undefined];
const TYPES = ['object.view.duration', 'selection.state.changed', 'app.opened'];
const WORDS = ['Europe', 'Asia', 'Africa', 'Östersund', 'Oslo'];

/** A small generator of its own: the same numbers in each run. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function generated(): readonly Required<Pick<EventSketch, 'id' | 'at'>>[] & readonly EventSketch[] {
  const next = numbers(7);
  return Array.from({ length: EVENTS }, (_, i) => {
    const type = TYPES[next(3)] ?? '';
    const values = [WORDS[next(5)], WORDS[next(5)]].join(', ');
    return {
      id: i + 1,
      type,
      // six days, not in the order of the log, many in the same millisecond
      at: START + next(6 * 24 * 60) * 60_000,
      app: APPS[next(3)] ?? null,
      user: USERS[next(4)] ?? null,
      ...(SHEETS[next(4)] === undefined ? {} : { sheet: SHEETS[next(4)] ?? 's1', sheetName: `Sheet ${next(3)}` }),
      object: `o${next(20)}`,
      txn: uuid(100_000 + next(500)),
      ...(type === 'object.view.duration' ? { durationMs: next(20) === 0 ? 9e15 : next(1000) } : {}),
      ...(type === 'selection.state.changed'
        ? { details: [{ qField: 'Region', qSelectedCount: 2, qSelected: values }] }
        : {}),
    };
  });
}

/** The words of an event, the slow way. */
function wordsOf(event: EventSketch): readonly string[] {
  const user = event.user?.includes('UserDirectory') ? `LAB ${event.user.split('UserId=')[1]}` : (event.user ?? '');
  const appName = event.app === FINANCE ? 'Finance' : 'Försäljning';
  const details = (event.details as { qField: string; qSelected: string }[] | undefined) ?? [];
  const texts = [user, appName, event.sheetName, event.object, ...details.map((d) => `${d.qField} ${d.qSelected}`)];
  return texts
    .join(' ')
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .split(/[^a-z0-9]+/);
}

const newestFirst = (a: EventSketch, b: EventSketch) => (b.at ?? 0) - (a.at ?? 0) || b.id - a.id;

describe('against a simple model of 3,000 events', () => {
  const all = generated();
  const next = numbers(11);
  let small: TrailWorld;
  let large: TrailWorld;
  let visitors: readonly Visitor[];
  before(async () => {
    // the same events in a table that is counted one by one, and in one that is summed up per day
    small = await TrailWorld.start();
    large = await TrailWorld.start({ smallTable: 1 });
    for (const world of [small, large]) await world.add(...all.map(eventLine));
    visitors = [await small.operator(), await large.operator()];
  });
  after(async () => {
    await small.stop();
    await large.stop();
  });

  /** A filter, and who passes it. */
  function anyFilter(): { readonly query: string; readonly passes: (event: EventSketch) => boolean } {
    const query = new URLSearchParams();
    const tests: ((event: EventSketch) => boolean)[] = [];
    const maybe = (chance: number, add: () => void) => {
      if (next(100) < chance) add();
    };
    maybe(40, () => {
      const app = APPS[next(2)] ?? SALES;
      query.append('appId', app);
      tests.push((event) => event.app === app);
    });
    maybe(30, () => {
      query.append('user', 'anna');
      query.append('user', 'bert@acme.example');
      tests.push((event) => event.user?.endsWith('=anna') === true || event.user?.startsWith('bert') === true);
    });
    maybe(30, () => {
      const type = TYPES[next(3)] ?? '';
      query.append('eventType', type);
      tests.push((event) => event.type === type);
    });
    maybe(20, () => {
      const object = `o${next(20)}`;
      query.append('objectId', object);
      tests.push((event) => event.object === object);
    });
    maybe(10, () => {
      const txn = uuid(100_000 + next(500));
      query.append('selectionTxnId', txn);
      tests.push((event) => event.txn === txn);
    });
    maybe(15, () => {
      const hour = next(24);
      query.append('hour', String(hour));
      tests.push((event) => new Date(event.at ?? 0).getUTCHours() === hour);
    });
    maybe(15, () => {
      const weekday = 1 + next(7);
      query.append('weekday', String(weekday));
      tests.push((event) => (new Date(event.at ?? 0).getUTCDay() || 7) === weekday);
    });
    maybe(40, () => {
      const q = ['an', 'anna', 'euro', 'os', 'finance oslo', 'lab o1', 'sheet 2', 'e', 'nothing'][next(9)] ?? '';
      query.append('q', q);
      tests.push((event) => q.split(' ').every((part) => wordsOf(event).some((word) => word.startsWith(part))));
    });
    maybe(50, () => {
      const from = START + next(6 * 24) * 3_600_000 + next(3) * 1_234_567;
      query.append('from', new Date(from).toISOString());
      tests.push((event) => (event.at ?? 0) >= from);
    });
    maybe(30, () => {
      const to = START + next(6 * 24) * 3_600_000 + next(3) * 1_234_567;
      query.append('to', new Date(to).toISOString());
      tests.push((event) => (event.at ?? 0) < to);
    });
    return { query: query.toString(), passes: (event) => tests.every((test) => test(event)) };
  }

  it('every filter gives the events that pass it, in order, however they are paged', async () => {
    for (let round = 0; round < 120; round++) {
      const { query, passes } = anyFilter();
      const expected = all
        .filter(passes)
        .toSorted(newestFirst)
        .map(({ id }) => id);
      const limit = 1 + next(400);
      const found: number[] = [];
      for (let cursor: string | null = ''; cursor !== null && found.length <= 2000; ) {
        const page: { items: { eventId: string }[]; nextCursor: string | null } = await (visitors[0] as Visitor).read(
          `events?${query}&limit=${limit}&cursor=${cursor}`,
        );
        found.push(...ids(page.items));
        cursor = page.nextCursor;
      }
      assert.deepEqual(found, expected.slice(0, found.length), query);
      assert.ok(found.length === expected.length || found.length > 2000, query);
    }
  });

  it('every histogram adds up to the events that pass', async () => {
    for (let round = 0; round < 60; round++) {
      const { query, passes } = anyFilter();
      const expected = all.filter(passes);
      for (const visitor of visitors) {
        const { buckets, bucketMs, total } = await visitor.read(`histogram?${query}&buckets=${1 + next(200)}`);
        assert.equal(total, expected.length, query);
        for (const { at, events } of buckets) {
          const start = Date.parse(at);
          const inside = expected.filter((event) => (event.at ?? 0) >= start && (event.at ?? 0) < start + bucketMs);
          assert.equal(events, inside.length, `${query} ${at} ${bucketMs}`);
        }
      }
    }
  });

  it('every summary counts what passes, one by one or from the sums per day', async () => {
    const keyOf: Record<string, (event: EventSketch) => string | number | null | undefined> = {
      app: (event) => event.app,
      sheet: (event) => event.sheet,
      object: (event) => event.object,
      user: (event) => event.user,
      eventType: (event) => event.type,
      hour: (event) => new Date(event.at ?? 0).getUTCHours(),
      weekday: (event) => new Date(event.at ?? 0).getUTCDay() || 7,
      day: (event) => new Date(event.at ?? 0).toISOString().slice(0, 10),
    };
    for (let round = 0; round < 80; round++) {
      const { query, passes } = anyFilter();
      const by = Object.keys(keyOf)[next(8)] ?? 'app';
      const groups = Map.groupBy(all.filter(passes), (event) => keyOf[by]?.(event) ?? null);
      groups.delete(null);
      for (const [i, visitor] of visitors.entries()) {
        const { rows, isApproximate } = await visitor.read(`summary?by=${by}&limit=1000&${query}`);
        assert.ok(i > 0 || !isApproximate);
        assert.equal(rows.length, groups.size, `${by} ${query}`);
        for (const row of rows) {
          const found = groups.get(by === 'hour' || by === 'weekday' ? Number(row.key) : row.key) ?? [];
          const views = found
            .flatMap(({ durationMs }) => (durationMs === undefined ? [] : Math.min(durationMs, DAY_MS)))
            .toSorted((a, b) => a - b);
          const users = new Set(found.flatMap(({ user }) => user ?? [])).size;
          const middle = views.length >> 1;
          const [low, high] = [views[middle - 1] ?? 0, views[middle] ?? 0];
          const expected = {
            events: found.length,
            views: views.length,
            totalMs: views.reduce((sum, ms) => sum + ms, 0),
            medianMs: views.length === 0 ? null : views.length % 2 === 1 ? high : (low + high) / 2,
            firstAt: new Date(Math.min(...found.map(({ at }) => at ?? 0))).toISOString(),
          };
          const { events, views: viewed, totalMs, medianMs, firstAt } = row;
          assert.deepEqual(
            { events, views: viewed, totalMs, medianMs, firstAt },
            expected,
            `${i} ${by} ${row.key} ${query}`,
          );
          // who was seen before and after a closed stretch of days counts as seen in it
          assert.ok(isApproximate ? row.users >= users : row.users === users, `users ${i} ${by} ${row.key} ${query}`);
        }
      }
    }
  });

  it('a summary is ranked by what was asked for, and its first row is the first of all', async () => {
    const measures = { events: 'events', views: 'views', users: 'users', time: 'totalMs' } as const;
    const told = new Set<string>();
    // few enough events that not everybody has seen everything
    const from = new Date(all.map(({ at }) => at ?? 0).toSorted((a, b) => b - a)[40] ?? 0).toISOString();
    for (const visitor of visitors) {
      for (const by of ['app', 'object', 'user', 'eventType']) {
        for (const [order, measure] of Object.entries(measures)) {
          const { rows } = await visitor.read(`summary?by=${by}&limit=1000&order=${order}&from=${from}`);
          const amounts = rows.map((row: Record<string, number>) => row[measure]);
          if (new Set(amounts).size > 1) told.add(order);
          assert.deepEqual(
            amounts,
            amounts.toSorted((a: number, b: number) => b - a),
            `${by} ${order}`,
          );
          const first = await visitor.read(`summary?by=${by}&limit=1&order=${order}&from=${from}`);
          assert.deepEqual(first.rows, rows.slice(0, 1));
        }
      }
      assert.deepEqual(
        (await visitor.read('summary?by=app')).rows,
        (await visitor.read('summary?by=app&order=events')).rows,
      );
    }
    assert.deepEqual([...told].sort(), ['events', 'time', 'users', 'views']);
  });

  it('who opened an app for the first time is told from all times', async () => {
    const firsts = new Map<string, number>();
    for (const { app, user, at = 0 } of all) {
      if (app === null || user === null) continue;
      const pair = `${app} ${user}`;
      firsts.set(pair, Math.min(at, firsts.get(pair) ?? Number.MAX_VALUE));
    }
    const middle = [...firsts.values()].toSorted((a, b) => a - b)[3] ?? 0;
    for (const visitor of visitors) {
      const { rows } = await visitor.read(`summary?by=first-open&from=${new Date(middle).toISOString()}`);
      const expected = [...firsts].filter(([, at]) => at >= middle).toSorted((a, b) => b[1] - a[1]);
      assert.deepEqual(
        rows.map((row: { key: string; user: { id: string }; firstAt: string }) => [
          `${row.key} ${row.user.id}`,
          Date.parse(row.firstAt),
        ]),
        expected,
      );
    }
  });

  it('retention takes its events out of every answer', async () => {
    const world = large;
    const visitor = visitors[1] as Visitor;
    await world.forgetBefore(1501);
    const kept = all.filter(({ id }) => id > 1500);
    assert.equal(
      (await visitor.read('histogram?q=anna')).total,
      kept.filter((e) => wordsOf(e).some((w) => w.startsWith('anna'))).length,
    );
    assert.deepEqual(
      ids((await visitor.read('events?limit=5')).items),
      kept
        .toSorted(newestFirst)
        .slice(0, 5)
        .map(({ id }) => id),
    );
    assert.equal((await visitor.get(`events/${uuid(3)}`)).status, 404);
  });
});

describe('pages while events arrive', () => {
  it('nothing comes twice and nothing that was there is left out', async () => {
    const world = await TrailWorld.start();
    const visitor = await world.operator();
    const same = Array.from({ length: 500 }, (_, i) => ({ id: i + 1, at: START }));
    await world.add(...same.map(eventLine));
    const seen: number[] = [];
    let number = 1000;
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: { items: { eventId: string }[]; nextCursor: string | null } = await visitor.read(
        `events?limit=37&cursor=${cursor}`,
      );
      seen.push(...ids(page.items));
      cursor = page.nextCursor;
      // newer ones, ones of the same millisecond, and late ones with an old time
      for (const at of [START + DAY_MS, START, START - number * 1000]) await world.add(eventLine({ id: number++, at }));
    }
    assert.equal(new Set(seen).size, seen.length);
    assert.deepEqual(
      seen.filter((id) => id <= 500),
      Array.from({ length: 500 }, (_, i) => 500 - i),
    );
    await world.stop();
  });
});
