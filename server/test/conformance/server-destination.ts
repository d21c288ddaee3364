import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { inspect } from 'node:util';
import { systemClock } from '../../src/adapters/system-clock/system-clock.ts';
import type { DeliveryWorker } from '../../src/pipeline/delivery-worker.ts';
import type { Destination } from '../../src/pipeline/ports/destination.ts';
import { DeliveryWorld } from '../pipeline/delivery-world.ts';
import { SERVER_POLICY } from '../support/fake-destination.ts';
import { RecordingLogger } from '../support/recording-logger.ts';
import { eventually } from '../support/running-server.ts';
import type { ProxyFault, TcpProxy } from '../support/tcp-proxy.ts';
import { assertSame, type DestinationUnderTest, destinationConformance, plainRows, rowOf } from './destination.ts';

/** A destination in another process: it can go away in the middle of something, and be picky. */
export interface ServerDestinationUnderTest extends DestinationUnderTest {
  /** Between the destinations that `open` gives and their server. */
  readonly proxy: TcpProxy;
  /** The first line of a request that carries events. */
  readonly writeRequest: RegExp;
  /** `kill -9`, and up again with what is on its disk. `breakPlace` and `mendPlace` do no less. */
  readonly restart: () => Promise<void>;
  openWithWrongCredentials(): Destination;
  /** Members of `payload.event` that the server refuses; prepares over there what this needs. */
  poison(): Promise<string>;
}

const NEVER = new AbortController().signal;
const EVENTS = 500;
const ATTEMPT_TIMEOUT_MS = 2500;

/** What every destination on a server promises: all of `destinationConformance`, and this, run by the delivery worker. */
export function serverDestinationConformance(name: string, setUp: () => Promise<ServerDestinationUnderTest>): void {
  destinationConformance(name, setUp);
  describe(`server destination contract: ${name}`, () => {
    let place: ServerDestinationUnderTest;
    let destination: Destination;
    let world: DeliveryWorld;
    const logger = new RecordingLogger();
    beforeEach(async () => {
      place = await setUp();
      destination = place.open();
      world = new DeliveryWorld();
      await destination.check(NEVER);
    });
    afterEach(async () => {
      await world.end();
      await destination.close();
      assertTellsNoSecret([logger.lines, place.logger.lines]);
      await place.close();
    });

    const assertTellsNoSecret = (said: unknown): void => {
      const text = inspect(said, { depth: 10, maxStringLength: null, maxArrayLength: null });
      for (const secret of place.secrets) assert.ok(!text.includes(secret), 'a secret was told');
    };
    /** Appends plain events, with other members for some, and lets a worker deliver them. */
    const work = async (count: number, members: ReadonlyMap<number, string> = new Map(), attemptTimeoutMs = 20_000) => {
      const rows = plainRows(1, count).map((row) => {
        const other = members.get(row.position);
        return other === undefined ? row : rowOf(row.position, other);
      });
      for (const { record } of rows) {
        await world.client(record.eventId ?? '', { envelope: record.rawEnvelope ?? '', type: record.eventType ?? '' });
      }
      const policy = { ...SERVER_POLICY, maxBatchSize: count, attemptTimeoutMs };
      return { rows, worker: world.start({ destination, policy, logger, clock: systemClock }) };
    };
    const settled = (worker: DeliveryWorker, upTo: number) =>
      eventually(() => (worker.status().committed === upTo ? worker.status() : undefined));
    const assertStored = async (rows: ReturnType<typeof plainRows>): Promise<void> => {
      const back = await place.readBack();
      assert.deepEqual(
        back.map((row) => row.sequence),
        rows.map((row) => Number(row.position)),
      );
      for (const [i, row] of back.entries()) assertSame(row, rows[i]?.record);
    };

    for (const when of ['halfway', 'answered'] as const) {
      const told = when === 'halfway' ? 'halfway through a batch' : 'before the answer to a batch arrives';
      it(`rule 18: the server is killed ${told}: every event is there once, value by value`, async () => {
        let restarted: Promise<void> | undefined;
        const onCut = () => {
          restarted = place.restart();
        };
        place.proxy.fault = { kind: 'cut', in: place.writeRequest, when, onCut } satisfies ProxyFault;
        const { rows, worker } = await work(EVENTS);
        await settled(worker, EVENTS);
        assert.ok(restarted !== undefined, 'the server was not killed');
        await restarted;
        assert.deepEqual(world.cursors.deadLetters, []);
        await assertStored(rows);
      });
    }

    it('a half-open connection: given up after the time of an attempt, tried again, and nothing is lost', async () => {
      place.proxy.fault = { kind: 'silent' };
      const { rows, worker } = await work(3, new Map(), 100);
      const waiting = await eventually(() => (worker.status().retried >= 2 ? worker.status() : undefined));
      assert.equal(waiting.committed, 0);
      assert.equal(waiting.lastError?.code, 'DELIVERY_ABORTED');
      await world.end();
      place.proxy.fault = undefined;
      const again = world.start({
        destination,
        policy: { ...SERVER_POLICY, attemptTimeoutMs: ATTEMPT_TIMEOUT_MS },
        logger,
        clock: systemClock,
      });
      await settled(again, 3);
      await assertStored(rows);
    });

    it('aborted in the middle: says retry at once, and the repetition delivers once', async () => {
      place.proxy.fault = { kind: 'silent' };
      const abort = new AbortController();
      const outcome = destination.deliver(place.attempts.batch(plainRows(1, 2)), abort.signal);
      await new Promise((resolve) => setTimeout(resolve, 50));
      const began = performance.now();
      abort.abort();
      assert.equal((await outcome).kind, 'retry');
      assert.ok(performance.now() - began < 1000);
      place.proxy.fault = undefined;
      assert.deepEqual(await destination.deliver(place.attempts.batch(plainRows(1, 2)), NEVER), {
        kind: 'delivered',
        rejected: [],
      });
      await assertStored(plainRows(1, 2));
    });

    it('wrong credentials: stopped until somebody acts, nothing becomes a dead letter, no secret is told', async () => {
      const right = destination;
      destination = place.openWithWrongCredentials();
      const refusal = await destination.check(NEVER).catch((error: unknown) => error);
      assert.ok(refusal instanceof Error);
      const { rows, worker } = await work(3);
      const stopped = await eventually(() => (worker.status().state === 'stopped' ? worker.status() : undefined));
      assertTellsNoSecret([refusal, stopped]);
      await world.end();
      await destination.close();
      assert.deepEqual(world.cursors.deadLetters, []);
      assert.deepEqual(await place.readBack(), []);
      destination = right;
      await settled(world.start({ destination, logger, clock: systemClock }), 3);
      await assertStored(rows);
    });

    it('rule 20: a poison event becomes a dead letter with its reason, all others are stored', async () => {
      const members = await place.poison();
      const { rows, worker } = await work(40, new Map([7, 8, 31].map((seq) => [seq, members])));
      const status = await settled(worker, 40);
      assert.deepEqual(
        world.cursors.deadLetters.map(({ range, envelope }) => [range.first, envelope]),
        [7, 8, 31].map((seq) => [seq, rows[seq - 1]?.record.rawEnvelope]),
      );
      assert.deepEqual({ delivered: status.delivered, rejected: status.rejected }, { delivered: 37, rejected: 3 });
      await assertStored(rows.filter(({ position }) => ![7, 8, 31].includes(position)));
    });
  });
}
