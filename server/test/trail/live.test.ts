import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { sequence } from '../../src/domain/sequence.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { eventLine, FINANCE, ids } from './sample-events.ts';
import { TrailWorld, type Visitor } from './trail-world.ts';

describe('live', () => {
  const worlds: TrailWorld[] = [];
  afterEach(async () => {
    for (const world of worlds.splice(0)) await world.stop();
  });

  it('events as they come, in the order of the log, resumed after the last one that was seen', async () => {
    // records of who looked come at no time of their own
    const world = await TrailWorld.start({ looksClock: new FakeClock() });
    worlds.push(world);
    await world.add(eventLine({ id: 1 }), eventLine({ id: 2 }));
    const visitor = await world.operator();
    const first = await Follower.open(world, visitor, 'live');
    await world.add(eventLine({ id: 3 }), eventLine({ id: 4, app: FINANCE }), {
      id: 5,
      origin: 'server',
      type: 'server.synced',
    });
    assert.deepEqual(ids(await first.next(2)), [3, 4]);
    const lastId = first.lastId;
    await first.close();
    await world.add(eventLine({ id: 6 }), eventLine({ id: 7, app: FINANCE }));
    const again = await Follower.open(world, visitor, `live?appId=${FINANCE}`, lastId);
    assert.deepEqual(ids(await again.next(1)), [7]);
    await world.add(eventLine({ id: 8 }), eventLine({ id: 9, app: FINANCE, durationMs: 1 }));
    const [last] = await again.next(1);
    assert.deepEqual([last?.sequence, last?.durationMs], [9, 1]);
    await again.close();
    const all = await Follower.open(world, visitor, 'live?lastEventId=0&q=anna');
    assert.deepEqual(ids(await all.next(8)), [1, 2, 3, 4, 6, 7, 8, 9]);
    await all.close();
  });

  it('ends with a session that nobody uses, whatever comes meanwhile', async () => {
    const clock = new FakeClock();
    const world = await TrailWorld.start({ clock });
    worlds.push(world);
    const visitor = await world.operator();
    const follower = await Follower.open(world, visitor, 'live');
    await clock.advance(59 * 60_000);
    await world.add(eventLine({ id: 1 }));
    assert.deepEqual(ids(await follower.next(1)), [1]);
    await follower.close();
    const again = await Follower.open(world, visitor, 'live', follower.lastId);
    await world.add(eventLine({ id: 2 }));
    assert.deepEqual(ids(await again.next(1)), [2]);
    await clock.advance(60_000);
    await again.ended();
    assert.equal((await visitor.get('events')).status, 401);
  });

  it('is not there for HEAD, whose answer would never end', async () => {
    const world = await TrailWorld.start();
    worlds.push(world);
    const { cookie = '' } = await world.operator();
    const answer = await fetch(`${world.url}/api/v1/trail/live`, { method: 'HEAD', headers: { cookie } });
    assert.equal(answer.status, 404);
  });

  it('what another log had before this one holds nobody up', async () => {
    const world = await TrailWorld.start();
    worlds.push(world);
    await world.add(eventLine({ id: 1 }));
    const follower = await Follower.open(world, await world.operator(), 'live', '4711');
    await world.add(eventLine({ id: 2 }));
    assert.deepEqual(ids(await follower.next(1)), [2]);
    await follower.close();
  });

  it('a follower that is far behind lets others read', async () => {
    const world = await TrailWorld.start();
    worlds.push(world);
    const visitor = await world.operator();
    const lines = 100_000;
    let looked = 0;
    world.trail.after = (_reader, _question, after) => {
      looked++;
      return { events: [], upTo: sequence(Math.min(lines, after + 1)) };
    };
    const follower = await Follower.open(world, visitor, 'live?lastEventId=0&user=nobody');
    assert.equal((await visitor.get('log-in-options')).status, 200);
    assert.ok(looked < lines / 10, `answered after ${looked} looks`);
    await follower.close();
  });

  it('ends with the session, and with the server', async () => {
    const world = await TrailWorld.start();
    worlds.push(world);
    const visitor = await world.operator();
    const one = await Follower.open(world, visitor, 'live');
    const two = await Follower.open(world, await world.operator(), 'live');
    await visitor.send('DELETE', 'session', undefined, {});
    await one.ended();
    const stopping = world.stop();
    worlds.length = 0;
    await two.ended();
    await stopping;
  });
});

interface Followed {
  readonly eventId: string;
  readonly sequence: number;
  readonly durationMs: number | null;
}

class Follower {
  lastId = '';
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #text = '';

  private constructor(reader: ReadableStreamDefaultReader<Uint8Array>) {
    this.#reader = reader;
  }

  static async open(world: TrailWorld, visitor: Visitor, path: string, lastId?: string): Promise<Follower> {
    const headers = { cookie: visitor.cookie ?? '', ...(lastId === undefined ? {} : { 'last-event-id': lastId }) };
    const response = await fetch(`${world.url}/api/v1/trail/${path}`, { headers });
    assert.deepEqual([response.status, response.headers.get('content-type')], [200, 'text/event-stream']);
    assert.ok(response.body !== null);
    const follower = new Follower(response.body.getReader());
    // the first words come with the position from which on it follows
    await follower.#read();
    return follower;
  }

  async next(count: number): Promise<readonly Followed[]> {
    const found: Followed[] = [];
    while (found.length < count) {
      const end = this.#text.indexOf('\n\n');
      if (end === -1) {
        assert.ok(await this.#read(), 'the stream has ended');
        continue;
      }
      const message = this.#text.slice(0, end);
      this.#text = this.#text.slice(end + 2);
      this.lastId = /^id: (\d+)$/m.exec(message)?.[1] ?? this.lastId;
      const data = /^data: (.*)$/m.exec(message)?.[1];
      if (data !== undefined) found.push(JSON.parse(data) as Followed);
    }
    return found;
  }

  async ended(): Promise<void> {
    while (await this.#read());
  }

  async close(): Promise<void> {
    await this.#reader.cancel();
  }

  async #read(): Promise<boolean> {
    const { value, done } = await this.#reader.read();
    this.#text += Buffer.from(value ?? []).toString();
    return !done;
  }
}
