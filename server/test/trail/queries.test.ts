import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { uuid } from '../state/array-log.ts';
import { eventLine, FINANCE, ids, SALES, START, savedLine } from './sample-events.ts';
import { TrailWorld, type Visitor } from './trail-world.ts';

const TXN = '0346f48f-0abb-4786-b1ce-52f8672f6a1b';
const BERT = 'UserDirectory=ACME; UserId=Bert';
const details = [
  { qField: 'Region', qSelectedCount: 2, qSelected: 'Europe, Asia' },
  { qField: 'Kund', qSelectedCount: 1, qSelected: 'O’Brien, Söner & Co' },
];
const objectData = {
  title: 'Sales',
  dimensions: [{ label: 'Region', values: ['Europe', 'Asia', 'Africa'] }],
  measures: [{ label: 'Sum', values: ['1.5', 2] }],
};
const picture = (role: string) => ({ path: `/p/${role}.png`, role, sha256: 'ab', bytes: 3, width: 1, height: 2 });

describe('what the trail answers', () => {
  let world: TrailWorld;
  let visitor: Visitor;
  before(async () => {
    world = await TrailWorld.start();
    await world.add(
      eventLine({
        id: 1,
        type: 'selection.state.changed',
        txn: TXN,
        sheet: 'overview',
        sheetName: 'Översikt',
        details,
      }),
      eventLine({ id: 2, type: 'app.model.validated', txn: TXN, sheet: 'overview', sheetName: 'Översikt' }),
      eventLine({
        id: 3,
        type: 'screenshot.url.received',
        txn: TXN,
        object: 'WpLRKj',
        awaits: true,
        screenshotUrl: 'https://q/x.png',
      }),
      savedLine(4, 3, [picture('seen'), picture('annotated')], TXN),
      eventLine({ id: 5, txn: TXN, object: 'WpLRKj', durationMs: 4000, objectData, more: { objectType: 'barchart' } }),
      eventLine({ id: 6, user: BERT, app: FINANCE, object: 'abc', durationMs: 1000, correlation: 'state-77' }),
      { id: 7, origin: 'server', type: 'server.synced' },
      { id: 8, origin: 'server', type: 'server.destination.added' },
      eventLine({ id: 6, user: BERT, app: FINANCE, object: 'abc', durationMs: 1000, correlation: 'state-77' }),
      eventLine({ id: 6, user: BERT, app: FINANCE, object: 'other contents' }),
      eventLine({ id: 9, user: null, app: null, type: 'app.opened' }),
      eventLine({ id: 10, app: FINANCE, at: START - 86_400_000, type: 'app.opened' }),
    );
    visitor = await world.operator();
  });
  after(() => world.stop());

  const events = async (query: string) => ids((await visitor.read(`events?${query}`)).items);

  it('lists newest first by the browser’s time; the log’s own records are hidden, repeats are left out, conflicts marked', async () => {
    const { items, nextCursor } = await visitor.read('events');
    // the server's record has the server's time, which array-log sets to 07:00:00 and a little
    assert.deepEqual(ids(items), [9, 6, 6, 5, 3, 2, 1, 8, 10]);
    assert.equal(nextCursor, null);
    assert.deepEqual(
      items.map((event: { isConflict: boolean }) => event.isConflict),
      [false, true, false, false, false, false, false, false, false],
    );
    assert.deepEqual(await events('eventType=server.synced'), [7]);
    assert.deepEqual(await events('eventType=server.s*'), [7, 4]);
  });

  it('says of each event what a list shows', async () => {
    const [event] = (await visitor.read('events?eventType=selection.state.changed')).items;
    assert.deepEqual(event, {
      sequence: 1,
      eventId: uuid(1),
      eventType: 'selection.state.changed',
      origin: 'client',
      isConflict: false,
      time: '2026-11-23T07:00:01.000Z',
      receivedAt: '2026-11-23T07:00:01.005Z',
      user: { id: 'UserDirectory=LAB; UserId=anna.öberg', directory: 'LAB', name: 'anna.öberg' },
      appId: SALES,
      appName: 'Försäljning',
      sheetId: 'overview',
      sheetName: 'Översikt',
      objectId: null,
      objectType: null,
      selectionTxnId: TXN,
      correlationId: TXN,
      durationMs: null,
      visible: null,
      selections: 'Region = Europe, Asia; Kund = O’Brien, Söner & Co',
      screenshot: null,
    });
  });

  it('filters by each field, several values of one are alternatives, different fields narrow', async () => {
    assert.deepEqual(await events(`user=anna.öberg&appId=${SALES}`), [5, 3, 2, 1]);
    assert.deepEqual(await events(`user=ANNA.ÖBERG&appId=${SALES.toUpperCase()}`), [5, 3, 2, 1]);
    assert.deepEqual(await events(`user=${encodeURIComponent('acme\\bert')}`), [6, 6]);
    assert.deepEqual(await events(`user=${encodeURIComponent(BERT)}&user=nobody`), [6, 6]);
    assert.deepEqual(await events('user=nobody'), []);
    assert.deepEqual(await events('sheetId=overview'), [2, 1]);
    assert.deepEqual(await events('objectId=WpLRKj&eventType=object.view.duration'), [5]);
    assert.deepEqual(await events('eventType=app.opened&eventType=app.model.validated'), [9, 2, 10]);
    assert.deepEqual(await events(`selectionTxnId=${TXN.toUpperCase()}`), [5, 3, 2, 1]);
    assert.deepEqual(await events('correlationId=state-77'), [6]);
    assert.deepEqual(await events(`correlationId=${TXN}&objectId=WpLRKj`), [5, 3]);
    assert.deepEqual(await events('selectionTxnId=state-77'), []);
    assert.deepEqual(await events('hour=7&weekday=7'), [10]);
    assert.deepEqual(await events('hour=8'), []);
  });

  it('times: from is inclusive, to is exclusive, a date is its start in UTC', async () => {
    assert.deepEqual(await events('to=2026-11-23'), [10]);
    assert.deepEqual(await events('from=2026-11-23&eventType=app.opened'), [9]);
    assert.deepEqual(await events('from=2026-11-23T07:00:02.000Z&to=2026-11-23T07:00:03.000Z'), [2]);
    assert.deepEqual(await events('from=2026-11-23T08:00:02%2B01:00&to=2026-11-23T08:00:03%2B01:00'), [2]);
    assert.deepEqual(await events('from=9999-01-01'), []);
    assert.deepEqual(await events('from=0001-01-01&to=0002-01-01'), []);
  });

  it('q finds beginnings of words in names, users and selections, in any case and without accents', async () => {
    assert.deepEqual(await events('q=anna'), [5, 3, 2, 1, 10]);
    assert.deepEqual(await events('q=oBER forsalj'), [5, 3, 2, 1]);
    assert.deepEqual(await events('q=anna.öberg'), [5, 3, 2, 1, 10]);
    assert.deepEqual(await events('q=a'), [6, 6, 5, 3, 2, 1, 10]);
    assert.deepEqual(await events('q=asi&q=euro'), [1]);
    assert.deepEqual(await events('q=soner'), [1]);
    assert.deepEqual(await events('q=brien o'), [1]);
    assert.deepEqual(await events('q=wplr'), [5, 3]);
    assert.deepEqual(await events('q=userid'), []);
    assert.deepEqual(await events('q=nna'), []);
    assert.deepEqual(await events(`q=${encodeURIComponent('🐼')}`), []);
    assert.deepEqual(await events(`q=${encodeURIComponent('anna" OR "bert')}`), []);
  });

  it('q finds ids as a whole', async () => {
    assert.deepEqual(await events(`q=${uuid(2)}`), [2]);
    assert.deepEqual(await events(`q=${uuid(2)}&user=bert`), []);
    assert.deepEqual(await events(`q=${TXN.toUpperCase()}`), [5, 3, 2, 1]);
    assert.deepEqual(await events(`q=${FINANCE} anna`), [10]);
    assert.deepEqual(await events('q=state-77'), [6]);
  });

  it('refuses parameters and values that mean nothing', async () => {
    for (const query of [
      'usr=anna',
      'from=yesterday',
      'hour=24',
      'limit=0',
      'cursor=x',
      'weekday=0',
      `q=${'x'.repeat(501)}`,
    ]) {
      const { status, body } = await visitor.get(`events?${query}`);
      assert.equal(status, 400, query);
      assert.equal(body.error.code, 'BAD_REQUEST');
    }
    assert.equal((await visitor.get('summary?by=colour')).status, 400);
    assert.equal((await visitor.get('summary?by=app&order=colour')).status, 400);
  });

  it('leaves no part of a question out in silence', async () => {
    const fetched = async (path: string) => {
      const response = await fetch(`${world.url}/api/v1/trail/${path}`, { headers: { cookie: visitor.cookie ?? '' } });
      return [response.status, ((await response.json()) as { error?: { message: string } }).error?.message];
    };
    for (const path of ['users', 'suggest', `events/${uuid(1)}`, `transactions/${TXN}`, 'users/anna.öberg/timeline']) {
      assert.deepEqual(await fetched(`${path}?appId=${SALES}`), [400, 'There is no parameter "appId" here.'], path);
    }
    assert.deepEqual(await fetched(`screenshots/${uuid(3)}?varaint=annotated`), [
      400,
      'There is no parameter "varaint" here.',
    ]);
    for (const path of [
      'events?limit=1&limit=2',
      'summary?by=app&by=user',
      'events?cursor=1&cursor=2',
      'export?format=csv&format=qvd',
    ]) {
      const [status, message] = await fetched(path);
      assert.deepEqual([status, String(message).endsWith('can be given once only.')], [400, true], path);
    }
    assert.equal((await fetched('events?from=2026-11-23&from=tomorrow'))[0], 400);
    // as a script sends it whose variable is not set
    for (const path of ['export?format=ndjson&user=', 'events?appId=', 'histogram?hour=', 'events?from=', 'apps?to=']) {
      assert.equal((await fetched(path))[0], 400, path);
    }
    assert.deepEqual(await fetched('events/%zz'), [400, 'This address cannot be read.']);
    const long = await fetched(`users/${'x'.repeat(10_000)}/timeline`);
    assert.deepEqual(long, [404, 'There is no such user, or not one that you may see.']);
    const narrowest = 'from=2026-11-01&from=2026-11-23T07:00:02Z&to=2026-11-23T07:00:06Z&to=2027-01-01&limit=9&limit=9';
    assert.deepEqual(await events(narrowest), [5, 3, 2]);
  });

  it('an event that is found by its id is counted as well', async () => {
    const asked = `q=${uuid(2)}`;
    const { rows } = await visitor.read(`summary?by=app&${asked}`);
    assert.deepEqual([rows.length, rows[0].key, rows[0].label, rows[0].events], [1, SALES, 'Försäljning', 1]);
    const { buckets, total } = await visitor.read(`histogram?${asked}`);
    assert.deepEqual([total, buckets.length], [1, 1]);
    assert.equal((await visitor.read(`apps?${asked}`)).items[0].appName, 'Försäljning');
    assert.equal((await visitor.read(`histogram?${asked}&user=bert`)).total, 0);
    assert.equal((await visitor.read(`histogram?q=${TXN}`)).total, 4);
  });

  it('many words cost no more than a few', async () => {
    const letters = Array.from({ length: 240 }, () => 'a').join('+');
    assert.deepEqual(await events(`q=${letters}`), await events('q=a'));
    const words = Array.from({ length: 120 }, (_, i) => `a${i}`).join('+');
    const { status, body } = await visitor.get(`events?q=${words}`);
    assert.deepEqual([status, body.error.code], [422, 'TRAIL_QUERY_TOO_BROAD']);
    assert.equal((await visitor.get(`suggest?q=${words}`)).status, 200);
  });

  it('one event: envelope, record, receipt, selections, object data, pictures, neighbours', async () => {
    const detail = await visitor.read(`events/${uuid(3).toUpperCase()}`);
    assert.equal(detail.envelope.payload.event.screenshotUrl, 'https://q/x.png');
    assert.equal(detail.record.screenshotSavedPaths, '["/p/seen.png","/p/annotated.png"]');
    assert.equal(detail.receipt.logId, 'log-1');
    assert.deepEqual(ids(detail.neighbours), [1, 2, 5]);
    const url = `/api/v1/trail/screenshots/${uuid(3)}`;
    assert.deepEqual(detail.event.screenshot, {
      status: 'saved',
      reason: null,
      originalUrl: `${url}?variant=original`,
      annotatedUrl: `${url}?variant=annotated`,
    });
    assert.deepEqual(
      detail.screenshots.map(({ role, url }: { role: string; url: string }) => [role, url]),
      [
        ['seen', `${url}?variant=original`],
        ['annotated', `${url}?variant=annotated`],
      ],
    );
    const selection = await visitor.read(`events/${uuid(1)}`);
    assert.equal(
      selection.sentence,
      'anna.öberg selected Region = Europe, Asia; Kund = O’Brien, Söner & Co in Försäljning / Översikt',
    );
    assert.deepEqual(selection.selections[1], { field: 'Kund', values: ['O’Brien, Söner & Co'], count: 1 });
    assert.deepEqual((await visitor.read(`events/${uuid(5)}`)).objectData, {
      title: 'Sales',
      columns: ['Region', 'Sum'],
      rows: [
        ['Europe', '1.5'],
        ['Asia', 2],
        ['Africa', null],
      ],
      totalRows: 3,
    });
    const { envelope, record } = await visitor.read(`events/${uuid(5)}`);
    assert.ok(JSON.stringify(envelope).includes('objectData'));
    assert.deepEqual([record.eventId, 'objectData' in record, 'rawEnvelope' in record], [uuid(5), false, false]);
    assert.equal((await visitor.get(`events/${uuid(999)}`)).status, 404);
    assert.equal((await visitor.get('events/no-uuid')).status, 404);
  });

  it('rule 13: a conflict is opened by its sequence', async () => {
    assert.equal((await visitor.read(`events/${uuid(6)}`)).event.sequence, 6);
    const conflict = await visitor.read(`events/${uuid(6)}?sequence=10`);
    assert.deepEqual([conflict.event.isConflict, conflict.event.objectId], [true, 'other contents']);
    assert.equal((await visitor.get(`events/${uuid(6)}?sequence=1`)).status, 404);
  });

  it('a transaction is told in order of time, with the gaps', async () => {
    const { sentence, steps } = await visitor.read(`transactions/${TXN}`);
    assert.match(sentence, /^anna.öberg selected Region = Europe/);
    assert.deepEqual(
      steps.map(({ event, gapMs }: { event: { eventType: string }; gapMs: number }) => [event.eventType, gapMs]),
      [
        ['selection.state.changed', null],
        ['app.model.validated', 1000],
        ['screenshot.url.received', 1000],
        ['object.view.duration', 2000],
      ],
    );
    assert.equal((await visitor.get(`transactions/${uuid(77)}`)).status, 404);
  });

  it('one user’s day as lanes by app and sheet', async () => {
    const timeline = await visitor.read('users/anna.öberg/timeline');
    assert.deepEqual([timeline.from, timeline.to], ['2026-11-23T00:00:00.000Z', '2026-11-24T00:00:00.000Z']);
    assert.deepEqual(
      timeline.lanes.map((lane: { sheetName: string; events: []; spans: [] }) => [
        lane.sheetName,
        ids(lane.events),
        lane.spans,
      ]),
      [
        ['Översikt', [1, 2], []],
        [
          null,
          [3, 5],
          [
            {
              from: '2026-11-23T07:00:01.000Z',
              to: '2026-11-23T07:00:05.000Z',
              durationMs: 4000,
              objectId: 'WpLRKj',
              eventId: uuid(5),
            },
          ],
        ],
      ],
    );
    const before = await visitor.read('users/anna.%C3%B6berg/timeline?from=2026-11-22&to=2026-11-23');
    assert.deepEqual(
      before.lanes.flatMap(({ events }: { events: [] }) => ids(events)),
      [10],
    );
    assert.equal((await visitor.get('users/nobody/timeline')).status, 404);
  });

  it('apps, users, suggestions', async () => {
    const { items } = await visitor.read('apps');
    assert.deepEqual(
      items.map(({ appName, events, users }: Record<string, unknown>) => [appName, events, users]),
      [
        ['Försäljning', 4, 1],
        ['Finance', 3, 2],
      ],
    );
    assert.deepEqual((await visitor.read('apps?user=bert')).items.length, 1);
    const users = await visitor.read('users?q=an');
    assert.deepEqual(
      users.items.map(({ name, events }: Record<string, unknown>) => [name, events]),
      [['anna.öberg', 5]],
    );
    assert.equal((await visitor.read('users')).items.length, 2);
    const suggest = async (q: string) =>
      (await visitor.read(`suggest?q=${encodeURIComponent(q)}`)).items.map((s: Record<string, unknown>) => [
        s.kind,
        s.value,
      ]);
    assert.deepEqual(await suggest('fin'), [['app', FINANCE]]);
    assert.deepEqual(await suggest('ober'), [['user', 'UserDirectory=LAB; UserId=anna.öberg']]);
    assert.deepEqual(await suggest('översi'), [['sheet', 'overview']]);
    assert.deepEqual(await suggest('selec'), [['eventType', 'selection.state.changed']]);
    assert.deepEqual(await suggest(uuid(2)), [['event', uuid(2)]]);
    assert.deepEqual(await suggest(TXN), [['transaction', TXN]]);
  });

  it('histogram: bars that add up to what the list has', async () => {
    const all = await visitor.read('histogram?buckets=40');
    assert.equal(all.bucketMs, 3_600_000);
    assert.equal(all.total, 9);
    const day = await visitor.read('histogram?from=2026-11-23&to=2026-11-24&user=anna.öberg');
    assert.deepEqual(day.buckets, [{ at: '2026-11-23T07:00:00.000Z', events: 4 }]);
    const seconds = await visitor.read('histogram?from=2026-11-23T07:00:01Z&to=2026-11-23T07:00:04Z&buckets=10');
    assert.deepEqual(
      seconds.buckets.map(({ events }: { events: number }) => events),
      [1, 1, 1],
    );
    assert.deepEqual((await visitor.read('histogram?user=nobody')).buckets, []);
  });
});

it('one user’s day never has what another one of the same name did', async () => {
  const world = await TrailWorld.start();
  try {
    await world.add(
      eventLine({ id: 1, user: 'UserDirectory=LAB; UserId=anna' }),
      eventLine({ id: 2, user: 'UserDirectory=lab; UserId=Anna' }),
      eventLine({ id: 3, user: 'UserDirectory=HR; UserId=anna' }),
      eventLine({ id: 4, user: 'carl', at: START + 86_400_000 }),
      eventLine({ id: 5, user: 'UserDirectory=LAB; UserId=carl', at: START + 86_400_000 }),
    );
    const visitor = await world.operator();
    const told = async (user: string) =>
      (await visitor.read(`users/${encodeURIComponent(user)}/timeline`)).lanes.flatMap((lane: { events: [] }) =>
        ids(lane.events),
      );
    assert.deepEqual(await told('LAB\\anna'), [1, 2]);
    assert.deepEqual(await told('userdirectory=hr; userid=anna'), [3]);
    assert.deepEqual(await told('carl'), [4]);
    const { status, body } = await visitor.get('users/anna/timeline');
    assert.deepEqual([status, body.error.code], [422, 'TRAIL_USER_AMBIGUOUS']);
    assert.match(body.error.message, /UserDirectory=HR; UserId=anna/);
  } finally {
    await world.stop();
  }
});

it('of a filter by type, the users are those of the type, also from the sums per day', async () => {
  for (const smallTable of [1, 1000]) {
    const world = await TrailWorld.start({ smallTable });
    try {
      const day = 86_400_000;
      await world.add(
        eventLine({ id: 1, user: 'LAB\\anna', type: 'app.opened' }),
        eventLine({ id: 2, user: 'LAB\\bert', durationMs: 5 }),
        eventLine({ id: 3, user: 'LAB\\carl', durationMs: 5 }),
        eventLine({ id: 4, user: 'LAB\\carl', type: 'app.opened', at: START + 2 * day }),
      );
      const visitor = await world.operator();
      const counted = async (query: string) => {
        const { rows, isApproximate } = await visitor.read(`summary?${query}&eventType=app.opened`);
        return [rows.map(({ events, users }: Record<string, number>) => [events, users]), isApproximate];
      };
      assert.deepEqual(await counted('by=app'), [[[2, 2]], false]);
      assert.deepEqual(await counted('by=eventType'), [[[2, 2]], false]);
      const days = [
        [1, 1],
        [1, 1],
      ];
      assert.deepEqual(await counted('by=day'), [days, smallTable === 1]);
      assert.deepEqual(await counted('by=app&from=2026-11-25'), [[[1, 1]], smallTable === 1]);
      const { items, isPartial } = await visitor.read('apps?eventType=app.opened');
      assert.deepEqual([items[0].users, isPartial], [2, false]);
    } finally {
      await world.stop();
    }
  }
});

it('a median of more views than are looked at says so', async () => {
  const world = await TrailWorld.start({ smallTable: 1 });
  try {
    await world.add(...Array.from({ length: 2001 }, (_, i) => eventLine({ id: i + 1, durationMs: i })));
    const visitor = await world.operator();
    const { rows, isPartial, isApproximate } = await visitor.read('summary?by=app');
    // without the oldest view
    assert.deepEqual([rows[0].views, rows[0].medianMs, isPartial, isApproximate], [2001, 1000.5, false, true]);
    assert.equal((await visitor.read('apps')).isApproximate, false);
    assert.equal((await visitor.read('summary?by=app&to=2026-11-23T07:30:00Z')).isApproximate, false);
  } finally {
    await world.stop();
  }
});

it('a table that is made again from another log says nothing of the old one', async () => {
  const world = await TrailWorld.start();
  await world.add(eventLine({ id: 1, user: 'anna' }), eventLine({ id: 2, user: 'bert' }));
  const visitor = await world.operator();
  assert.deepEqual((await visitor.read('events')).items.length, 2);
  await world.replaceLog(eventLine({ id: 3, user: 'carl' }));
  const { items } = await visitor.read('events');
  assert.deepEqual([items.length, items[0].user.name, items[0].eventId], [1, 'carl', uuid(3)]);
  await world.stop();
});
