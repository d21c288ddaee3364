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
    assert.deepEqual(looks.map(({ type, times }) => [type, times]).toSorted(), [
      ['opened', 30],
      ['searched', 30],
      ['signed-in', 1],
    ]);
  });

  it('so many looks that there is no room for them are counted', async () => {
    const { world, clock } = await start();
    world.appendFails = new Error('the disk is full');
    const reader = { name: 'anna', role: 'reader', apps: null, maySeePictures: true, maySeeObjectData: true } as const;
    const session = { id: 's', reader, by: 'session', csrfToken: '' } as const;
    for (let i = 0; i < 2500; i++) world.looks.note(session, 'opened', { id: i }, String(i));
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
