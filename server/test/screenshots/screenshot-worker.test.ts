import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CodedError } from '../../src/domain/errors.ts';
import { sequence } from '../../src/domain/sequence.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { DOWN, NOT_THERE, PICTURE, REFUSED, ScreenshotWorld } from './screenshot-world.ts';

const A = 'https://a/tempcontent/x.png';
const B = 'https://b:4244/tempcontent/x.png';
const MINUTE = 60_000;

test('rule 14: a picture is fetched, edited and saved, and only then recorded', async () => {
  const world = new ScreenshotWorld();
  const crop = { x: 1, y: 2.5, width: 30, height: 20, scrollTop: 7 };
  await world.event(A, { crop }, '11111111-aaaa-4bbb-8ccc-222222222222');
  await world.run();
  const [record] = await world.outcomes();
  assert.equal(record?.type, 'server.screenshot.saved');
  assert.deepEqual(record?.payload, {
    subjectEventId: '11111111-aaaa-4bbb-8ccc-222222222222',
    correlationId: 'correlation-1111',
    selectionTxnId: 'txn',
    status: 'saved',
    reason: null,
    files: [
      {
        path: '/pictures/11111111-aaaa-4bbb-8ccc-222222222222',
        ...{ role: 'seen', sha256: '00', bytes: 7, width: 1, height: 1 },
      },
    ],
  });
  assert.deepEqual(world.edits[0]?.crop, { left: 1, top: 2.5, width: 30, height: 20, scrollTop: 7 });
  assert.equal(world.edits[0]?.annotation[0]?.label, 'Time (UTC)');
  assert.equal(world.saves[0]?.atMs, world.clock.now());
});

test('rule 14: the same outcome has the same id, whenever it is learnt', async () => {
  const ids = [];
  for (const minutes of [0, 7]) {
    const world = new ScreenshotWorld();
    await world.clock.advance(minutes * MINUTE);
    await world.event(A, {}, '11111111-aaaa-4bbb-8ccc-222222222222');
    await world.run();
    ids.push((await world.outcomes())[0]?.id);
  }
  assert.equal(ids[0], ids[1]);
});

test('events of the log that came before the start, and events that come later; each once', async () => {
  const world = new ScreenshotWorld();
  for (let i = 0; i < 300; i++) await world.event(A);
  await world.run(1000);
  await settle(1000);
  await world.event(A);
  await world.run(1000);
  assert.equal((await world.outline()).length, 301);
  assert.equal(world.downloads.length, 301);
  world.restart();
  await world.run(1000);
  assert.equal(world.downloads.length, 301, 'what has its outcome is not fetched again');
});

test('the memory of pictures is given back when they are saved, and not while a folder cannot be written', async () => {
  const world = new ScreenshotWorld();
  world.saveFails = new CodedError('SCREENSHOT_WRITE_FAILED', 'The folder is full.');
  await world.event(A);
  await world.run(20_000);
  assert.deepEqual([world.edits.length, world.released.length], [1, 0]);
  world.saveFails = undefined;
  await world.run(10_000);
  assert.deepEqual(await world.outline(), ['1 saved']);
  assert.deepEqual(world.released, [world.edits[0]?.eventId]);
});

test('never more downloads at a time than allowed', async () => {
  const world = new ScreenshotWorld({ maxConcurrent: 3 });
  for (let i = 0; i < 40; i++) await world.event(i % 2 === 0 ? A : B);
  await world.run(1000);
  assert.equal((await world.outline()).length, 40);
  assert.equal(world.mostInFlight, 3);
});

test('what is refused for good is an outcome with its reason at once', async () => {
  const world = new ScreenshotWorld();
  world.hosts.set('a', REFUSED);
  await world.event(A);
  await world.run();
  assert.deepEqual(await world.outline(), ['1 failed host']);
  assert.equal((await world.outcomes())[0]?.payload.message, 'This host is not allowed.');
  assert.equal(world.logger.at('warn').length, 1);
});

test('a picture that is not there yet is asked for with growing pauses, and comes', async () => {
  const world = new ScreenshotWorld();
  world.hosts.set('a', NOT_THERE);
  await world.event(A);
  await world.run(10_000);
  assert.deepEqual(await world.outline(), []);
  const pauses = world.downloads.map(({ atMs }, i) => atMs - (world.downloads[i - 1]?.atMs ?? 0)).slice(1);
  assert.deepEqual(pauses, [750, 1500, 3000], 'three quarters of 1, 2 and 4 s with this jitter');
  world.hosts.set('a', PICTURE);
  await world.run(MINUTE);
  assert.deepEqual(await world.outline(), ['1 saved']);
});

test('a pause that the host asks for is kept', async () => {
  const world = new ScreenshotWorld();
  world.hosts.set('a', { kind: 'retry', reason: 'http-429', message: 'HTTP 429.', afterMs: 20_000 });
  await world.event(A);
  await world.run(19_900);
  assert.equal(world.downloads.length, 1);
  await world.run(200);
  assert.equal(world.downloads.length, 2);
});

test('a pause that the host asks for is kept, whatever becomes of other pictures of that host', async () => {
  for (const others of [PICTURE, DOWN]) {
    const world = new ScreenshotWorld({ maxConcurrent: 2 });
    const busy = { kind: 'retry', reason: 'http-503', message: 'HTTP 503.', hostWide: true } as const;
    world.hosts.set('a', (url) => (url.endsWith('busy.png') ? { ...busy, afterMs: 20_000 } : others));
    const times = () => world.downloads.filter(({ url }) => url.endsWith('busy.png')).map(({ atMs }) => atMs);
    await world.event('https://a/tempcontent/busy.png');
    await world.run(100);
    for (let i = 0; i < 4; i++) {
      await world.event(A);
      await world.run(4800);
    }
    assert.equal(times().length, 1);
    await world.run(5 * MINUTE);
    assert.ok((times()[1] ?? 0) >= 20_000);
  }
});

test('rule 14: after maxWaitMs since receipt the event is delivered without its picture, and nothing is tried any more', async () => {
  const world = new ScreenshotWorld({ maxWaitMs: 10 * MINUTE });
  world.hosts.set('a', NOT_THERE);
  await world.event(A);
  await world.run(9.9 * MINUTE);
  assert.deepEqual(await world.outline(), []);
  await world.run(0.2 * MINUTE);
  assert.deepEqual(await world.outline(), ['1 failed expired: http-404']);
  assert.match(String((await world.outcomes())[0]?.payload.message), /http-404/);
  const tries = world.downloads.length;
  await world.run(10 * MINUTE);
  assert.equal(world.downloads.length, tries);
});

test('a server that was down for longer than maxWaitMs still gets what is there', async () => {
  const world = new ScreenshotWorld({ maxWaitMs: 10 * MINUTE });
  await world.event(A);
  await world.clock.advance(60 * MINUTE);
  await world.run();
  assert.deepEqual(await world.outline(), ['1 saved']);
});

test('maxWaitMs 0: one try', async () => {
  const world = new ScreenshotWorld({ maxWaitMs: 0 });
  world.hosts.set('a', NOT_THERE);
  await world.event(A);
  await world.event(B);
  await world.run(2000);
  assert.deepEqual((await world.outline()).sort(), ['1 failed expired: http-404', '2 saved']);
  assert.equal(world.downloads.length, 2);
});

test('a host that hangs keeps places for two seconds at most while another waits, and then one', async () => {
  const world = new ScreenshotWorld();
  world.hosts.set('a', 'hang');
  for (let i = 0; i < 50; i++) await world.event(A);
  await world.run(1000);
  assert.equal(world.inFlight, 4);
  await world.event(B);
  await world.run(2500);
  assert.deepEqual(await world.outline(), ['51 saved']);
  await world.run(40_000);
  assert.ok(world.inFlight <= 1, `${world.inFlight} downloads of a failing host`);
  const began = world.clock.monotonicMs();
  for (let i = 0; i < 100; i++) await world.event(B);
  await world.run(10);
  assert.equal((await world.outline()).length, 101, 'the other host is not delayed at all');
  assert.equal(world.clock.monotonicMs() - began, 10);
  world.hosts.set('a', PICTURE);
  await world.run(46_000);
  assert.equal((await world.outline()).length, 151, 'and when it is back, everything comes');
  assert.equal(world.worker.queue.hosts().length, 0, 'nothing is kept of hosts that have nothing to do');
});

test('a host that is down is asked seldom, one picture at a time', async () => {
  const world = new ScreenshotWorld();
  world.hosts.set('a', DOWN);
  for (let i = 0; i < 200; i++) await world.event(A);
  await world.run(10 * MINUTE);
  assert.ok(world.downloads.length < 40, `${world.downloads.length} downloads`);
  world.hosts.set('a', PICTURE);
  await world.run(31_000);
  assert.equal((await world.outline()).length, 200);
});

test('pictures that make their host look down do not hold up the others of that host', async () => {
  const world = new ScreenshotWorld();
  world.hosts.set('a', (url) => (url.includes('bad') ? DOWN : PICTURE));
  for (let i = 0; i < 60; i++) await world.event('https://a/bad.png');
  await world.run(5 * MINUTE);
  await world.event('https://a/good.png');
  await world.run(31_000);
  assert.deepEqual(await world.outline(), ['61 saved']);
});

test('rule 8: while the disk is nearly full nothing is fetched, and nothing given up', async () => {
  const world = new ScreenshotWorld({ maxWaitMs: MINUTE });
  world.isPaused = true;
  await world.event(A);
  await world.run(5 * MINUTE);
  assert.equal(world.downloads.length, 0);
  world.isPaused = false;
  await world.run(1100);
  assert.deepEqual(await world.outline(), ['1 saved']);
});

test('a folder that cannot be written: the picture stays in hand, and after maxWaitMs the event goes without', async () => {
  const world = new ScreenshotWorld({ maxWaitMs: 10 * MINUTE });
  world.saveFails = new CodedError('SCREENSHOT_WRITE_FAILED', 'The folder is full.');
  await world.event(A);
  await world.run(MINUTE);
  assert.deepEqual(await world.outline(), []);
  world.saveFails = undefined;
  await world.run(5000);
  assert.deepEqual(await world.outline(), ['1 saved']);
  assert.equal(world.downloads.length, 1);
  world.saveFails = new CodedError('SCREENSHOT_WRITE_FAILED', 'The folder is full.');
  for (let i = 0; i < 8; i++) await world.event(B);
  await world.run(11 * MINUTE);
  const outline = await world.outline();
  assert.equal(outline.length, 9);
  assert.ok(outline.includes('3 failed SCREENSHOT_WRITE_FAILED'), outline.join());
  assert.equal(world.logger.at('warn').filter(({ message }) => message.includes('cannot be kept')).length < 15, true);
});

test('one of two folders cannot be written: waited for a minute, then the other is enough, with a note', async () => {
  const world = new ScreenshotWorld({ maxWaitMs: 60 * MINUTE });
  world.saveFails = new CodedError('SCREENSHOT_WRITE_FAILED', 'The share is gone.');
  world.otherFolderWorks = true;
  for (let i = 0; i < 8; i++) await world.event(A);
  await world.run(MINUTE - 5000);
  assert.deepEqual(await world.outline(), []);
  await world.run(15_000);
  assert.equal((await world.outline()).filter((line) => line.endsWith('saved')).length, 8);
  assert.match(String((await world.outcomes())[0]?.payload.message), /Not in every folder: The share is gone\./);
  world.saveFails = undefined;
  await world.event(B);
  await world.run(1000);
  world.saveFails = new CodedError('SCREENSHOT_WRITE_FAILED', 'The share is gone again.');
  await world.event(B);
  await world.run(MINUTE - 10_000);
  assert.equal((await world.outline()).length, 9, 'the minute begins anew');
});

test('a picture that cannot be read is fetched three times; one that is too large once; a defect ends nothing else', async () => {
  const world = new ScreenshotWorld();
  world.editFails = new CodedError('IMAGE_UNREADABLE', 'Half a picture.');
  await world.event(A);
  await world.run(10_000);
  assert.deepEqual(await world.outline(), ['1 failed IMAGE_UNREADABLE']);
  assert.equal(world.downloads.length, 3);
  world.editFails = new CodedError('IMAGE_TOO_LARGE', 'A bomb.');
  await world.event(A);
  await world.run(10_000);
  assert.deepEqual((await world.outline()).at(-1), '3 failed IMAGE_TOO_LARGE');
  assert.equal(world.downloads.length, 4);
  world.editFails = new TypeError('x is not a function');
  await world.event(A);
  await world.run(10_000);
  assert.deepEqual((await world.outline()).at(-1), '5 failed DEFECT');
  world.editFails = undefined;
  await world.event(A);
  await world.run();
  assert.deepEqual((await world.outline()).at(-1), '7 saved');
});

test('an outcome that the log does not take is recorded once it does', async () => {
  const world = new ScreenshotWorld();
  await world.event(A);
  world.log.refuse = 'EVENT_LOG_FULL';
  await world.run(5000);
  assert.deepEqual(await world.outline(), []);
  world.log.refuse = undefined;
  await world.run(10_000);
  assert.deepEqual(await world.outline(), ['1 saved']);
});

test('an event that cannot be read any more is settled, so that it becomes a dead letter and holds nothing', async () => {
  const world = new ScreenshotWorld();
  await world.event(A);
  world.log.damage(1, 1);
  await world.run();
  assert.deepEqual(await world.outline(), ['1 failed unreadable']);
});

test('stop breaks downloads off, records nothing of them, and ends the sessions within the time', async () => {
  const world = new ScreenshotWorld();
  world.hosts.set('a', 'hang');
  for (let i = 0; i < 10; i++) await world.event(A);
  await world.run(1000);
  const stopped = world.worker.stop(3000);
  await settle(20);
  await stopped;
  assert.equal(world.inFlight, 0);
  assert.deepEqual(await world.outline(), []);
  assert.deepEqual(world.closed, [3000]);
  world.hosts.delete('a');
  world.restart();
  await world.run(1000);
  assert.equal((await world.outline()).length, 10);
});

test('thousands of events that wait for one host and one for another: bounded memory, and the other is not delayed', async () => {
  const world = new ScreenshotWorld();
  world.hosts.set('a', DOWN);
  const entry = {
    origin: 'client',
    type: 'screenshot.url.received',
    at: world.clock.now(),
    awaits: 'screenshot',
  } as const;
  const envelope = JSON.stringify({ payload: { event: { screenshotUrl: A } } });
  for (let i = 0; i < 10; i++) {
    await world.append(
      Array.from({ length: 300 }, (_, n) => ({
        ...{ ...entry, id: `00000000-0000-4000-8000-${String(i * 300 + n).padStart(12, '0')}`, envelope },
      })),
    );
  }
  await world.event(B);
  await world.run(1000);
  await settle(2000);
  assert.deepEqual(await world.outline(), ['3001 saved']);
  assert.ok(world.worker.queue.waitingPictures().length <= 1004, `${world.worker.queue.waitingPictures().length}`);
  world.hosts.set('a', PICTURE);
  await world.run(31_000);
  for (let i = 0; i < 100 && (await world.outline()).length < 3001; i++) await settle(500);
  const outline = await world.outline();
  assert.equal(outline.length, 3001);
  assert.equal(new Set(outline).size, 3001);
});

test('while the table of outcomes is behind or built again, what looks as if it waited is not fetched again', async () => {
  let position = 1;
  const clock = new FakeClock();
  const world = new ScreenshotWorld({
    facts: {
      position: () => sequence(position),
      waitPast: async (seq: number, signal: AbortSignal) => {
        while (position <= seq && !signal.aborted) await clock.sleep(10, signal);
      },
      facts: () => ({ repeats: new Map(), outcomes: new Map() }),
      // the outcome of 1 stands at 2
      unsettledAwaiting: (after: number) => (position < 2 && after < 1 ? [sequence(1)] : []),
      unsettledCount: () => 0,
      withoutPicture: () => [],
    },
  });
  const pass = async () => {
    for (let i = 0; i < 300; i++) {
      await clock.advance(10);
      await world.run(10);
    }
  };
  await world.event(A);
  await world.event(A);
  await pass();
  position = 2;
  await pass();
  position = 1;
  await pass();
  position = 2;
  await pass();
  assert.equal(world.downloads.length, 0);
});
