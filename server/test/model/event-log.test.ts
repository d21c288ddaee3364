import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SegmentFolder } from '../../src/adapters/event-log-files/segment-folder.ts';
import { BEFORE_FIRST, type Sequence } from '../../src/domain/sequence.ts';
import type { Fault } from '../support/fault-file-system.ts';
import { LOG_DIRECTORY, LogWorld } from '../support/log-world.ts';

type Command =
  | { readonly kind: 'send'; readonly appends: number; readonly size: number; readonly padding: number }
  | { readonly kind: 'fault'; readonly after: number; readonly what: Fault; readonly times: number }
  | { readonly kind: 'read'; readonly events: number; readonly from: number }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'stop'; readonly after: number; readonly how: 'kill' | 'power cut' }
  | { readonly kind: 'restart' }
  | { readonly kind: 'retain' };

const FAULTS: Fault[] = ['fails before', 'fails after it took effect', 'short write', 'no space', 'lying sync'];

const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('send' as const),
      appends: fc.integer({ min: 1, max: 4 }),
      size: fc.integer({ min: 1, max: 3 }),
      padding: fc.constantFrom(0, 100, 1500),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('fault' as const),
      after: fc.integer({ min: 1, max: 6 }),
      what: fc.constantFrom(...FAULTS),
      times: fc.constantFrom(1, 1, 1, 4),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('read' as const),
      events: fc.integer({ min: 1, max: 5 }),
      from: fc.nat(30),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(100, 1200, 3000) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('stop' as const),
      after: fc.integer({ min: 1, max: 8 }),
      how: fc.constantFrom('kill' as const, 'power cut' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('retain' as const) }) },
);

/** The simplest log there is: what the client was told, in `LogWorld`. This applies a command to both. */
async function apply(world: LogWorld, step: Command): Promise<void> {
  const { disk } = world;
  switch (step.kind) {
    case 'send':
      return world.send(step.appends, step.size, step.padding);
    case 'fault': {
      const from = disk.calls.length + step.after;
      disk.fault = (number) => (number >= from && number < from + step.times ? step.what : undefined);
      return;
    }
    case 'read': {
      const from = Math.min(step.from, world.log.head());
      for (const item of await world.log.read(from as Sequence, { events: step.events, bytes: 1e6 })) {
        assert.ok(item.kind === 'event' && item.seq <= world.log.head());
      }
      return;
    }
    case 'wait':
      return world.clock.advance(step.ms);
    case 'stop':
      // the process ends some calls into a burst of traffic
      disk.stopAt = disk.calls.length + step.after;
      await world.send(3, 2);
      await world.send(2);
      await world.clock.advance(1500);
      await world.restart(step.how);
      return world.judge({ refusedMayBeThere: true });
    case 'restart':
      disk.fault = () => undefined;
      await world.clock.advance(1500);
      await world.close();
      await world.restart();
      return world.judge({ refusedMayBeThere: true });
    case 'retain':
      return retain(world);
  }
}

/** Retention is told the segment is not needed; the client forgets what was in it. */
async function retain(world: LogWorld): Promise<void> {
  world.disk.fault = () => undefined;
  const folder = new SegmentFolder({ directory: LOG_DIRECTORY, fileSystem: world.disk });
  const [oldest, next] = await folder.segments();
  if (oldest === undefined || next === undefined || next.first > world.log.head()) return;
  await folder.deleteSegment(oldest.first);
  for (const seq of [...world.acknowledged.keys()]) if (seq < next.first) world.acknowledged.delete(seq);
  const [item] = await world.log.read(BEFORE_FIRST, { events: 1, bytes: 1 });
  assert.ok(item === undefined || (item.kind === 'event' && item.seq === next.first));
}

test('rules 4-10: any sequence of appends, reads, faults, crashes and starts keeps what was acknowledged', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { minLength: 1, maxLength: 25 }), async (steps) => {
      const world = await new LogWorld({ segmentBytes: 2500 }).open();
      for (const step of steps) await apply(world, step);
      world.disk.fault = () => undefined;
      await world.clock.advance(2500);
      await world.judge({ refusedMayBeThere: true });
      const before = world.acknowledged.size;
      await world.send(1);
      assert.equal(world.acknowledged.size, before + 1, 'it takes events again');
      await world.restart('power cut');
      await world.judge({ refusedMayBeThere: true });
    }),
    { numRuns: 300, interruptAfterTimeLimit: 8000, markInterruptAsFailure: false },
  );
});
