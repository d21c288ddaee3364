import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { segmentPath } from '../../src/adapters/event-log-files/segment-name.ts';
import { sequence } from '../../src/domain/sequence.ts';
import { LOG_DIRECTORY, LogWorld, outline, readAll } from '../support/log-world.ts';

const pathOf = (first: number) => segmentPath(LOG_DIRECTORY, sequence(first));

/** Four batches of two in one segment; killed before `server.synced` was written, so lines 7 and 8 are not confirmed. */
async function killedWorld(): Promise<LogWorld> {
  const world = await new LogWorld().open();
  for (let batch = 0; batch < 4; batch++) await world.send(1, 2);
  world.disk.restart();
  return world;
}

function lineStarts(bytes: Buffer): number[] {
  const starts = [0];
  for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, at + 1)) starts.push(at + 1);
  return starts;
}

/** Changes the file of segment 1; `line` gives the offset of the line with that sequence. */
function change(world: LogWorld, how: (bytes: Buffer, line: (seq: number) => number) => Buffer): void {
  const bytes = world.disk.bytes(pathOf(1));
  const starts = lineStarts(bytes);
  world.disk.put(
    pathOf(1),
    how(bytes, (seq) => starts[seq] ?? bytes.length),
  );
}

function savedBytes(world: LogWorld): Buffer[] {
  return world.disk
    .names(LOG_DIRECTORY)
    .filter((name) => /^cut-\d{8}T\d{6}\.\d{3}Z(-\d+)?\.bin$/.test(name))
    .map((name) => world.disk.bytes(join(LOG_DIRECTORY, name)));
}

describe('rule 10: the unacknowledged tail', () => {
  const tails: readonly [string, Buffer][] = [
    ['zeros', Buffer.alloc(10_000)],
    ['garbage', Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7919) % 256))],
    ['half a line', Buffer.from('{"v":1,"seq":9,"durable":8,"at":"2026-')],
    ['a line that steps back', Buffer.from('{"v":1,"seq":2}\n')],
  ];
  for (const [what, tail] of tails) {
    test(`${what}: saved, cut, reported; the whole lines before it stay`, async () => {
      const world = await killedWorld();
      change(world, (bytes) => Buffer.concat([bytes, tail]));
      await world.open();
      assert.equal(world.recovery.head, 8);
      assert.deepEqual(savedBytes(world), [tail]);
      assert.equal(world.recovery.cuts[0]?.bytes, tail.length);
      assert.deepEqual(world.recovery.damage, []);
      assert.ok(world.logger.at('warn').some(({ message }) => message.includes('saved and cut')));
      await world.judge();
      await world.send(1);
      await (await world.restart('power cut')).judge();
    });
  }

  test('a torn line among lines that nothing confirms ends the log, whole ones behind it included', async () => {
    const world = await killedWorld();
    change(world, (bytes, line) => {
      bytes.fill(0, line(7), line(7) + 20);
      return bytes;
    });
    await world.open();
    assert.equal(world.recovery.head, 6);
    assert.equal(savedBytes(world).length, 1);
    // sequence 7 comes again with other contents: nobody had read it
    world.acknowledged.delete(sequence(7));
    world.acknowledged.delete(sequence(8));
    await world.send(1);
    assert.equal(outline(await readAll(world.log)), '1, 2, 3, 4, 5, 6, 7, 8');
  });

  test('rule 4: a segment that has only a header, half of one, or nothing is removed', async () => {
    for (const rest of [
      '{"segment":1,"logId":"',
      '',
      '{"segment":1,"logId":"$","first":9,"createdAt":"2026-11-23T07:00:00.000Z"}\n',
    ]) {
      const world = await killedWorld();
      const logId = /"logId":"([^"]+)"/.exec(world.disk.bytes(pathOf(1)).toString())?.[1] ?? '';
      world.disk.put(pathOf(9), Buffer.from(rest.replace('$', logId)));
      await world.open();
      assert.deepEqual(world.recovery.removedSegments, [9]);
      assert.ok(!world.disk.names(LOG_DIRECTORY).includes('0000000000000009.ndjson'));
      assert.deepEqual([world.recovery.head, world.recovery.logId], [8, logId]);
      await world.judge();
      await world.send(1);
      await world.judge();
    }
  });

  test('whole lines after the last confirmed one are written again before they are published', async () => {
    const world = await killedWorld();
    await world.open();
    assert.equal(world.recovery.linesWrittenAgain, 2);
    const written = world.disk.calls.map(({ operation }) => operation);
    assert.deepEqual(written.slice(0, 4), ['makeFolder', 'write', 'sync', 'syncFolder']);
  });
});

describe('rule 9: damage below the highest durable', () => {
  test('a damaged middle: nothing is cut, reading goes on at the next whole line', async () => {
    const world = await killedWorld();
    change(world, (bytes, line) => {
      bytes[line(3) + 200] = 0;
      bytes.fill(0, line(5), line(6));
      return bytes;
    });
    await world.open();
    assert.deepEqual(savedBytes(world), []);
    assert.deepEqual(
      world.recovery.damage.map(({ first, last }) => [first, last]),
      [
        [3, 3],
        [5, 5],
      ],
    );
    assert.equal(outline(await readAll(world.log)), '1, 2, 3-3 damaged, 4, 5-5 damaged, 6, 7, 8, 9');
    await world.judge({ damage: true });
    await world.send(1);
    await (await world.restart()).judge({ damage: true });
  });

  test('a line that begins behind a hole is found, an envelope that looks like a line is not', async () => {
    const world = await new LogWorld().open();
    // its digest is right for what follows it, up to the brace that closes the real line
    const digest = createHash('sha256').update('"salt":"x","envelope":{}}').digest('base64url');
    const fake =
      '{"v":1,"seq":3,"durable":1,"at":"2026-11-23T07:00:00.123Z","origin":"client","id":"x","type":"y",' +
      `"digest":"${digest}","salt":"x","envelope":{}}`;
    for (let i = 0; i < 4; i++) await world.append([{ ...world.entry(), envelope: fake }]);
    await world.close();
    change(world, (bytes, line) => {
      bytes[line(2)] = 0;
      bytes.fill(0, line(3), line(4));
      return bytes;
    });
    await world.restart();
    assert.equal(outline(await readAll(world.log)), '1, 2-3 damaged, 4, 5');
  });

  test('damage at the end of what was confirmed: it stays, writing goes on in a new segment, no number is there twice', async () => {
    for (const lines of ['gone', 'zeroed'] as const) {
      const world = await killedWorld();
      let last = Buffer.alloc(0);
      change(world, (bytes, line) => {
        last = Buffer.from(bytes.subarray(line(8)));
        // line 8 alone says that 6 is durable
        if (lines === 'gone') return Buffer.concat([bytes.subarray(0, line(5)), bytes.subarray(line(8))]);
        return Buffer.concat([bytes.subarray(0, line(5)), Buffer.alloc(line(8) - line(5)), bytes.subarray(line(8))]);
      });
      const before = world.disk.bytes(pathOf(1));
      await world.open();
      assert.equal(world.recovery.head, 6);
      // rules 6, 10: the next 8 is another line
      assert.deepEqual(world.disk.bytes(pathOf(1)), before.subarray(0, before.length - last.length));
      assert.deepEqual(savedBytes(world), [last]);
      assert.equal(outline(await readAll(world.log)), '1, 2, 3, 4, 5-6 damaged, 7');
      await world.restart();
      assert.equal(outline(await readAll(world.log)), '1, 2, 3, 4, 5-6 damaged, 7');
    }
  });

  test('a missing segment, and the missing end of an older one', async () => {
    const world = await new LogWorld({ segmentBytes: 900 }).open();
    for (let i = 0; i < 12; i++) await world.send(1);
    const firsts = world.disk
      .names(LOG_DIRECTORY)
      .filter((name) => name.endsWith('.ndjson'))
      .map((name) => Number(name.slice(0, 16)));
    assert.ok(firsts.length >= 4, `${firsts}`);
    const [, second = 0, third = 0, fourth = 0] = firsts;
    const whole = world.disk.bytes(pathOf(third));
    world.disk.delete(pathOf(second));
    world.disk.put(pathOf(third), whole.subarray(0, whole.length - 30));
    await world.restart();
    assert.deepEqual(
      world.recovery.damage.map(({ first, last }) => [first, last]),
      [
        [second, third - 1],
        [fourth - 1, fourth - 1],
      ],
    );
    await world.judge({ damage: true });
  });

  test('a damaged header loses no line, and keeps the id of the log', async () => {
    const world = await killedWorld();
    const { logId } = world.recovery;
    change(world, (bytes) => {
      bytes[3] = 0;
      return bytes;
    });
    await world.open();
    assert.deepEqual(world.recovery.damagedHeaders, [1]);
    await world.judge();
    // the only header is gone: a new id, which stays from then on
    const renewed = world.recovery.logId;
    assert.notEqual(renewed, logId);
    await (await world.restart()).judge();
    assert.equal(world.recovery.logId, renewed);
  });
});

describe('rule 11: what a start compares', () => {
  test('an older copy of the log put back: same log, lower head', async () => {
    const world = await new LogWorld().open();
    await world.send(2);
    await world.close();
    const copy = world.disk.bytes(pathOf(1));
    const { logId } = world.recovery;
    await world.restart();
    await world.send(5);
    await world.close();
    world.disk.put(pathOf(1), copy);
    await world.restart();
    assert.equal(world.recovery.logId, logId);
    assert.deepEqual([world.recovery.head, world.recovery.firstRetained], [3, 1]);
  });

  test('segments of two logs in one folder: the start says so', async () => {
    const world = await new LogWorld({ segmentBytes: 500 }).open();
    for (let i = 0; i < 3; i++) await world.send(1);
    const other = world.disk
      .bytes(pathOf(1))
      .toString()
      .replace(/"logId":"..../, '"logId":"0000');
    world.disk.put(pathOf(1), Buffer.from(other));
    await assert.rejects(world.restart(), { code: 'EVENT_LOG_MIXED' });
  });
});

describe('rule 7: server.synced', () => {
  const synced = async (world: LogWorld) =>
    (await readAll(world.log)).flatMap((item) =>
      item.kind === 'event' && item.type === 'server.synced' ? [item.private()?.request] : [],
    );

  test('after a second without traffic, once, and again after more traffic; at stop; after recovery', async () => {
    const world = await new LogWorld().open();
    await world.clock.advance(5000);
    assert.deepEqual(await synced(world), [], 'an empty log has nothing to say');
    await world.send(1);
    await world.clock.advance(500);
    await world.send(1);
    await world.clock.advance(700);
    assert.deepEqual(await synced(world), []);
    await world.clock.advance(60_000);
    assert.deepEqual(await synced(world), ['idle']);
    await world.send(1);
    await world.close();
    await world.restart();
    assert.deepEqual(await synced(world), ['idle', 'stop'], 'a clean stop is followed by no other record');
    await world.send(1);
    await world.restart();
    assert.deepEqual(await synced(world), ['idle', 'stop', 'recovery']);
    await world.restart();
    assert.deepEqual(await synced(world), ['idle', 'stop', 'recovery']);
    const last = (await readAll(world.log)).at(-1);
    assert.ok(last?.kind === 'event');
    assert.deepEqual([last.subject, last.seq], [6, 7]);
  });
});
