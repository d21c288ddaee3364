import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { SegmentReader } from '../src/adapters/event-log-files/event-log-reader.ts';
import { SegmentFolder } from '../src/adapters/event-log-files/segment-folder.ts';
import { idsPath, segmentPath } from '../src/adapters/event-log-files/segment-name.ts';
import type { FileSystem } from '../src/adapters/shared/file-system.ts';
import { BEFORE_FIRST, sequence } from '../src/domain/sequence.ts';
import { settle } from './support/fake-clock.ts';
import { LOG_DIRECTORY, LogWorld, outline, readAll } from './support/log-world.ts';

/** Ten lines in segments of two. */
async function rolledWorld(): Promise<LogWorld> {
  const world = await new LogWorld({ segmentBytes: 800 }).open();
  for (let i = 0; i < 10; i++) await world.send(1);
  return world;
}

function readerOf(world: LogWorld, head = 10): SegmentReader {
  return new SegmentReader({ directory: LOG_DIRECTORY, fileSystem: world.disk, head: sequence(head) });
}

const ONE = { events: 1, bytes: 1 };

describe('reading in another thread', () => {
  test('rule 6: hands out nothing past the head it was told', async () => {
    const world = await rolledWorld();
    const reader = readerOf(world, 0);
    assert.equal(outline(await readAll(reader)), '');
    let woken = false;
    const waiting = reader.waitPast(sequence(3), new AbortController().signal).then(() => {
      woken = true;
    });
    reader.setHead(sequence(3));
    await settle();
    assert.equal(woken, false);
    assert.equal(outline(await readAll(reader)), '1, 2, 3');
    reader.setHead(sequence(5));
    reader.setHead(sequence(4));
    await waiting;
    assert.equal(outline(await readAll(reader, 7, sequence(3))), '4, 5');
  });

  test('rule 6: keeps no byte past the head: what was cut off and written anew elsewhere is read anew', async () => {
    const world = await new LogWorld().open();
    await world.send(1);
    const reader = readerOf(world, 1);
    world.disk.fault = (_, call) => (call.operation === 'sync' ? 'stuck' : undefined);
    const refused = world.send(1);
    await settle();
    assert.equal(outline(await readAll(reader)), '1');
    world.disk.fault = (_, call) =>
      call.operation === 'sync' && call.path.endsWith('1.ndjson') ? 'lying sync' : undefined;
    world.disk.unstick();
    await refused;
    const again = world.send(1);
    await settle();
    world.disk.fault = () => undefined;
    await world.clock.advance(2000);
    await again;
    await world.send(1);
    const head = world.log.head();
    reader.setHead(head);
    const seen = (await readAll(reader, 1)).map((item) => item.kind === 'event' && item.id);
    const truth = (await readAll(world.log)).map((item) => item.kind === 'event' && item.id);
    assert.deepEqual(seen, truth);
    await world.judge();
  });

  test('reads from any position, over the ends of segments', async () => {
    const world = await rolledWorld();
    const reader = readerOf(world);
    for (const after of [0, 9, 1, 5, 4, 8, 2]) {
      const [item] = await reader.read(sequence(after), ONE);
      assert.equal(item?.kind === 'event' && item.seq, after + 1);
    }
    for (const events of [1, 2, 3, 10])
      assert.equal(outline(await readAll(reader, events)), outline(await readAll(world.log)));
  });

  test('finds a line in a large segment without reading it from the start', async () => {
    const world = await new LogWorld({ segmentBytes: 1e9 }).open();
    await world.send(1, 3000, 1000);
    const reader = readerOf(world, 3000);
    for (const after of [2999, 0, 1500, 2998, 1, 1499, 700]) {
      const [item] = await reader.read(sequence(after), ONE);
      assert.equal(item?.kind === 'event' && item.seq, after + 1);
    }
  });

  test('a line among those that were read before costs a look at the folder and one read of the file', async () => {
    const world = await new LogWorld({ segmentBytes: 1e9 }).open();
    await world.send(1, 1000, 1000);
    const calls: string[] = [];
    const fileSystem = {
      ...diskOf(world),
      list: async (directory: string) => {
        calls.push('list');
        return world.disk.list(directory);
      },
      open: async (path: string, mode: 'read' | 'readWrite' | 'create') => {
        const file = await world.disk.open(path, mode);
        const read = async (into: Uint8Array, position: number) => {
          calls.push('read');
          return file.read(into, position);
        };
        return { ...bound(file), read };
      },
    };
    const reader = new SegmentReader({ directory: LOG_DIRECTORY, fileSystem, head: sequence(1000) });
    await readAll(reader, 100);
    for (const after of [723, 17, 950]) {
      calls.length = 0;
      const [item] = await reader.read(sequence(after), ONE);
      assert.equal(item?.kind === 'event' && item.seq, after + 1);
      assert.deepEqual(calls, ['list', 'read']);
    }
  });

  test('rule 17: begins at the first retained line when earlier ones are gone, also in the middle of reading', async () => {
    const world = await rolledWorld();
    const reader = readerOf(world);
    const folder = new SegmentFolder({ directory: LOG_DIRECTORY, fileSystem: world.disk });
    const firsts = (await folder.segments()).map(({ first }) => first);
    assert.equal(outline(await reader.read(BEFORE_FIRST, ONE)), '1');
    for (const first of firsts.slice(0, 2)) await folder.deleteSegment(first);
    const kept = firsts[2] ?? 0;
    assert.equal(await reader.firstRetained(), kept);
    const rest = await readAll(reader, 3, sequence(1));
    assert.equal(rest[0]?.kind === 'event' && rest[0].seq, kept);
    assert.equal(rest.length, 10 - kept + 1);
  });

  test('rule 9: damage is an item of its own, and never reaches past the head', async () => {
    const world = await rolledWorld();
    const [, second = 0, third = 0] = (
      await new SegmentFolder({ directory: LOG_DIRECTORY, fileSystem: world.disk }).segments()
    ).map(({ first }) => first);
    world.disk.delete(segmentPath(LOG_DIRECTORY, sequence(second)));
    assert.equal(
      outline(await readAll(readerOf(world, second))),
      `${range(1, second - 1)}, ${second}-${second} damaged`,
    );
    const whole = outline(await readAll(readerOf(world)));
    assert.equal(whole, `${range(1, second - 1)}, ${second}-${third - 1} damaged, ${range(third, 10)}`);
    const one = await new LogWorld().open();
    await one.send(5);
    const path = segmentPath(LOG_DIRECTORY, sequence(1));
    const text = one.disk.bytes(path).toString();
    one.disk.put(path, Buffer.from(text.replace('{"v":1,"seq":3,', '{"v":1,"seq":x,')));
    assert.equal(outline(await readAll(readerOf(one, 3))), '1, 2, 3-3 damaged');
    assert.equal(outline(await readAll(readerOf(one, 5))), '1, 2, 3-3 damaged, 4, 5');
    for (const name of world.disk.names(LOG_DIRECTORY)) world.disk.delete(join(LOG_DIRECTORY, name));
    assert.equal(outline(await readAll(readerOf(world))), '1-10 damaged');
  });

  test('rule 9: a line whose number was altered is damage alone, from wherever reading begins', async () => {
    for (const [segmentBytes, padding] of [
      [1e9, 0],
      [1e9, 20_000],
      [6000, 0],
    ] as const) {
      for (const altered of [11, 28, 39, 94]) {
        const world = await new LogWorld({ segmentBytes }).open();
        await world.send(1, 20, padding);
        for (let i = 0; i < 20; i++) await world.send(1, 1, padding);
        const file = world.disk
          .names(LOG_DIRECTORY)
          .map((name) => join(LOG_DIRECTORY, name))
          .find((path) => world.disk.bytes(path).includes('"seq":24,'));
        assert.ok(file !== undefined);
        const bytes = Buffer.from(world.disk.bytes(file));
        bytes.write(`"seq":${altered},`, bytes.indexOf('"seq":24,'));
        world.disk.put(file, bytes);
        const reader = readerOf(world, 40);
        for (const after of [27, 93, 10, 38, 23, 24, 11, 28, 39, 0, 27, 10]) {
          const [item] = await reader.read(sequence(Math.min(after, 39)), ONE);
          const expected = after === 23 ? '24-24 damaged' : `${Math.min(after, 39) + 1}`;
          assert.equal(outline(item === undefined ? [] : [item]), expected, `24 is ${altered}, after ${after}`);
        }
        const whole = `${range(1, 23)}, 24-24 damaged, ${range(25, 40)}`;
        assert.equal(outline(await readAll(readerOf(world, 40))), whole, `24 is ${altered}`);
        await world.close();
        await world.restart();
        assert.equal(outline(await readAll(world.log)).startsWith(whole), true, 'nothing of it is cut by a start');
        await world.judge({ damage: true });
      }
    }
  });

  test('a sector that cannot be read is damage; a disk that does not answer is an error that passes', async () => {
    const world = await new LogWorld().open();
    await world.send(6, 1, 4000);
    const eio = (until: number) => ({
      ...diskOf(world),
      open: async (path: string, mode: 'read' | 'readWrite' | 'create') => {
        const file = await world.disk.open(path, mode);
        const read = async (into: Uint8Array, position: number) => {
          if (position < until && position + into.byteLength > until - 4096)
            throw Object.assign(new Error('EIO'), { code: 'EIO' });
          return file.read(into, position);
        };
        return { ...bound(file), read };
      },
    });
    const reader = new SegmentReader({ directory: LOG_DIRECTORY, fileSystem: eio(12_288), head: sequence(6) });
    assert.equal(outline(await readAll(reader)), '1, 2-3 damaged, 4, 5, 6');
    const broken = {
      ...diskOf(world),
      open: () => Promise.reject(Object.assign(new Error('EMFILE'), { code: 'EMFILE' })),
    };
    const failing = new SegmentReader({ directory: LOG_DIRECTORY, fileSystem: broken, head: sequence(6) });
    await assert.rejects(failing.read(BEFORE_FIRST, ONE), { code: 'EVENT_LOG_READ_FAILED' });
  });
});

describe('rule 12: what retention leaves', () => {
  test('ids of a deleted segment, in order; an interrupted deletion is done again', async () => {
    const counting = await rolledWorld();
    const before = counting.disk.calls.length;
    await deleteFirst(counting);
    const steps = counting.disk.calls.length - before;
    assert.ok(steps >= 6);
    for (let step = 1; step <= steps + 1; step++) {
      for (const kind of ['kill', 'power cut'] as const) {
        const world = await rolledWorld();
        const read = await readAll(world.log);
        world.disk.stopAt = world.disk.calls.length + step;
        const end = await deleteFirst(world).catch(() => undefined);
        await world.restart(kind);
        const folder = new SegmentFolder({ directory: LOG_DIRECTORY, fileSystem: world.disk });
        const there = async () => (await collect(folder.retiredIds())).map(({ seq }) => seq as number);
        const kept = (await folder.segments())[0]?.first ?? 0;
        assert.deepEqual(
          await there(),
          kept === 1
            ? []
            : range(1, kept - 1)
                .split(', ')
                .map(Number),
          `step ${step}`,
        );
        await folder.deleteSegment(sequence(1));
        const [segment] = await folder.segments();
        assert.deepEqual(
          await there(),
          range(1, (segment?.first ?? 0) - 1)
            .split(', ')
            .map(Number),
        );
        assert.ok(end === undefined || end === segment?.first);
        const first = read[0];
        const [id] = await collect(folder.retiredIds());
        assert.deepEqual([id?.id, id?.origin], [first?.kind === 'event' && first.id, 'client']);
      }
    }
  });

  test('a file of ids that is damaged or missing is told, and the others are read', async () => {
    const world = await rolledWorld();
    const folder = new SegmentFolder({ directory: LOG_DIRECTORY, fileSystem: world.disk, logger: world.logger });
    const firsts = (await folder.segments()).map(({ first }) => first);
    for (const first of firsts.slice(0, 3)) await folder.deleteSegment(first);
    const whole = await collect(folder.retiredIds());
    assert.deepEqual(world.logger.at('warn'), []);
    const path = (first: number | undefined) => idsPath(LOG_DIRECTORY, sequence(first ?? 0));
    const bytes = world.disk.bytes(path(firsts[0]));
    world.disk.put(path(firsts[0]), bytes.subarray(0, bytes.length - 5));
    await folder.deleteIds(sequence(firsts[1] ?? 0));
    const left = await collect(folder.retiredIds());
    const isLeft = (seq: number) => seq < (firsts[1] ?? 0) - 1 || seq >= (firsts[2] ?? 0);
    assert.deepEqual(
      left,
      whole.filter(({ seq }) => isLeft(seq)),
    );
    assert.deepEqual(
      world.logger.at('warn').map(({ fields }) => fields),
      [
        { path: path(firsts[0]), lines: 1 },
        { first: firsts[1], last: (firsts[2] ?? 0) - 1 },
      ],
    );
  });

  test('a file of ids without anything in it is damaged; the one before the oldest segment may be missing, too', async () => {
    const world = await rolledWorld();
    const folder = new SegmentFolder({ directory: LOG_DIRECTORY, fileSystem: world.disk, logger: world.logger });
    const [first = 0, second = 0, third = 0] = (await folder.segments()).map((segment) => segment.first);
    await folder.deleteSegment(sequence(first));
    await folder.deleteSegment(sequence(second));
    const path = idsPath(LOG_DIRECTORY, sequence(second));
    world.disk.put(path, Buffer.alloc(0));
    await collect(folder.retiredIds());
    await folder.deleteIds(sequence(second));
    await collect(folder.retiredIds());
    assert.deepEqual(
      world.logger.at('warn').map(({ fields }) => fields),
      [
        { path, lines: 1 },
        { first: second, last: third - 1 },
      ],
    );
  });

  test('the newest segment is never deleted; ids files have an age and can be deleted', async () => {
    const world = await rolledWorld();
    const folder = new SegmentFolder({ directory: LOG_DIRECTORY, fileSystem: world.disk });
    const files = await folder.segments();
    const newest = files.at(-1)?.first ?? sequence(1);
    await assert.rejects(folder.deleteSegment(newest), { code: 'DEFECT' });
    await folder.deleteSegment(sequence(1));
    const [ids] = await folder.idFiles();
    assert.deepEqual([ids?.first, ids?.newestAt], [1, files[0]?.newestAt]);
    await folder.deleteIds(sequence(1));
    assert.deepEqual(await folder.idFiles(), []);
    await (await world.restart()).send(1);
    assert.equal(world.recovery.firstRetained, files[1]?.first);
    assert.deepEqual(world.recovery.damage, []);
  });
});

async function deleteFirst(world: LogWorld): Promise<number | undefined> {
  const folder = new SegmentFolder({ directory: LOG_DIRECTORY, fileSystem: world.disk });
  await folder.deleteSegment(sequence(1));
  return (await folder.segments())[0]?.first;
}

async function collect<T>(values: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const value of values) all.push(value);
  return all;
}

function range(first: number, last: number): string {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i).join(', ');
}

/** The methods of an object of a class, so that it can be spread. */
function bound<T extends object>(target: T): T {
  return new Proxy(target, {
    ownKeys: () => Object.getOwnPropertyNames(Object.getPrototypeOf(target)).filter((name) => name !== 'constructor'),
    getOwnPropertyDescriptor: (_, name) => ({ value: method(target, name), enumerable: true, configurable: true }),
    get: (_, name) => method(target, name),
  });
}

function method(target: object, name: string | symbol): unknown {
  const member: unknown = Reflect.get(target, name);
  return typeof member === 'function' ? member.bind(target) : member;
}

function diskOf(world: LogWorld): FileSystem {
  return bound(world.disk);
}
