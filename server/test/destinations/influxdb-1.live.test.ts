import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { influxdbDestination } from '../../src/adapters/destinations/influxdb/index.ts';
import { auditRecordOf } from '../../src/domain/audit-record.ts';
import { sequence } from '../../src/domain/sequence.ts';
import { type DeliveryRow, type Destination, defineDestination } from '../../src/pipeline/ports/destination.ts';
import { plainRows, rowOf } from '../conformance/destination.ts';
import { serverDestinationConformance } from '../conformance/server-destination.ts';
import { findTool, INFLUXDB_ONE, skipWithout } from '../support/external-tools.ts';
import { AttemptMemory } from '../support/file-attempts.ts';
import { FilePlace } from '../support/file-place.ts';
import { ADMIN, InfluxdbOne, type InfluxdbOneSettings, type InfluxRow } from '../support/influxdb-one.ts';
import { rowsReadBack } from '../support/influxdb-rows.ts';
import { withDefaults } from '../support/schema-defaults.ts';
import { storedEvent } from '../support/stored-event.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';

const registered = defineDestination(influxdbDestination);
const NEVER = new AbortController().signal;
const WRONG_PASSWORD = 'Wrong-secret';

interface Section {
  readonly dbName: string;
  readonly password?: string;
  readonly retentionPolicy?: { readonly name: string; readonly duration: string };
  readonly more?: Readonly<Record<string, unknown>>;
}

function open(port: number, place: FilePlace, section: Section): Destination {
  const { dbName, password = ADMIN.password, retentionPolicy = {}, more = {} } = section;
  const auth = { enable: true, username: ADMIN.username, password };
  const raw = { host: '127.0.0.1', port, version: 1, v1Config: { dbName, auth, retentionPolicy }, ...more };
  return registered.open(withDefaults(registered.jsonSchema, raw), place.context('influxdb')).destination;
}

const rowsBack = (rows: readonly InfluxRow[]) =>
  rowsReadBack(rows.map((row) => ({ value: (name) => row[name], timeMs: BigInt(String(row.time)) / 1_000_000n })));

const skip = skipWithout(INFLUXDB_ONE);

describe('influxdb destination against a real InfluxDB 1', { skip }, () => {
  let server: InfluxdbOne;
  let databases = 0;
  const start = (settings?: InfluxdbOneSettings) => InfluxdbOne.start(findTool(INFLUXDB_ONE) ?? '', settings);
  before(async () => {
    server = await start({ http: 'max-body-size = 2000000' });
  });
  after(() => server.remove());

  const readBack = (db: string) => server.query('SELECT * FROM audit_event', db);
  const deliver = (destination: Destination, rows: readonly DeliveryRow[]) =>
    destination.deliver(new AttemptMemory().batch(rows), NEVER);
  const using = async (
    section: Partial<Section>,
    use: (destination: Destination, db: string, place: FilePlace) => Promise<void>,
    port = server.port,
  ) => {
    const place = new FilePlace();
    const dbName = `audit "${++databases}" ö`;
    const destination = open(port, place, { dbName, ...section });
    try {
      await use(destination, dbName, place);
    } finally {
      await destination.close();
      place.remove();
    }
  };

  const restart = async () => {
    await server.kill();
    await server.up();
  };
  serverDestinationConformance('influxdb 1', async () => {
    const place = new FilePlace();
    const proxy = await TcpProxy.to(server.port);
    const dbName = `audit_${++databases}`;
    const basic = (password: string) => Buffer.from(`${ADMIN.username}:${password}`).toString('base64');
    return {
      open: () => open(proxy.port, place, { dbName }),
      openWithWrongCredentials: () => open(proxy.port, place, { dbName, password: WRONG_PASSWORD }),
      proxy,
      writeRequest: /^POST \/write/,
      restart,
      readBack: async () => rowsBack(await readBack(dbName)),
      breakPlace: () => server.kill(),
      mendPlace: () => server.up(),
      async poison() {
        await server.write(dbName, 'audit_event,eventId=foreign enterSelectionTxnId=1.5 1766814400337000000');
        return '"enterSelectionTxnId":"a text"';
      },
      logger: place.logger,
      attempts: new AttemptMemory(),
      secrets: [ADMIN.password, WRONG_PASSWORD, basic(ADMIN.password), basic(WRONG_PASSWORD)],
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
    await using({ more }, async (destination, db) => {
      await deliver(destination, plainRows(1, 1));
      const types = await server.query('SHOW FIELD KEYS FROM audit_event', db);
      const typeOf = Object.fromEntries(types.map(({ fieldKey, fieldType }) => [fieldKey, fieldType]));
      assert.equal(typeOf.durationMs, 'float');
      assert.equal(typeOf.visible, 'boolean');
      assert.equal(typeOf.sequence, 'integer');
      assert.equal(typeOf.dataStateId, 'integer');
      assert.equal(typeOf.receivedAt, 'string');
      const keys = (await server.query('SHOW TAG KEYS FROM audit_event', db)).map(({ tagKey }) => tagKey);
      assert.deepEqual(keys, [
        'appId',
        'appName',
        'auditEventSchemaVersion',
        'correlationId',
        'env',
        'eventId',
        'eventType',
        'selectionTxnId',
        'userId',
      ]);
      const [row] = await readBack(db);
      assert.equal(row?.env, 'prod, "1"');
      assert.equal(row?.auditEventSchemaVersion, '2');
      assert.equal(row?.receivedAt, '2026-11-23T07:00:00.123Z');
    });
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
    await using({}, async (destination, db) => {
      assert.deepEqual(await deliver(destination, rows), { kind: 'delivered', rejected: [] });
      const back = rowsBack(await readBack(db));
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

  it('low-cardinality: two events of one user in one millisecond stay two points', async () => {
    await using({ more: { tagProfile: 'low-cardinality' } }, async (destination, db) => {
      await deliver(destination, plainRows(41, 2));
      const rows = await readBack(db);
      assert.deepEqual(
        rows.map(({ time }) => time),
        ['1766814400337000041', '1766814400337000042'],
      );
      const tags = (await server.query('SHOW TAG KEYS FROM audit_event', db)).map(({ tagKey }) => tagKey);
      assert.deepEqual(tags, ['appId', 'appName', 'auditEventSchemaVersion', 'eventType', 'userId']);
      assert.equal(rows[0]?.eventId, 'a0000000-0000-4000-8000-000000000041');
    });
  });

  it('a time that InfluxDB cannot hold gives way to that of the arrival', async () => {
    const [plain] = plainRows(1, 1);
    assert.ok(plain !== undefined);
    const records = [Date.UTC(1500, 0), Date.UTC(9999, 0), null].map((at, i) => ({
      position: sequence(i + 1),
      record: { ...plain.record, eventId: String(i), timestamp: at === null ? null : BigInt(at) },
    }));
    await using({}, async (destination, db) => {
      assert.deepEqual(await deliver(destination, records), { kind: 'delivered', rejected: [] });
      const rows = await server.query('SELECT timestamp_exact, eventId, sequence FROM audit_event', db);
      assert.deepEqual(new Set(rows.map(({ time }) => time)), new Set(['1795417200123000000']));
      assert.deepEqual(rows.map((row) => row.timestamp_exact).sort(), [
        '1500-01-01T00:00:00.000Z',
        '9999-01-01T00:00:00.000Z',
        null,
      ]);
    });
  });

  it('makes database and retention policy, and leaves them alone afterwards', async () => {
    const retentionPolicy = { name: 'ten "days"', duration: '10d' };
    await using({ retentionPolicy }, async (destination, db) => {
      for (let i = 0; i < 2; i++) await destination.check(NEVER);
      const policies = await server.query(`SHOW RETENTION POLICIES ON ${JSON.stringify(db)}`);
      const made = policies.find(({ name }) => name === 'ten "days"');
      assert.equal(made?.duration, '240h0m0s');
      assert.equal(made?.default, true);
    });
  });

  it('makes a policy with the name that InfluxDB gives to its own', async () => {
    await using({ retentionPolicy: { name: 'autogen', duration: '10d' } }, async (destination, db) => {
      await destination.check(NEVER);
      const policies = await server.query(`SHOW RETENTION POLICIES ON ${JSON.stringify(db)}`);
      assert.deepEqual(
        policies.map(({ name, duration, default: isDefault }) => [name, duration, isDefault]),
        [['autogen', '240h0m0s', true]],
      );
    });
  });

  it('a type conflict: only the events that have it are rejected', async () => {
    await using({}, async (destination, db) => {
      await destination.check(NEVER);
      await server.write(db, 'audit_event,eventId=x objectId=1.5 1766814400337000000');
      const rows = [1, 2, 3, 4].map((n) => rowOf(n, n % 2 === 0 ? '"objectId":null' : '"objectId":"text"'));
      const outcome = await deliver(destination, rows);
      assert.ok(outcome.kind === 'delivered');
      assert.deepEqual(
        outcome.rejected.map(({ position }) => position),
        [1, 3],
      );
      assert.match(outcome.rejected[0]?.error.message ?? '', /field type conflict/);
      const back = await server.query('SELECT sequence FROM audit_event', db);
      assert.deepEqual(back.map((row) => Number(row.sequence)).sort(), [2, 4]);
    });
  });

  it('events older than the retention are rejected, the others are not', async () => {
    const retentionPolicy = { name: 'short', duration: '30d' };
    await using({ retentionPolicy }, async (destination, db) => {
      const now = BigInt(Date.now());
      const rows = plainRows(1, 4).map((row, i) => ({
        position: row.position,
        record: { ...row.record, timestamp: i % 2 === 0 ? row.record.timestamp : now },
      }));
      const outcome = await deliver(destination, rows);
      assert.ok(outcome.kind === 'delivered');
      assert.deepEqual(outcome.rejected.map(({ position }) => position).sort(), [1, 3]);
      const back = await server.query('SELECT sequence FROM audit_event', db);
      assert.deepEqual(back.map((row) => Number(row.sequence)).sort(), [2, 4]);
    });
  });

  it('a database that went away is made again', async () => {
    await using({ retentionPolicy: { name: 'rp', duration: '0s' } }, async (destination, db) => {
      assert.equal((await deliver(destination, plainRows(1, 1))).kind, 'delivered');
      await server.query(`DROP DATABASE ${JSON.stringify(db)}`);
      const outcome = await deliver(destination, plainRows(2, 1));
      assert.equal(outcome.kind, 'retry');
      assert.ok(outcome.kind === 'retry' && outcome.error.code === 'INFLUXDB_MISSING');
      assert.equal((await deliver(destination, plainRows(2, 1))).kind, 'delivered');
    });
  });

  it('wrong credentials stop it, and it says no secret', async () => {
    await using({ password: WRONG_PASSWORD }, async (destination) => {
      const outcome = await deliver(destination, plainRows(1, 1));
      assert.ok(outcome.kind === 'stopped');
      assert.equal(outcome.error.code, 'INFLUXDB_ACCESS_DENIED');
      assert.doesNotMatch(JSON.stringify([outcome.error.message, outcome.error.context]), /Wrong-secret/);
    });
  });

  it('a user who may only write is enough', async () => {
    await using({}, async (destination, db, place) => {
      await destination.check(NEVER);
      await server.query(`CREATE USER "writer ${db.length}" WITH PASSWORD 'p'`);
      await server.query(`GRANT WRITE ON ${JSON.stringify(db)} TO "writer ${db.length}"`);
      const auth = { enable: true, username: `writer ${db.length}`, password: 'p' };
      const retentionPolicy = { name: 'autogen', duration: '0s' };
      const more = { v1Config: { dbName: db, auth, retentionPolicy } };
      const writer = open(server.port, place, { dbName: db, more });
      assert.deepEqual(await deliver(writer, plainRows(1, 2)), { kind: 'delivered', rejected: [] });
      await writer.close();
      const nowhere = { v1Config: { dbName: 'nowhere', auth, retentionPolicy } };
      const lost = open(server.port, place, { dbName: 'nowhere', more: nowhere });
      assert.equal((await deliver(lost, plainRows(1, 2))).kind, 'stopped');
      await lost.close();
    });
  });

  it('a body that is too large is refused, so that the batch is halved', async () => {
    await using({}, async (destination) => {
      const big = `"objectId":"${randomBytes(1_200_000).toString('base64')}"`;
      assert.equal((await deliver(destination, [rowOf(1, big), rowOf(2, big)])).kind, 'refused');
      assert.equal((await deliver(destination, [rowOf(1, big)])).kind, 'delivered');
    });
  });

  it('the settings of another version: it says which setting to look at', async () => {
    const v2Config = { org: 'o', bucket: 'b', token: 't' };
    for (const other of [
      { version: 2, v2Config },
      { version: 3, v3Config: { database: 'd', token: 't' } },
    ]) {
      await using({ more: other }, async (destination) => {
        const outcome = await deliver(destination, plainRows(1, 1));
        assert.ok(outcome.kind === 'retry' || outcome.kind === 'stopped');
        assert.match(outcome.error.message, /is destination\.influxdb\.version the right one\?/);
      });
    }
  });

  it('a limit on series stops it instead of losing events', async () => {
    const small = await start({ data: 'index-version = "inmem"\nmax-values-per-tag = 3' });
    try {
      await using(
        {},
        async (destination) => {
          await deliver(destination, plainRows(1, 5));
          const outcome = await deliver(destination, plainRows(6, 5));
          assert.ok(outcome.kind === 'stopped', JSON.stringify(outcome));
          assert.equal(outcome.error.code, 'INFLUXDB_SERIES_LIMIT');
        },
        small.port,
      );
    } finally {
      await small.remove();
    }
  });

  it('an erased event and a late picture have their points', async () => {
    const erased = { position: sequence(1), record: auditRecordOf(storedEvent('{}', { seq: 1, erased: true })) };
    await using({}, async (destination, db) => {
      assert.deepEqual(await deliver(destination, [erased]), { kind: 'delivered', rejected: [] });
      const [row] = await readBack(db);
      assert.equal(row?.sequence, '1');
      assert.equal(row?.userId ?? null, null);
    });
  });
});
