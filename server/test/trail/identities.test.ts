import assert from 'node:assert/strict';
import { it } from 'node:test';
import { eventLine, ids, START } from './sample-events.ts';
import { TrailWorld, type Visitor } from './trail-world.ts';

const DAY_MS = 86_400_000;
const KEYS = 'UserDirectory=LAB; UserId=anna';
const BACKSLASH = 'LAB\\anna';
const SMALL = 'userdirectory=lab;userid=ANNA';
const OTHER = 'UserDirectory=HR; UserId=anna';

async function inWorld(
  options: { smallTable?: number },
  check: (world: TrailWorld, visitor: Visitor) => Promise<void>,
) {
  const world = await TrailWorld.start(options);
  try {
    await check(world, await world.operator());
  } finally {
    await world.stop();
  }
}

it('all notations of a user are one user, and another directory is another one', async () => {
  for (const smallTable of [1, 1000]) {
    await inWorld({ smallTable }, async (world, visitor) => {
      await world.add(
        eventLine({ id: 1, user: KEYS, object: 'a', durationMs: 1000 }),
        eventLine({ id: 2, user: BACKSLASH, object: 'a', durationMs: 2000 }),
        eventLine({ id: 3, user: SMALL, object: 'a', durationMs: 4001 }),
        eventLine({ id: 4, user: OTHER, object: 'a', durationMs: 8000 }),
      );
      for (const user of [KEYS, BACKSLASH, SMALL, 'lab; userid=Anna']) {
        const { items } = await visitor.read(`events?user=${encodeURIComponent(user)}`);
        assert.deepEqual(ids(items), [3, 2, 1], user);
        const { lanes } = await visitor.read(`users/${encodeURIComponent(user)}/timeline`);
        assert.deepEqual(ids(lanes[0].events), [1, 2, 3], user);
      }
      const { rows } = await visitor.read('summary?by=user');
      const counted = rows.map(({ user, events, users, totalMs, medianMs }: Record<string, unknown>) => [
        (user as { directory: string }).directory.toLowerCase(),
        ...[events, users, totalMs, medianMs],
      ]);
      assert.deepEqual(counted, [
        ['lab', 3, 1, 7001, 2000],
        ['hr', 1, 1, 8000, 8000],
      ]);
      for (const by of ['app', 'object', 'hour', 'day', 'eventType']) {
        assert.equal((await visitor.read(`summary?by=${by}`)).rows[0].users, 2, by);
      }
      assert.equal((await visitor.read('summary?by=first-open')).rows.length, 2);
      assert.equal((await visitor.read('users')).items.length, 2);
      assert.equal((await visitor.read('users?q=anna')).items.length, 2);
      assert.equal((await visitor.read('suggest?q=anna')).items.length, 2);
      // each event still says what was sent
      const sent = (await visitor.read('events')).items.map(({ user }: { user: { id: string } }) => user.id);
      assert.deepEqual(sent, [OTHER, SMALL, BACKSLASH, KEYS]);
    });
  }
});

it('an id that looks like another user’s identity is another user, and takes nobody’s place', async () => {
  await inWorld({}, async (world, visitor) => {
    await world.add(
      eventLine({ id: 1, user: KEYS }),
      eventLine({ id: 2, user: 'UserId=LAB\\anna', at: START + DAY_MS }),
      eventLine({ id: 3, user: 'UserDirectory=LAB; UserId=' }),
      eventLine({ id: 4, user: 'LAB\\null' }),
    );
    for (const user of [KEYS, BACKSLASH]) {
      assert.deepEqual(ids((await visitor.read(`events?user=${encodeURIComponent(user)}`)).items), [1], user);
      const { from, lanes } = await visitor.read(`users/${encodeURIComponent(user)}/timeline`);
      assert.deepEqual([from, ids(lanes[0].events)], ['2026-11-23T00:00:00.000Z', [1]], user);
    }
    assert.deepEqual(ids((await visitor.read('events?user=LAB%5Cnull')).items), [4]);
  });
});

it('the median of a user without a directory is that of all notations', async () => {
  await inWorld({ smallTable: 1 }, async (world, visitor) => {
    await world.add(
      eventLine({ id: 1, user: 'carl', durationMs: 1000 }),
      eventLine({ id: 2, user: 'UserId=Carl', durationMs: 3000 }),
      eventLine({ id: 3, user: 'LAB\\carl', durationMs: 9000 }),
    );
    const { rows } = await visitor.read('summary?by=user');
    assert.deepEqual(
      rows.map(({ events, medianMs }: Record<string, unknown>) => [events, medianMs]),
      [
        [2, 2000],
        [1, 9000],
      ],
    );
  });
});

it('an identity that is longer than the dictionary keeps is counted like any other', async () => {
  await inWorld({ smallTable: 1 }, async (world, visitor) => {
    const user = `LAB\\${'x'.repeat(10_100)}`;
    await world.add(eventLine({ id: 1, user, durationMs: 1000 }));
    assert.deepEqual(ids((await visitor.read(`events?user=${encodeURIComponent(user)}`)).items), [1]);
    const { rows } = await visitor.read('summary?by=user');
    assert.deepEqual([rows.length, rows[0].medianMs], [1, 1000]);
  });
});

it('a median between two views is not rounded', async () => {
  await inWorld({}, async (world, visitor) => {
    await world.add(eventLine({ id: 1, durationMs: 1000 }), eventLine({ id: 2, durationMs: 1501 }));
    assert.equal((await visitor.read('summary?by=app')).rows[0].medianMs, 1250.5);
  });
});

it('a name that several users have is ambiguous, whoever of them did something last', async () => {
  await inWorld({}, async (world, visitor) => {
    await world.add(
      eventLine({ id: 1, user: KEYS }),
      eventLine({ id: 2, user: OTHER, at: START + DAY_MS }),
      eventLine({ id: 3, user: 'carl' }),
      eventLine({ id: 4, user: 'LAB\\carl', at: START + DAY_MS }),
    );
    const { status, body } = await visitor.get('users/anna/timeline');
    assert.deepEqual([status, body.error.code], [422, 'TRAIL_USER_AMBIGUOUS']);
    assert.match(body.error.message, /LAB.*HR|HR.*LAB/);
    // who is called so and nothing else, on the last day of their own
    const { user, from, lanes } = await visitor.read('users/carl/timeline');
    assert.deepEqual([user.id, from, ids(lanes[0].events)], ['carl', '2026-11-23T00:00:00.000Z', [3]]);
  });
});

it('an identity that names nobody is no user', async () => {
  await inWorld({}, async (world, visitor) => {
    await world.add(
      eventLine({ id: 1, user: '' }),
      eventLine({ id: 2, user: 'N/A' }),
      eventLine({ id: 3, user: KEYS }),
    );
    const { items } = await visitor.read('events');
    assert.deepEqual(
      items.map(({ user }: { user: { id: string } | null }) => user?.id ?? null),
      [KEYS, null, null],
    );
    assert.equal((await visitor.read('users')).items.length, 1);
    assert.equal((await visitor.read('summary?by=app')).rows[0].users, 1);
    assert.equal((await visitor.get('users/N%2FA/timeline')).status, 404);
    const { sentence, record } = await visitor.read(`events/${items[1].eventId}`);
    assert.match(sentence, /^Somebody /);
    assert.equal(record.userId, 'N/A');
  });
});
