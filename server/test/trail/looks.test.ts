import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { uuid } from '../state/array-log.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { eventLine } from './sample-events.ts';
import { TrailWorld, type Visitor } from './trail-world.ts';

describe('every look is recorded', () => {
  const worlds: TrailWorld[] = [];
  afterEach(async () => {
    for (const world of worlds.splice(0)) await world.stop();
  });
  async function start(): Promise<{ world: TrailWorld; visitor: Visitor; clock: FakeClock }> {
    const looksClock = new FakeClock();
    const world = await TrailWorld.start({ looksClock });
    worlds.push(world);
    await world.add(eventLine({ id: 1 }), eventLine({ id: 2, txn: uuid(9) }));
    return { world, visitor: await world.operator(), clock: looksClock };
  }
  const recorded = (world: TrailWorld) =>
    world.appended.map(({ type, actor, envelope }) => {
      const { payload } = JSON.parse(String(envelope));
      return { type: type.replace('server.viewer.', ''), actor, ...payload };
    });

  it('who searched, opened, exported, followed what and when, found under their name', async () => {
    const { world, visitor, clock } = await start();
    await visitor.get('events?q=anna&from=2026-11-01');
    await visitor.get(`events/${uuid(1)}`);
    await visitor.get(`transactions/${uuid(9)}`);
    await visitor.get('export?format=csv&user=anna.%C3%B6berg');
    await visitor.get('events?usr=mistyped');
    await visitor.get(`events/${uuid(77)}`);
    await clock.advance(5000);
    const looks = recorded(world);
    assert.deepEqual(
      looks.map(({ type, actor }) => [type, actor]),
      ['signed-in', 'exported', 'exported', 'searched', 'opened', 'opened'].map((type) => [type, 'olga']),
    );
    const [signedIn, begun, ended, searched, opened, transaction] = looks;
    assert.deepEqual([signedIn.with, signedIn.address], ['link', '127.0.0.1']);
    assert.deepEqual(searched.filter, { q: 'anna', from: '2026-11-01' });
    assert.deepEqual([opened.what, opened.id], ['event', uuid(1)]);
    assert.deepEqual([transaction.what, transaction.id], ['transaction', uuid(9)]);
    assert.deepEqual([begun.format, begun.filter, begun.state], ['csv', { user: 'anna.öberg' }, 'begun']);
    assert.deepEqual([ended.rows, ended.state], [2, 'complete']);
    await world.indexed();
    const { items } = await visitor.read('events?eventType=server.viewer.*&user=olga');
    assert.equal(items.length, 6);
    assert.deepEqual(items[0].user, { id: 'olga', directory: null, name: 'olga' });
    // a list says what it was about, not only that somebody looked
    const told = new Set(items.map(({ selections }: { selections: string }) => selections));
    for (const text of ['link, 127.0.0.1', '“anna”, from 2026-11-01', `event, ${uuid(1)}`, `transaction, ${uuid(9)}`]) {
      assert.ok(
        [...told].some((one) => one === text),
        `${text}: ${[...told].join(' | ')}`,
      );
    }
    assert.ok(told.has('csv, 2 rows, user anna.öberg') && told.has('csv, begun, user anna.öberg'));
    // so do its details, and an export
    assert.equal((await visitor.read(`events/${items[0].eventId}`)).record.userId, 'olga');
    const { bytes } = await visitor.get('export?format=ndjson&eventType=server.viewer.*');
    const rows = bytes
      .toString()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.deepEqual(new Set(rows.map(({ userId, userName }) => `${userId} ${userName}`)), new Set(['olga olga']));
    assert.equal((await visitor.read('events?user=olga')).items.length, 0);
    assert.match((await visitor.read(`events/${items.at(-1).eventId}`)).sentence, /^olga signed in to the audit trail/);
  });

  it('a search that is typed is one record; its pages, the bars and suggestions are none', async () => {
    const { world, visitor, clock } = await start();
    for (const q of ['a', 'an', 'ann', 'anna']) await visitor.get(`events?q=${q}&limit=1`);
    const { nextCursor } = await visitor.read('events?q=anna&limit=1');
    await visitor.get(`events?q=anna&limit=1&cursor=${nextCursor}`);
    await visitor.get('histogram?q=anna');
    await visitor.get('suggest?q=anna');
    await clock.advance(5000);
    const searches = recorded(world).filter(({ type }) => type === 'searched');
    assert.deepEqual(
      searches.map(({ filter, times }) => [filter, times]),
      [[{ q: 'anna' }, 5]],
    );
  });

  it('a search does not hide another one that came just before it', async () => {
    const { world, visitor, clock } = await start();
    const asked = ['q=berta', 'q=anna', 'q=carl', '', 'user=anna', 'user=berta', 'user=anna&q=chart'];
    for (const filter of asked) await visitor.get(`events?${filter}`);
    await visitor.get('summary?by=user');
    await visitor.get('users/berta/timeline');
    await visitor.get('users/anna.öberg/timeline');
    await visitor.get('users?q=anna');
    await clock.advance(5000);
    const searches = recorded(world).filter(({ type }) => type === 'searched');
    assert.deepEqual(
      searches
        .filter(({ what }) => what === 'events')
        .map(({ filter }) => new URLSearchParams(filter).toString())
        .toSorted(),
      asked.toSorted(),
    );
    assert.deepEqual(
      searches.filter(({ what }) => what !== 'events').map(({ what, filter }) => [what, filter]),
      [
        ['summary', { by: 'user' }],
        ['timeline', { name: 'anna.öberg' }],
        ['users', { q: 'anna' }],
      ],
    );
  });

  it('a long filter is recorded with all of its values', async () => {
    const { world, visitor, clock } = await start();
    const users = Array.from({ length: 150 }, (_, i) => `UserDirectory=LAB; UserId=user-${i}`);
    await visitor.get(`events?${new URLSearchParams(users.map((user): [string, string] => ['user', user]))}`);
    await clock.advance(5000);
    const [searched] = recorded(world).filter(({ type }) => type === 'searched');
    assert.deepEqual(searched.filter.user, users);
  });

  it('a page, bars or suggestions without their search are recorded by themselves', async () => {
    const { world, visitor, clock } = await start();
    const end = String(2n ** 63n - 1n);
    await visitor.get(`events?user=berta&cursor=${end}`);
    await visitor.get('histogram?user=carl');
    await visitor.get('suggest?q=dora');
    await visitor.get('apps?user=emil');
    await clock.advance(5000);
    await visitor.get('histogram?user=anna');
    await visitor.get('events?user=anna');
    await visitor.get('histogram?user=anna&buckets=10');
    await clock.advance(5000);
    const searches = recorded(world).filter(({ type }) => type === 'searched');
    assert.deepEqual(
      searches.map(({ what, filter, times }) => [what, filter, times]),
      [
        ['events', { user: 'berta' }, 1],
        ['histogram', { user: 'carl' }, 1],
        ['suggest', { q: 'dora' }, 1],
        ['apps', { user: 'emil' }, 1],
        ['events', { user: 'anna' }, 1],
      ],
    );
  });

  it('every name that was tried is recorded, and who followed what', async () => {
    const { world, visitor, clock } = await start();
    const stranger = world.visitor();
    const long = 'x'.repeat(10_000);
    for (const user of ['anna', 'berta', long]) await stranger.post('session', { user, password: 'wrong' });
    for (const app of ['a', 'b']) {
      const stop = new AbortController();
      const headers = { cookie: visitor.cookie ?? '' };
      await fetch(`${world.url}/api/v1/trail/live?appId=${app}`, { headers, signal: stop.signal });
      stop.abort();
    }
    await clock.advance(12_000);
    const looks = recorded(world);
    const refused = looks.filter(({ type }) => type === 'refused');
    const names = ['anna', 'berta', long.slice(0, 200)];
    assert.deepEqual(
      refused.map(({ actor, user }) => [actor, user]),
      names.map((name) => [name, name]),
    );
    const followed = looks.filter(({ type }) => type === 'followed').map(({ filter }) => filter.appId);
    assert.deepEqual(followed, ['a', 'b']);
  });

  it('refused log-ins are recorded, many of one address as one', async () => {
    const { world, clock } = await start();
    const visitor = world.visitor();
    for (let i = 0; i < 7; i++) await visitor.post('session', { user: 'anna', password: 'wrong' });
    await clock.advance(12_000);
    const refused = recorded(world).filter(({ type }) => type === 'refused');
    assert.deepEqual(
      refused.map(({ actor, reason, times }) => [actor, reason, times]),
      [
        ['anna', 'password wrong', 5],
        ['anna', 'password throttled', 2],
      ],
    );
  });

  it('a log that takes nothing delays nobody who looks; what was looked at is recorded later', async () => {
    const { world, visitor, clock } = await start();
    world.appendFails = new Error('the disk is full');
    for (let i = 0; i < 30; i++) {
      await visitor.get(`events/${uuid(1)}?sequence=1`);
      await visitor.get(`events?q=${i}`);
      await clock.advance(5000);
    }
    assert.equal(world.appended.length, 0);
    assert.ok(world.logger.lines.filter(({ level }) => level === 'warn').length <= 3);
    world.appendFails = undefined;
    await clock.advance(5000);
    const looks = recorded(world);
    const searches = looks.filter(({ type }) => type === 'searched');
    assert.deepEqual(
      new Set(searches.map(({ filter }) => filter.q)),
      new Set(Array.from({ length: 30 }, (_, i) => `${i}`)),
    );
    assert.deepEqual(
      looks
        .filter(({ type }) => type !== 'searched')
        .map(({ type, times }) => [type, times])
        .toSorted(),
      [
        ['opened', 30],
        ['signed-in', 1],
      ],
    );
  });

  it('so many looks that there is no room for them are counted', async () => {
    const { world, clock } = await start();
    world.appendFails = new Error('the disk is full');
    const reader = { name: 'anna', role: 'reader', apps: null, maySeePictures: true, maySeeObjectData: true } as const;
    const session = { id: 's', reader, by: 'session', csrfToken: '' } as const;
    for (let i = 0; i < 2500; i++) world.looks.note(session, 'opened', { id: i }, { alike: String(i) });
    world.appendFails = undefined;
    await clock.advance(5000);
    const looks = recorded(world);
    assert.equal(looks.length, 2000);
    assert.equal(
      looks.reduce((sum, { looksNotRecorded = 0 }) => sum + looksNotRecorded, 0),
      501,
    );
  });
});
