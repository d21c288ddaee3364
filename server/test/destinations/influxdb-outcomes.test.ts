import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { influxdbDestination } from '../../src/adapters/destinations/influxdb/index.ts';
import type { DeliveryWorker } from '../../src/pipeline/delivery-worker.ts';
import { type Destination, defineDestination } from '../../src/pipeline/ports/destination.ts';
import { plainRows, rowOf } from '../conformance/destination.ts';
import { DeliveryWorld } from '../pipeline/delivery-world.ts';
import { SERVER_POLICY } from '../support/fake-destination.ts';
import { AttemptMemory } from '../support/file-attempts.ts';
import { FilePlace } from '../support/file-place.ts';
import { eventually } from '../support/running-server.ts';
import { withDefaults } from '../support/schema-defaults.ts';
import { ScriptedInfluxdb } from '../support/scripted-influxdb.ts';

const registered = defineDestination(influxdbDestination);
const SECTIONS = {
  1: { v1Config: { dbName: 'audit' } },
  2: { v2Config: { org: 'audit', bucket: 'audit', token: 'Secret-token' } },
  3: { v3Config: { database: 'audit', token: 'Secret-token' } },
};

for (const version of [1, 2, 3] as const) {
  describe(`influxdb ${version}: what the worker makes of an answer`, () => {
    let server: ScriptedInfluxdb;
    let place: FilePlace;
    let destination: Destination;
    let world: DeliveryWorld;
    let worker: DeliveryWorker;
    beforeEach(async () => {
      server = new ScriptedInfluxdb();
      await server.up();
      place = new FilePlace();
      const raw = { host: '127.0.0.1', port: server.port, version, ...SECTIONS[version] };
      destination = registered.open(withDefaults(registered.jsonSchema, raw), place.context('influxdb')).destination;
      world = new DeliveryWorld();
    });
    afterEach(async () => {
      await world.end();
      await destination.close();
      await server.down();
      place.remove();
    });

    const append = async (count: number, members: ReadonlyMap<number, string> = new Map()) => {
      for (const row of plainRows(1, count)) {
        const other = members.get(row.position);
        const { record } = other === undefined ? row : rowOf(row.position, other);
        await world.client(record.eventId ?? '', { envelope: record.rawEnvelope ?? '' });
      }
    };
    /** The fake clock counts the time; an attempt itself takes none of it. */
    const start = () => {
      worker = world.start({ destination, policy: { ...SERVER_POLICY, attemptTimeoutMs: 1e9 } });
    };
    const attempted = () => eventually(() => (worker.status().state === 'delivering' ? undefined : true));
    const failed = () => eventually(() => worker.status().lastError);
    /** Lets so many seconds pass; gives the seconds at which a write or a failure came, from the start on. */
    const pass = async (seconds: number): Promise<readonly number[]> => {
      const times: number[] = [];
      for (let second = 0; second < seconds; second++) {
        const before = server.writes + worker.status().retried;
        await world.clock.advance(1000);
        await attempted();
        if (server.writes + worker.status().retried > before) times.push(world.clock.monotonicMs() / 1000);
      }
      return times;
    };
    const settled = () => eventually(() => (worker.status().committed === world.log.head() ? true : undefined));
    const pauses = (times: readonly number[]) => times.slice(1).map((time, i) => time - (times[i] ?? 0));

    for (const status of [500, 503, 429]) {
      it(`${status}: tried again with growing pauses, each time set up before; then everything is there`, async () => {
        server.answer = () => ({ status, body: { code: 'internal error', message: 'not now', error: 'not now' } });
        await append(1);
        start();
        await failed();
        const waits = pauses(await pass(240));
        assert.ok(waits.length >= 5, String(waits));
        assert.ok(waits.every((wait, i) => wait + 1 >= (waits[i - 1] ?? 0)) && Math.max(...waits) <= 61, String(waits));
        assert.equal(worker.status().state, 'retrying');
        const kinds = server.requests.join(' ');
        assert.doesNotMatch(kinds, /write write/);
        assert.ok(world.logger.at('warn').length <= 5);
        server.answer = () => undefined;
        await pass(61);
        assert.equal(server.lines.length, 1);
        assert.equal(worker.status().lagEvents, 0);
      });
    }

    it('429 with Retry-After: not before that', async () => {
      let n = 0;
      server.answer = () => (n++ === 0 ? { status: 429, headers: { 'retry-after': '150' } } : undefined);
      await append(1);
      start();
      await failed();
      assert.deepEqual(await pass(149), []);
      assert.equal((await pass(3)).length, 1);
      assert.equal(server.lines.length, 1);
    });

    it('no server: tried again with growing pauses; then everything is there', async () => {
      await server.down();
      await append(3);
      start();
      await failed();
      const waits = pauses(await pass(240));
      assert.ok(waits.length >= 5 && Math.max(...waits) <= 61, String(waits));
      assert.equal(worker.status().lastError?.code, 'INFLUXDB_UNREACHABLE');
      await server.up();
      await pass(61);
      assert.equal(server.lines.length, 3);
    });

    for (const status of [401, 403]) {
      it(`${status}: stopped, tried every minute, one log line a minute; nothing is lost`, async () => {
        server.answer = () => ({ status, body: { code: 'unauthorized', message: 'no', error: 'no' } });
        await append(3);
        start();
        await failed();
        assert.equal(worker.status().state, 'stopped');
        assert.equal(worker.status().lastError?.code, 'INFLUXDB_ACCESS_DENIED');
        const times = await pass(300);
        assert.equal(times.length, 5);
        assert.ok(
          pauses(times).every((wait) => wait >= 59 && wait <= 61),
          String(times),
        );
        assert.ok(Math.abs(world.logger.at('error').length - 6) <= 1, String(world.logger.at('error').length));
        server.answer = () => undefined;
        await pass(61);
        assert.equal(server.lines.length, 3);
        assert.deepEqual(world.cursors.deadLetters, []);
      });
    }

    it('404: set up again, then written', async () => {
      let n = 0;
      server.answer = () =>
        n++ === 0 ? { status: 404, body: { code: 'not found', message: 'no bucket' } } : undefined;
      await append(2);
      start();
      await failed();
      await pass(3);
      assert.match(server.requests.join(' '), /^(set-up )+write (set-up )+write$/);
      assert.equal(server.lines.length, 2);
    });

    it('400 that names no line: halved down to the bad event, which alone is a dead letter', async () => {
      server.answer = (lines) =>
        lines.some((line) => line.includes('poison'))
          ? { status: 400, body: { message: 'bad', error: 'bad' } }
          : undefined;
      await append(20, new Map([[13, '"objectId":"poison"']]));
      start();
      await settled();
      assert.deepEqual(
        world.cursors.deadLetters.map(({ range, error }) => [range.first, error.code]),
        [[13, 'INFLUXDB_REFUSED']],
      );
      assert.equal(server.lines.length, 19);
      const { delivered, rejected } = worker.status();
      assert.deepEqual({ delivered, rejected }, { delivered: 19, rejected: 1 });
    });

    it('413: halved until it fits; no event is at fault', async () => {
      server.answer = (lines) => (lines.length > 3 ? { status: 413 } : undefined);
      await append(20);
      start();
      await settled();
      assert.equal(server.lines.length, 20);
      assert.deepEqual(world.cursors.deadLetters, []);
    });

    it('one connection for everything, and compressed lines', async () => {
      for (let i = 0; i < 5; i++) {
        await world.client(`e${i}`);
        if (i === 0) start();
        await settled();
      }
      assert.ok(server.writes >= 2);
      assert.equal(server.connections, 1);
      assert.deepEqual(new Set(server.encodings), new Set(['gzip']));
    });

    it('a secret that is also the name of what is looked for: it is found, and nothing is made', async () => {
      const auth = { enable: true, username: 'audit', password: 'audit' };
      const section = {
        1: { v1Config: { dbName: 'audit', auth, retentionPolicy: { name: 'audit', duration: '0s' } } },
        2: { v2Config: { org: 'audit', bucket: 'audit', token: 'audit' } },
        3: { v3Config: { database: 'audit', token: 'audit' } },
      }[version];
      const raw = withDefaults(registered.jsonSchema, { host: '127.0.0.1', port: server.port, version, ...section });
      const opened = registered.open(raw, place.context('influxdb')).destination;
      const outcome = await opened.deliver(new AttemptMemory().batch(plainRows(1, 2)), new AbortController().signal);
      await opened.close();
      assert.equal(outcome.kind, 'delivered');
      const lookUps = { 1: 2, 2: 2, 3: 1 }[version];
      assert.deepEqual(server.requests, [...Array(lookUps).fill('set-up'), 'write']);
    });

    it('a server that takes anything with a page of its own has taken nothing', async () => {
      const portal = createServer((request, response) => {
        request.resume();
        response.writeHead(200, { 'content-type': 'text/html' }).end('\n<!doctype html><title>Welcome</title>');
      });
      portal.listen(0, '127.0.0.1');
      await once(portal, 'listening');
      const { port } = portal.address() as AddressInfo;
      const raw = withDefaults(registered.jsonSchema, { host: '127.0.0.1', port, version, ...SECTIONS[version] });
      const opened = registered.open(raw, place.context('influxdb')).destination;
      const outcome = await opened.deliver(new AttemptMemory().batch(plainRows(1, 2)), new AbortController().signal);
      await opened.close();
      portal.closeAllConnections();
      portal.close();
      assert.ok(outcome.kind === 'stopped', outcome.kind);
      assert.match(
        outcome.error.message,
        /with 200 \(.*Welcome.*Is this InfluxDB, and is destination\.influxdb\.version/,
      );
    });

    it('an error that comes as a success is none', async () => {
      server.answer = () => ({ status: 200, body: { error: 'cannot do that' } });
      await append(1);
      start();
      await failed();
      assert.equal(worker.status().state, 'stopped');
      assert.match(worker.status().lastError?.message ?? '', /with 200 \(cannot do that\)/);
    });
  });
}
