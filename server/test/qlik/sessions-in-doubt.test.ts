import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { QlikWorld } from './qlik-world.ts';

const JANE = 'LAB\\jane';
const PATH = 'tempcontent/x.png';

describe('a session that may have been made: never more than one of ours for each user', () => {
  let world: QlikWorld;
  let clock: FakeClock;
  beforeEach(async () => {
    world = await QlikWorld.start();
    clock = new FakeClock();
  });
  afterEach(() => world.stop());

  const tickets = () => world.requests('qps', 'POST').length;
  const johns = () => world.qlik.sessions().filter(({ user }) => user === 'LAB\\john').length;

  it('the connection breaks after the ticket was sent: no second one, and other users get their pictures', async () => {
    const source = world.source({ clock });
    world.qlik.setBehaviour(PATH, 'reset', { times: 1 });
    assert.equal(await world.download(source), 'retry: connection-failed');
    for (let i = 0; i < 4; i++) {
      assert.equal(await world.download(source), 'retry: session-in-doubt');
      await clock.advance(30_000);
    }
    assert.equal(await world.download(source, undefined, JANE), 'downloaded');
    assert.deepEqual([tickets(), johns()], [2, 1]);
    await clock.advance(480_000);
    assert.equal(await world.download(source), 'downloaded');
  });

  it('so it is where an idle connection was used and the ticket sent once more', async () => {
    const source = world.source({ clock });
    assert.equal(await world.download(source, undefined, JANE), 'downloaded');
    world.qlik.setBehaviour(PATH, 'reset', { times: 1 });
    assert.equal(await world.download(source), 'retry: connection-failed');
    const sent = world.requests('https').filter(({ path }) => path.includes('qlikTicket'));
    assert.deepEqual([sent.length, sent[1]?.path === sent[2]?.path], [3, true]);
    assert.equal(await world.download(source), 'retry: session-in-doubt');
    assert.deepEqual([tickets(), johns()], [2, 1]);
  });

  it('an idle connection that was closed just then costs nothing: the ticket was still good', async () => {
    const source = world.source({ clock });
    assert.equal(await world.download(source, undefined, JANE), 'downloaded');
    world.qlik.setBehaviour(PATH, 'reset', { times: 1, beforeLogin: true });
    assert.equal(await world.download(source), 'downloaded');
    assert.deepEqual([tickets(), johns()], [2, 1]);
  });

  it('connections that break before Qlik Sense sees the ticket cost nothing: it is still good', async () => {
    const source = world.source({ clock, options: { downloadTimeoutMs: 10_000_000 } });
    world.qlik.setBehaviour(PATH, 'reset', { times: 3, beforeLogin: true });
    const waiting = world.download(source);
    for (const [sent, pauseMs] of [
      [2, 1000],
      [3, 3000],
    ] as const) {
      await eventually(() => world.requests('https').length === sent);
      await eventually(async () => {
        await clock.advance(pauseMs);
        return world.requests('https').length > sent;
      });
    }
    assert.equal(await waiting, 'downloaded');
    assert.deepEqual([tickets(), johns(), world.requests('https').length], [1, 1, 4]);
  });

  it('an answer that is late is waited for, and a connection that then breaks settles nothing', async () => {
    const source = world.source({ clock });
    world.qlik.setBehaviour(PATH, 'hang');
    const waiting = world.download(source);
    await eventually(() => johns() === 1);
    await clock.advance(7000);
    assert.equal(await waiting, 'retry: timed-out');
    const url = world.qlik.imageUrl(PATH);
    await world.qlik.close();
    for (let i = 0; i < 20; i++) {
      await new Promise((resolve) => setImmediate(resolve));
      assert.equal(await world.download(source, url), 'retry: session-in-doubt');
    }
    assert.equal(tickets(), 1);
  });

  it('a host that hung before the log-in gets the same ticket again, and its session, as soon as it is back', async () => {
    const source = world.source({ clock });
    world.qlik.setBehaviour(PATH, 'hang', { times: 2, beforeLogin: true });
    const waiting = world.download(source);
    const asked = () => world.requests('https').length;
    await eventually(() => asked() === 1);
    await clock.advance(7000);
    assert.equal(await waiting, 'retry: timed-out');
    for (const [n, pauseMs] of [
      [2, 5000],
      [3, 10_000],
    ] as const) {
      assert.equal(await world.download(source), 'retry: session-in-doubt');
      await clock.advance(pauseMs);
      await eventually(() => asked() === n);
    }
    await eventually(() => world.sessions.open.size === 1);
    assert.equal(await world.download(source), 'downloaded');
    world.qlik.setBehaviour(PATH, undefined);
    assert.deepEqual([tickets(), johns(), asked()], [1, 1, 4]);
  });

  it('where the ticket was taken, sending it again brings no second session: the answer is awaited', async () => {
    const source = world.source({ clock });
    world.qlik.setBehaviour(PATH, 'hang', { times: 1 });
    const waiting = world.download(source);
    await eventually(() => johns() === 1);
    await clock.advance(7000);
    await waiting;
    await clock.advance(5000);
    // refused at the log-in, which is no answer to the first request
    await eventually(() => world.requests('https').some(({ status }) => status === 302));
    for (let i = 0; i < 5; i++) {
      await clock.advance(10_000);
      assert.equal(await world.download(source), 'retry: session-in-doubt');
    }
    assert.deepEqual([tickets(), johns()], [1, 1]);
    world.qlik.setBehaviour(PATH, undefined);
    await eventually(() => world.sessions.open.size === 1);
    assert.equal(await world.download(source), 'downloaded');
  });

  it('closing does not wait for an answer that cannot come', async () => {
    const source = world.source({ clock });
    world.qlik.setBehaviour(PATH, 'reset', { times: 1 });
    await world.download(source);
    await source.close(60_000);
    assert.equal(await world.download(source), 'retry: stopped');
  });

  it('a gateway gives up waiting for Qlik Sense, which has the ticket', async () => {
    const source = world.source({ clock });
    world.qlik.setBehaviour(PATH, 'status:504', { times: 1, beforeLogin: true });
    assert.equal(await world.download(source), 'retry: http-504');
    assert.equal(await world.download(source), 'retry: session-in-doubt');
    assert.equal(tickets(), 1);
    await clock.advance(600_000);
    assert.equal(await world.download(source), 'downloaded');
    // with a session there is no doubt
    world.qlik.setBehaviour(PATH, 'status:504', { times: 1 });
    assert.equal(await world.download(source, undefined, JANE), 'retry: http-504');
    assert.equal(await world.download(source, undefined, JANE), 'downloaded');
    assert.deepEqual([tickets(), johns()], [3, 1]);
  });

  it('where no connection came about, nothing is in doubt', async () => {
    const source = world.source({ clock, options: { allowedImageDownloadHosts: ['localhost:1'] } });
    const url = 'https://localhost:1/tempcontent/x.png';
    for (let i = 0; i < 2; i++) assert.equal(await world.download(source, url), 'retry: connection-refused');
    assert.equal(tickets(), 2);
  });
});
