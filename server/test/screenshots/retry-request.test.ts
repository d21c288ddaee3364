import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sequence } from '../../src/domain/sequence.ts';
import { DOWN, NOT_THERE, PICTURE, REFUSED, ScreenshotWorld } from './screenshot-world.ts';

const A = 'https://a/tempcontent/x.png';
const B = 'https://b:4244/tempcontent/x.png';
const MINUTE = 60_000;

test('rule 14: a retry fetches what failed, hurries what waits, and each late picture is one record of that request', async () => {
  const world = new ScreenshotWorld({ maxWaitMs: MINUTE });
  world.hosts.set('a', REFUSED);
  world.hosts.set('b:4244', NOT_THERE);
  for (let i = 0; i < 3; i++) await world.event(A);
  await world.run(30_000);
  await world.event(B);
  await world.run(15_000);
  assert.deepEqual(await world.outline(), ['1 failed host', '2 failed host', '3 failed host']);
  world.hosts.set('a', (url) => (world.downloads.filter((one) => one.url === url).length === 5 ? REFUSED : PICTURE));
  world.hosts.set('b:4244', PICTURE);
  const answer = world.worker.retry({ requestId: 7, actor: 'anna', from: sequence(1), failedOnly: false });
  await world.run(10);
  assert.match((await answer) ?? '', /^2 pictures saved, 1 events? .*without.* 1 .*at once.*\n {2}1 × host: /s);
  const outcomes = await world.outcomes();
  assert.deepEqual(
    outcomes
      .slice(3)
      .map(({ type, actor }) => [type, actor])
      .sort(),
    [
      ['server.screenshot.saved', 'anna'],
      ['server.screenshot.saved', 'anna'],
      ['server.screenshot.saved', 'server'],
    ],
  );
  assert.equal(new Set(outcomes.map(({ id }) => id)).size, outcomes.length);
  const again = world.worker.retry({ requestId: 8, actor: 'anna', from: sequence(1), failedOnly: true });
  await world.run(10);
  assert.match((await again) ?? '', /^1 pictures? saved/);
  const third = world.worker.retry({ requestId: 9, actor: 'anna', from: sequence(1), failedOnly: true });
  await world.run(10);
  assert.match((await third) ?? '', /^No event is without its picture/);
});

test('a retry tries no longer than an event waits for its picture, and a minute at most', async () => {
  for (const [maxWaitMs, enoughMs] of [
    [1000, 10_000],
    [60 * MINUTE, 2 * MINUTE],
  ] as const) {
    const world = new ScreenshotWorld({ maxWaitMs });
    world.hosts.set('a', NOT_THERE);
    await world.event(A);
    await world.run(maxWaitMs + 2 * MINUTE);
    assert.equal((await world.outline()).length, 1);
    let answer: string | undefined;
    const asked = world.worker.retry({ requestId: 1, actor: 'anna', from: sequence(1), failedOnly: true });
    void asked.then((text) => (answer = text));
    await world.run(enoughMs);
    assert.match(answer ?? 'still trying', /^0 pictures saved, 1 event is still without/);
    await world.worker.stop(1000);
  }
});

test('a retry of a host that is down ends, and one that the stop interrupts is left to the next server', async () => {
  const world = new ScreenshotWorld({ maxWaitMs: 0 });
  world.hosts.set('a', DOWN);
  for (let i = 0; i < 250; i++) await world.event(A);
  await world.run(10 * MINUTE);
  assert.equal((await world.outline()).length, 250);
  const answer = world.worker.retry({ requestId: 1, actor: 'anna', from: sequence(1), failedOnly: true });
  await world.run(4 * MINUTE);
  assert.match((await answer) ?? '', /^0 pictures saved, 250 events are still without\.\n {2}250 × network/);
  world.hosts.set('a', 'hang');
  const interrupted = world.worker.retry({ requestId: 2, actor: 'anna', from: sequence(1), failedOnly: true });
  await world.run(5000);
  await world.worker.stop(3000);
  assert.equal(await interrupted, undefined);
});
