import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { inspect } from 'node:util';
import { influxdbDestination } from '../../src/adapters/destinations/influxdb/index.ts';
import { sequence } from '../../src/domain/sequence.ts';
import { type DeliveryRow, type Destination, defineDestination } from '../../src/pipeline/ports/destination.ts';
import { plainRows, type RowReadBack, rowOf } from '../conformance/destination.ts';
import { serverDestinationConformance } from '../conformance/server-destination.ts';
import { AttemptMemory } from '../support/file-attempts.ts';
import { FilePlace } from '../support/file-place.ts';
import { rowsReadBack } from '../support/influxdb-rows.ts';
import { InfluxdbStandIn } from '../support/influxdb-stand-in.ts';
import { withDefaults } from '../support/schema-defaults.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';

const registered = defineDestination(influxdbDestination);
const NEVER = new AbortController().signal;
const WRONG_TOKEN = 'Secret-and-wrong';

type Members = Readonly<Record<string, unknown>>;

function open(server: InfluxdbStandIn, place: FilePlace, config: Members = {}, more: Members = {}): Destination {
  const { token, org, version } = server;
  const section =
    version === 2
      ? { v2Config: { org, bucket: 'audit & co', token, ...config } }
      : { v3Config: { database: 'audit & co', token, ...config } };
  const raw = withDefaults(registered.jsonSchema, {
    ...{ host: '127.0.0.1', port: server.port, version },
    ...section,
    ...more,
  });
  return registered.open(raw, place.context('influxdb')).destination;
}

function rowsBack(server: InfluxdbStandIn): readonly RowReadBack[] {
  return rowsReadBack(
    [...server.points.values()].map(({ tags, fields, time }) => ({
      timeMs: time / 1_000_000n,
      value: (name) => {
        const found = fields.get(name)?.value ?? tags.get(name);
        if (typeof found !== 'number') return typeof found === 'bigint' ? String(found) : found;
        return String(Number.isInteger(found) ? BigInt(found) : found);
      },
    })),
  );
}

for (const version of [2, 3] as const) {
  serverDestinationConformance(`influxdb ${version}, against a stand-in`, async () => {
    const server = new InfluxdbStandIn(version);
    server.databases.add('audit & co');
    server.poison = 'poison';
    await server.up();
    const proxy = await TcpProxy.to(server.port);
    const place = new FilePlace();
    return {
      open: () => open(server, place, {}, { port: proxy.port }),
      openWithWrongCredentials: () => open(server, place, { token: WRONG_TOKEN }, { port: proxy.port }),
      proxy,
      writeRequest: /^POST \/api\/v(2\/write|3\/write_lp)/,
      async restart() {
        await server.down();
        await server.up();
      },
      readBack: async () => rowsBack(server),
      breakPlace: () => server.down(),
      mendPlace: () => server.up(),
      poison: async () => '"objectId":"poison"',
      logger: place.logger,
      attempts: new AttemptMemory(),
      secrets: [server.token, WRONG_TOKEN],
      retriesShowOnce: true,
      overlapsShowOnce: true,
      close: async () => {
        await proxy.close();
        await server.down();
        place.remove();
        assert.deepEqual(server.complaints, []);
      },
    };
  });

  describe(`influxdb ${version}, against a stand-in`, () => {
    let server: InfluxdbStandIn;
    let place: FilePlace;
    let destination: Destination;
    beforeEach(async () => {
      server = new InfluxdbStandIn(version);
      server.databases.add('audit & co');
      await server.up();
      place = new FilePlace();
      destination = open(server, place);
    });
    afterEach(async () => {
      await destination.close();
      await server.down();
      place.remove();
    });
    const deliver = (rows: readonly DeliveryRow[], to = destination) =>
      to.deliver(new AttemptMemory().batch(rows), NEVER);
    const stored = () => rowsBack(server).map((row) => row.sequence);
    const writes = () => server.requests.filter(({ path }) => path.endsWith('/write') || path.endsWith('/write_lp'));

    it('one connection, one set-up, compressed lines', async () => {
      for (let i = 0; i < 5; i++) assert.equal((await deliver(plainRows(i * 10 + 1, 10))).kind, 'delivered');
      assert.equal(server.connections, 1);
      assert.equal(writes().length, 5);
      assert.equal(server.requests.length, version === 2 ? 8 : 6);
      assert.deepEqual(server.complaints, []);
    });

    it('unparsable lines are dead letters, the rest is written', async () => {
      server.poison = 'poison';
      const rows = [1, 2, 3, 4, 5].map((n) =>
        rowOf(n, n % 2 === 0 ? '"objectId":"poison"' : '"objectId":"good\\nline"'),
      );
      const outcome = await deliver(rows);
      assert.ok(outcome.kind === 'delivered');
      assert.deepEqual(outcome.rejected.map(({ position }) => position).sort(), [2, 4]);
      assert.equal(outcome.rejected[0]?.error.code, 'INFLUXDB_REFUSED');
      assert.match(outcome.rejected[0]?.error.message ?? '', /invalid field format/);
      assert.deepEqual(stored(), [1, 3, 5]);
    });

    it('a type conflict: only the events that have it are dead letters', async () => {
      server.foreignField('audit_event', 'objectId', 'float');
      const rows = [1, 2, 3, 4].map((n) => rowOf(n, n % 2 === 0 ? '"objectId":null' : '"objectId":"text"'));
      const outcome = await deliver(rows);
      assert.ok(outcome.kind === 'delivered');
      assert.deepEqual(
        outcome.rejected.map(({ position }) => position),
        [1, 3],
      );
      assert.deepEqual(stored(), [2, 4]);
    });

    for (const [status, retryAfter, afterMs] of [
      [429, '7', 7000],
      [503, 'Mon, 23 Nov 2026 07:00:30 GMT', 30_000],
      [500, undefined, undefined],
      [502, 'soon', undefined],
    ] as const) {
      it(`${status} with Retry-After ${retryAfter}: tried again, and set up again`, async () => {
        await destination.check(NEVER);
        const before = server.requests.length;
        server.next.push({ status, ...(retryAfter === undefined ? {} : { headers: { 'retry-after': retryAfter } }) });
        const outcome = await deliver(plainRows(1, 2));
        assert.ok(outcome.kind === 'retry');
        assert.equal(outcome.afterMs, afterMs);
        assert.equal((await deliver(plainRows(1, 2))).kind, 'delivered');
        assert.ok(server.requests.length > before + 2);
        assert.deepEqual(stored(), [1, 2]);
      });
    }

    it('a text that is too long for the server is left out, its event is not', async () => {
      const message = `partial write: input field "objectData" on measurement "audit_event" is too long, 70002 > 65536 dropped=1`;
      const body = { code: 'unprocessable entity', message: `failure writing points to database: ${message}` };
      server.next.push({ status: 422, body });
      const rows = [rowOf(1, `"objectData":"${'x'.repeat(70_000)}"`), rowOf(2, '"objectData":"short"')];
      for (let time = 1; time <= 2; time++) {
        assert.deepEqual(await deliver(rows), { kind: 'delivered', rejected: [] });
      }
      const [long, short] = [...server.points.values()].map(({ fields }) => fields);
      assert.deepEqual(long?.get('leftOut'), { type: 'string', value: '{"objectData":70002}' });
      assert.equal(long?.has('objectData'), false);
      assert.equal(long?.has('sequence'), true);
      assert.deepEqual([short?.get('objectData')?.value, short?.has('leftOut')], ['"short"', false]);
    });

    it('an event too large for a request of its own goes without its long text', async () => {
      server.maxBodyBytes = 100_000;
      const rows = [rowOf(1, `"objectData":"${'x'.repeat(200_000)}"`)];
      assert.deepEqual(await deliver(rows), { kind: 'delivered', rejected: [] });
      const [fields] = [...server.points.values()].map((point) => point.fields);
      assert.deepEqual(fields?.get('leftOut')?.value, '{"objectData":200002}');
      assert.equal((await deliver([...rows, ...plainRows(2, 1)])).kind, 'refused', 'halved first');
    });

    it('a text of an event cannot pass for the server’s limit', async () => {
      const [row] = plainRows(1, 1);
      const said = `unable to parse '…partial write: input field "x" on measurement "y" is too long, 9 > 1': nonsense`;
      server.next.push({ status: 400, body: { code: 'invalid', message: said, error: said } });
      assert.equal((await deliver(row === undefined ? [] : [row])).kind, 'refused');
      assert.doesNotMatch(inspect(place.logger.lines), /leftOut/);
    });

    it('a duration keeps its fraction', async () => {
      await deliver([rowOf(1, '"duration":1234.5'), rowOf(2, '"duration":1234')]);
      const durations = [...server.points.values()].map(({ fields }) => fields.get('durationMs'));
      assert.deepEqual(durations, [
        { type: 'float', value: 1234.5 },
        { type: 'float', value: 1234 },
      ]);
    });

    it('rule 13: what came under the id of another event does not replace it', async () => {
      const first = rowOf(1, '"duration":1');
      const other = { ...rowOf(2, '"duration":2').record, eventId: first.record.eventId };
      const second: DeliveryRow = { position: sequence(2), record: other, isConflict: true };
      await deliver([first]);
      for (let time = 1; time <= 2; time++) await deliver([second]);
      assert.deepEqual(
        [...server.points.values()].map(({ fields }) => fields.get('durationMs')?.value),
        [1, 2],
      );
    });

    it('413: refused, so that the batch is halved', async () => {
      server.maxBodyBytes = 2000;
      assert.equal((await deliver(plainRows(1, 10))).kind, 'refused');
      assert.equal((await deliver(plainRows(1, 1))).kind, 'delivered');
    });

    it('a wrong token stops it and is never told', async () => {
      const other = open(server, place, { token: WRONG_TOKEN });
      server.next.push({ status: 400, body: { message: WRONG_TOKEN, error: WRONG_TOKEN } });
      const outcome = await deliver(plainRows(1, 1), other);
      assert.ok(outcome.kind === 'stopped');
      assert.equal(outcome.error.code, 'INFLUXDB_ACCESS_DENIED');
      await assert.rejects(other.check(NEVER), { code: 'INFLUXDB_ACCESS_DENIED' });
      assert.doesNotMatch(inspect([outcome, place.logger.lines], { depth: 9 }), /Secret/);
      await other.close();
    });

    it('an answer that repeats the token does not tell it', async () => {
      server.next.push({ status: 400, body: { message: server.token, error: server.token } });
      const outcome = await deliver(plainRows(1, 1));
      assert.ok(outcome.kind === 'refused');
      assert.doesNotMatch(inspect(outcome, { depth: 9 }), /Secret/);
    });

    it('a token that may only write is enough', async () => {
      server.buckets.set('audit & co', { name: 'audit & co', description: '', retentionRules: [] });
      const other = open(server, place, { token: server.writeOnlyToken });
      assert.equal((await deliver(plainRows(1, 2), other)).kind, 'delivered');
      assert.deepEqual(stored(), [1, 2]);
      await other.close();
    });

    it('a server of another kind stops it', async () => {
      server.next.push({ status: 405, body: {} });
      const outcome = await deliver(plainRows(1, 1));
      assert.ok(outcome.kind === 'stopped');
      assert.match(outcome.error.message, /version/);
    });
  });
}

describe('influxdb 2 and 3: what they are set up with', () => {
  const place = new FilePlace();
  const using = async (version: 2 | 3, use: (server: InfluxdbStandIn) => Promise<void>) => {
    const server = new InfluxdbStandIn(version);
    await server.up();
    try {
      await use(server);
    } finally {
      await server.down();
      place.remove();
    }
  };

  it('2: makes the bucket with description and retention, and again when it went away', () =>
    using(2, async (server) => {
      const destination = open(server, place, { description: 'Audit "events"', retentionDuration: '10d' });
      await destination.check(NEVER);
      const bucket = {
        name: 'audit & co',
        description: 'Audit "events"',
        retentionRules: [{ type: 'expire', everySeconds: 864_000 }],
      };
      assert.deepEqual(server.buckets.get('audit & co'), bucket);
      server.buckets.clear();
      const rows = plainRows(1, 1);
      assert.equal((await destination.deliver(new AttemptMemory().batch(rows), NEVER)).kind, 'retry');
      assert.equal((await destination.deliver(new AttemptMemory().batch(rows), NEVER)).kind, 'delivered');
      assert.deepEqual(server.buckets.get('audit & co'), bucket);
      await destination.close();
    }));

  it('2: 0s is for ever', () =>
    using(2, async (server) => {
      const destination = open(server, place, { retentionDuration: '0s' });
      await destination.check(NEVER);
      assert.deepEqual(server.buckets.get('audit & co')?.retentionRules, []);
      await destination.close();
    }));

  it('2: an unknown organisation is told with the command that makes it', () =>
    using(2, async (server) => {
      const destination = open(server, place, { org: 'nope' });
      await assert.rejects(destination.check(NEVER), /influx org create --name 'nope'/);
      await destination.close();
    }));

  it('3: a server that has nothing to look up gets the writes', () =>
    using(3, async (server) => {
      server.databases.add('audit & co');
      server.canList = false;
      const destination = open(server, place);
      assert.equal((await destination.deliver(new AttemptMemory().batch(plainRows(1, 1)), NEVER)).kind, 'delivered');
      await destination.close();
    }));

  it('3: a missing database is not made; the message has the command', () =>
    using(3, async (server) => {
      const destination = open(server, place, { retentionDuration: '10d' });
      const outcome = await destination.deliver(new AttemptMemory().batch(plainRows(1, 1)), NEVER);
      assert.ok(outcome.kind === 'stopped');
      assert.match(outcome.error.message, /influxdb3 create database --retention-period 10d 'audit & co'/);
      assert.deepEqual(server.complaints, []);
      await destination.close();
      for (const retentionDuration of ['', '0', 'INF']) {
        const forEver = open(server, place, { retentionDuration });
        await assert.rejects(forEver.check(NEVER), /influxdb3 create database 'audit & co'/);
        await forEver.close();
      }
    }));
});

for (const { duration, problem } of [
  { duration: '60s', problem: /at least one hour/ },
  { duration: '59m59s', problem: /at least one hour/ },
  { duration: 'a week', problem: /a duration such as/ },
  { duration: '-1h', problem: /a duration such as/ },
]) {
  it(`retentionDuration ${duration} is a mistake, found before anything is sent`, () => {
    const v2Config = { org: 'o', bucket: 'b', token: 't', retentionDuration: duration };
    const raw = withDefaults(registered.jsonSchema, { version: 2, v2Config });
    assert.throws(() => registered.checkOptions(raw), { code: 'CONFIG_INVALID', message: problem });
  });
}

it('settings that are missing are named, and stop nothing else', async () => {
  const place = new FilePlace();
  const raw = withDefaults(registered.jsonSchema, {});
  const { destination } = registered.open(raw, place.context('influxdb'));
  const outcome = await destination.deliver(new AttemptMemory().batch(plainRows(1, 1)), NEVER);
  assert.ok(outcome.kind === 'stopped');
  assert.match(outcome.error.message, /v2Config\.org, .*v2Config\.bucket, .*v2Config\.token/);
  await destination.close();
  place.remove();
});
