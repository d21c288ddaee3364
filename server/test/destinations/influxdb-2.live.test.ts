import assert from 'node:assert/strict';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { influxdbDestination } from '../../src/adapters/destinations/influxdb/index.ts';
import { systemClock } from '../../src/adapters/system-clock/system-clock.ts';
import { type DeliveryRow, type Destination, defineDestination } from '../../src/pipeline/ports/destination.ts';
import { plainRows, rowOf } from '../conformance/destination.ts';
import { serverDestinationConformance } from '../conformance/server-destination.ts';
import { DeliveryWorld } from '../pipeline/delivery-world.ts';
import { findTool, INFLUXDB_TWO, skipWithout } from '../support/external-tools.ts';
import { AttemptMemory } from '../support/file-attempts.ts';
import { FilePlace } from '../support/file-place.ts';
import type { InfluxRow } from '../support/influxdb-one.ts';
import { rowsReadBack } from '../support/influxdb-rows.ts';
import { InfluxdbTwo, OPERATOR_TOKEN, ORG } from '../support/influxdb-two.ts';
import { eventually } from '../support/running-server.ts';
import { withDefaults } from '../support/schema-defaults.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';

const registered = defineDestination(influxdbDestination);
const NEVER = new AbortController().signal;
const WRONG_TOKEN = 'Secret-and-wrong';

type Members = Readonly<Record<string, unknown>>;

function open(port: number, place: FilePlace, v2Config: Members, more: Members = {}): Destination {
  const config = { org: ORG, token: OPERATOR_TOKEN, ...v2Config };
  const raw = { host: '127.0.0.1', port, version: 2, v2Config: config, ...more };
  return registered.open(withDefaults(registered.jsonSchema, raw), place.context('influxdb')).destination;
}

const rowsBack = (rows: readonly InfluxRow[]) =>
  rowsReadBack(rows.map((row) => ({ value: (name) => row[name], timeMs: Date.parse(String(row._time)) })));

describe('influxdb destination against a real InfluxDB 2', { skip: skipWithout(INFLUXDB_TWO) }, () => {
  let server: InfluxdbTwo;
  let buckets = 0;
  const nextBucket = () => `audit '${++buckets}', & co \\ ö`;
  before(async () => {
    server = await InfluxdbTwo.start(findTool(INFLUXDB_TWO) ?? '');
  });
  after(() => server.remove());

  const deliver = (destination: Destination, rows: readonly DeliveryRow[]) =>
    destination.deliver(new AttemptMemory().batch(rows), NEVER);
  const using = async (
    v2Config: Members,
    use: (destination: Destination, bucket: string, place: FilePlace) => Promise<void>,
    more: Members = {},
  ) => {
    const place = new FilePlace();
    const bucket = nextBucket();
    const destination = open(server.port, place, { bucket, ...v2Config }, more);
    try {
      await use(destination, bucket, place);
    } finally {
      await destination.close();
      place.remove();
    }
  };
  const sequencesIn = async (bucket: string) => rowsBack(await server.points(bucket)).map((row) => row.sequence);

  serverDestinationConformance('influxdb 2', async () => {
    const place = new FilePlace();
    const proxy = await TcpProxy.to(server.port);
    const bucket = nextBucket();
    return {
      open: () => open(proxy.port, place, { bucket }),
      openWithWrongCredentials: () => open(proxy.port, place, { bucket, token: WRONG_TOKEN }),
      proxy,
      writeRequest: /^POST \/api\/v2\/write/,
      async restart() {
        await server.kill();
        await server.up();
      },
      readBack: async () => rowsBack(await server.points(bucket)),
      breakPlace: () => server.kill(),
      mendPlace: () => server.up(),
      async poison() {
        await server.write(bucket, 'audit_event,eventId=foreign enterSelectionTxnId=1.5 1766814400337000000');
        return '"enterSelectionTxnId":"a text"';
      },
      logger: place.logger,
      attempts: new AttemptMemory(),
      secrets: [OPERATOR_TOKEN, WRONG_TOKEN],
      retriesShowOnce: true,
      overlapsShowOnce: true,
      close: async () => {
        await proxy.close();
        place.remove();
        if (!(await server.isUp())) await server.up();
      },
    };
  });

  it('documented tags and fields, with their types', async () => {
    const more = { staticTags: [{ name: 'env', value: 'prod, "1"' }], auditEventSchemaVersion: '2' };
    await using(
      {},
      async (destination, bucket) => {
        assert.equal((await deliver(destination, plainRows(1, 1))).kind, 'delivered');
        const [point] = await server.points(bucket);
        assert.equal(point?.env, 'prod, "1"');
        assert.equal(point?.auditEventSchemaVersion, '2');
        assert.equal(point?.receivedAt, '2026-11-23T07:00:00.123Z');
        const types: Record<string, string> = {};
        for (const field of ['durationMs', 'visible', 'sequence', 'dataStateId', 'receivedAt']) {
          const csv = await server.flux(
            `from(bucket: ${JSON.stringify(bucket)}) |> range(start: 2000-01-01T00:00:00Z)
            |> filter(fn: (r) => r._field == "${field}") |> keep(columns: ["_value"])`,
            { annotated: true },
          );
          types[field] = /#datatype,string,long,(\w+)/.exec(csv)?.[1] ?? 'none';
        }
        assert.deepEqual(types, {
          durationMs: 'double',
          visible: 'boolean',
          sequence: 'long',
          dataStateId: 'long',
          receivedAt: 'string',
        });
      },
      more,
    );
  });

  it('every text comes back as it was, from tags and fields', async () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 60 }).map((value) => value.toWellFormed()),
      fc.string({
        unit: fc.constantFrom('\\', '"', ',', '=', ' ', '\n', '\r', '\t', '\0', 'a', '#', '😀'),
        maxLength: 20,
      }),
    );
    const samples = [...fc.sample(text, 400), `${'😀,'.repeat(20_000)}\\`, '"'.repeat(70_000), '\\'.repeat(5000)];
    const rows = samples.map((value, i) => {
      const [row] = plainRows(i + 1, 1);
      assert.ok(row !== undefined);
      const record = { ...row.record, appName: value, userId: value, objectId: value, sheetName: value };
      return { position: row.position, record };
    });
    await using({}, async (destination, bucket) => {
      assert.deepEqual(await deliver(destination, rows), { kind: 'delivered', rejected: [] });
      const back = rowsBack(await server.points(bucket));
      assert.equal(back.length, rows.length);
      for (const [i, { fields }] of back.entries()) {
        const value = samples[i];
        const { appName, userId, objectId, sheetName } = fields;
        assert.deepEqual(
          { appName, userId, objectId, sheetName },
          { appName: value, userId: value, objectId: value, sheetName: value },
        );
      }
    });
  });

  it('makes the bucket with description and retention, and leaves it alone afterwards', async () => {
    await using({ description: 'Audit "events", ö', retentionDuration: '10d' }, async (destination, bucket, place) => {
      for (let i = 0; i < 2; i++) await destination.check(NEVER);
      const made = await server.bucket(bucket);
      assert.equal(made?.description, 'Audit "events", ö');
      assert.deepEqual(
        made?.retentionRules.map(({ type, everySeconds }) => ({ type, everySeconds })),
        [{ type: 'expire', everySeconds: 864_000 }],
      );
      const other = open(server.port, place, { bucket, description: 'other', retentionDuration: '20d' });
      await other.check(NEVER);
      await other.close();
      assert.deepEqual(await server.bucket(bucket), made);
    });
  });

  it('0s is for ever', async () => {
    await using({ retentionDuration: '0s' }, async (destination, bucket) => {
      await destination.check(NEVER);
      assert.deepEqual(
        (await server.bucket(bucket))?.retentionRules.map(({ everySeconds }) => everySeconds),
        [0],
      );
    });
  });

  it('a retention under an hour is a mistake of the configuration; this server would answer 500', async () => {
    const place = new FilePlace();
    assert.throws(() => open(server.port, place, { bucket: 'short', retentionDuration: '59m' }), {
      code: 'CONFIG_INVALID',
      message: /v2Config\.retentionDuration.*at least one hour/,
    });
    place.remove();
    assert.equal(await server.bucket('short'), undefined);
    const { orgID } = (await server.bucket('first')) ?? {};
    const retentionRules = [{ type: 'expire', everySeconds: 60 }];
    await assert.rejects(server.ask('POST', '/api/v2/buckets', { orgID, name: 'short', retentionRules }), /500/);
  });

  it('an unknown organisation is told with the command that makes it', async () => {
    await using({ org: 'nope' }, async (destination) => {
      await assert.rejects(destination.check(NEVER), /influx org create --name 'nope'/);
    });
  });

  it('a bucket that is deleted under it is made again', async () => {
    await using({ description: 'again', retentionDuration: '400d' }, async (destination, bucket) => {
      assert.equal((await deliver(destination, plainRows(1, 1))).kind, 'delivered');
      await server.removeBucket(bucket);
      const outcome = await deliver(destination, plainRows(2, 1));
      assert.ok(outcome.kind === 'retry' && outcome.error.code === 'INFLUXDB_MISSING');
      assert.equal((await deliver(destination, plainRows(2, 1))).kind, 'delivered');
      assert.equal((await server.bucket(bucket))?.description, 'again');
      assert.deepEqual(await sequencesIn(bucket), [2]);
    });
  });

  it('a token that may only write is enough; without a bucket it stops', async () => {
    await using({}, async (destination, bucket, place) => {
      await destination.check(NEVER);
      const token = await server.writeOnlyToken(bucket);
      const writer = open(server.port, place, { bucket, token });
      assert.deepEqual(await deliver(writer, plainRows(1, 2)), { kind: 'delivered', rejected: [] });
      assert.deepEqual(await sequencesIn(bucket), [1, 2]);
      await server.removeBucket(bucket);
      assert.equal((await deliver(writer, plainRows(3, 1))).kind, 'retry');
      assert.equal((await deliver(writer, plainRows(3, 1))).kind, 'stopped');
      await writer.close();
    });
  });

  it('a bad line: the server refuses the whole batch and names it; it alone is rejected, the others are written', async () => {
    // a measurement so long that only events with long names go over what the server takes for a series
    const measurementName = 'm'.repeat(62_000);
    await using(
      {},
      async (destination, bucket) => {
        const rows = plainRows(1, 6).map((row) =>
          row.position % 3 === 0
            ? { ...row, record: { ...row.record, appName: 'n'.repeat(2000), userId: 'u'.repeat(2000) } }
            : row,
        );
        const outcome = await deliver(destination, rows);
        assert.ok(outcome.kind === 'delivered');
        assert.deepEqual(
          outcome.rejected.map(({ position }) => position),
          [3, 6],
        );
        assert.match(outcome.rejected[0]?.error.message ?? '', /max key length exceeded/);
        const back = rowsBack(await server.points(bucket, measurementName));
        assert.deepEqual(
          back.map((row) => row.sequence),
          [1, 2, 4, 5],
        );
      },
      { measurementName },
    );
  });

  it('a type conflict: only the events that have it are rejected', async () => {
    await using({}, async (destination, bucket) => {
      await destination.check(NEVER);
      await server.write(bucket, 'audit_event,eventId=x objectId=1.5 1766814400337000000');
      const rows = [1, 2, 3, 4].map((n) => rowOf(n, n % 2 === 0 ? '"objectId":null' : '"objectId":"text"'));
      const outcome = await deliver(destination, rows);
      assert.ok(outcome.kind === 'delivered');
      assert.deepEqual(
        outcome.rejected.map(({ position }) => position),
        [1, 3],
      );
      assert.match(outcome.rejected[0]?.error.message ?? '', /field type conflict/);
      assert.deepEqual(await sequencesIn(bucket), [2, 4]);
    });
  });

  it('a text longer than a megabyte is left out, its event is not', async () => {
    await using({}, async (destination, bucket) => {
      const [first, , third] = plainRows(1, 3);
      assert.ok(first !== undefined && third !== undefined);
      const rows = [first, rowOf(2, `"objectData":"${'x'.repeat(1_100_000)}"`), third];
      assert.deepEqual(await deliver(destination, rows), { kind: 'delivered', rejected: [] });
      assert.deepEqual(await sequencesIn(bucket), [1, 2, 3]);
      const query = `from(bucket: ${JSON.stringify(bucket)}) |> range(start: 0) |> filter(fn: (r) => r._field == "leftOut")`;
      assert.match(await server.flux(query), /objectData"":1100002/);
    });
  });

  it('events older than the retention are rejected, the others are not', async () => {
    await using({ retentionDuration: '30d' }, async (destination, bucket) => {
      const now = BigInt(Date.now());
      const rows = plainRows(1, 4).map((row, i) => ({
        position: row.position,
        record: { ...row.record, timestamp: i % 2 === 0 ? row.record.timestamp : now },
      }));
      const outcome = await deliver(destination, rows);
      assert.ok(outcome.kind === 'delivered', JSON.stringify(outcome));
      assert.deepEqual(outcome.rejected.map(({ position }) => position).sort(), [1, 3]);
      assert.deepEqual(await sequencesIn(bucket), [2, 4]);
    });
  });

  it('413 of a proxy before it: the batch is halved until it passes, and nothing is lost', async (t) => {
    const limit = 900;
    let refused = 0;
    const front = createServer((incoming, answer) => {
      if (Number(incoming.headers['content-length'] ?? 0) > limit) {
        refused++;
        incoming.resume().on('end', () => answer.writeHead(413).end('Request Entity Too Large'));
        return;
      }
      const { method, url, headers } = incoming;
      const onward = request({ port: server.port, host: '127.0.0.1', method, path: url, headers }, (reply) => {
        answer.writeHead(reply.statusCode ?? 500, reply.headers);
        reply.pipe(answer);
      });
      incoming.pipe(onward);
    }).listen(0, '127.0.0.1');
    t.after(() => {
      front.close();
      front.closeAllConnections();
    });
    const world = new DeliveryWorld();
    await using({}, async (direct, bucket, place) => {
      await direct.check(NEVER);
      const destination = open((front.address() as AddressInfo).port, place, { bucket });
      for (const { record } of plainRows(1, 100)) {
        await world.client(record.eventId ?? '', { envelope: record.rawEnvelope ?? '' });
      }
      const worker = world.start({ destination, clock: systemClock });
      await eventually(() => (worker.status().committed === 100 ? true : undefined));
      await world.end();
      await destination.close();
      assert.ok(refused > 0);
      assert.deepEqual(world.cursors.deadLetters, []);
      assert.deepEqual(
        await sequencesIn(bucket),
        Array.from({ length: 100 }, (_, i) => i + 1),
      );
    });
  });
});
