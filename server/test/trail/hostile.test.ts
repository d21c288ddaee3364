import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { uuid } from '../state/array-log.ts';
import { eventLine, ids, SALES, START } from './sample-events.ts';
import { TrailWorld, type Visitor } from './trail-world.ts';

const SCRIPT = '<script>alert(1)</script>"\'><img src=x onerror=alert(1)>';
const RTL = '\u202eevil\u202c\u0000\u0007 \ud83d';
const LONG = 'ab'.repeat(5_000);
const DEEP = `${'['.repeat(900)}${']'.repeat(900)}`;

/** What a client may send that nobody expects; each must be found, opened, counted and exported without harm. */
describe('a large event', () => {
  it('megabytes of object data go over the line once', async (t) => {
    const world = await TrailWorld.start();
    t.after(() => world.stop());
    const values = Array.from({ length: 20_000 }, (_, i) => `"value" ${i} `.repeat(8));
    await world.add(
      eventLine({ id: 1, objectData: { dimensions: [{ label: 'D', values }] } }),
      eventLine({ id: 2, objectData: { dimensions: [{ label: 'D', values: ['x'.repeat(2_000_000)] }] } }),
    );
    const visitor = await world.operator();
    for (const [id, rows] of [
      [1, 20_000],
      [2, 1],
    ] as const) {
      const { bytes, body } = await visitor.get(`events/${uuid(id)}`);
      const envelopeBytes = Buffer.byteLength(JSON.stringify(body.envelope));
      assert.ok(envelopeBytes > 2_000_000);
      assert.ok(bytes.length < envelopeBytes * 1.1, `${bytes.length} for ${envelopeBytes}`);
      assert.equal(body.objectData.totalRows, rows);
    }
    const [[cell]] = (await visitor.read(`events/${uuid(2)}`)).objectData.rows;
    assert.equal(cell, `${'x'.repeat(10_000)}…`);
  });
});

describe('a hostile trail', () => {
  let world: TrailWorld;
  let visitor: Visitor;
  before(async () => {
    world = await TrailWorld.start({ smallTable: 1 });
    await world.add(
      eventLine({
        id: 1,
        user: SCRIPT,
        appName: SCRIPT,
        sheet: SCRIPT,
        sheetName: SCRIPT,
        object: SCRIPT,
        txn: SCRIPT,
      }),
      eventLine({ id: 2, user: RTL, appName: RTL, sheetName: RTL, sheet: RTL }),
      eventLine({ id: 3, user: LONG, appName: LONG, sheetName: LONG, object: LONG, txn: LONG }),
      eventLine({ id: 4, durationMs: -(2 ** 62) }),
      eventLine({ id: 5, durationMs: 2 ** 62 }),
      eventLine({ id: 6, type: 'selection.state.changed', details: { qField: 7, values: [{}, null, [1], 'x'] } }),
      eventLine({
        id: 7,
        type: 'selection.state.changed',
        details: [null, 5, 'x', { field: 'F', values: [1, { qText: 'zwei' }, null] }],
      }),
      eventLine({ id: 8, objectData: Array.from({ length: 5000 }, (_, i) => ({ a: i, b: '=cmd()' })) }),
      eventLine({ id: 9, objectData: { columns: ['x'], rows: [[1, 2, 3], [{ qText: 'y' }]] } }),
      eventLine({ id: 10, objectData: 'text', type: 'constructor' }),
      {
        id: 11,
        text: `{"eventId":"${uuid(11)}","type":"t","payload":{"event":{"objectData":${DEEP},"__proto__":{"x":1}}},"__proto__":1}`,
      },
      { id: 12, text: '{"payload":[1,2],"timestamp":"0001-01-01T00:00:00Z"}' },
      { id: 13, text: '{"timestamp":"9999-12-31T23:59:59.999Z","payload":{"user":{"a":1}}}' },
      { id: 14, text: '"text"' },
      { id: 15, text: 'null' },
      eventLine({ id: 16, type: 'server.viewer.opened', user: 'a client that lies' }),
      eventLine({ id: 17, at: START + 0.0, user: "Robert'); DROP TABLE events;--", app: SALES.toUpperCase() }),
      eventLine({ id: 18, user: '%', appName: 'NOT AND OR NEAR("a" b) * ^ : {', sheetName: '-a +b' }),
    );
    visitor = await world.operator();
  });
  after(() => world.stop());

  it('all of it is listed, opened, counted and exported', async () => {
    const { items } = await visitor.read('events?limit=1000&eventType=*');
    assert.equal(items.length, 18);
    for (const event of items) {
      const detail = await visitor.read(`events/${encodeURIComponent(event.eventId)}?sequence=${event.sequence}`);
      assert.equal(detail.event.sequence, event.sequence);
      assert.ok(detail.sentence.length < 2000);
      assert.ok((detail.objectData?.rows.length ?? 0) <= 1000);
    }
    for (const by of ['app', 'sheet', 'object', 'user', 'hour', 'weekday', 'day', 'eventType', 'first-open']) {
      await visitor.read(`summary?by=${by}`);
      await visitor.read(`summary?by=${by}&q=a`);
    }
    assert.equal((await visitor.read('histogram?buckets=500')).total, 18);
    for (const format of ['ndjson', 'csv', 'parquet', 'qvd']) {
      assert.equal((await visitor.get(`export?format=${format}&eventType=*`)).status, 200, format);
    }
    assert.deepEqual(world.failures, []);
  });

  it('each is found by what it is called', async () => {
    const find = async (query: Record<string, string>) =>
      ids((await visitor.read(`events?${new URLSearchParams(query)}`)).items);
    assert.deepEqual(await find({ user: SCRIPT }), [1]);
    assert.deepEqual(await find({ selectionTxnId: SCRIPT }), [1]);
    assert.deepEqual(await find({ objectId: SCRIPT, sheetId: SCRIPT }), [1]);
    assert.deepEqual(await find({ q: 'alert onerror' }), [1]);
    assert.deepEqual(await find({ q: 'evil' }), [2]);
    assert.deepEqual(await find({ q: 'ababab' }), [3]);
    assert.deepEqual(await find({ q: 'zwei' }), [7]);
    assert.deepEqual(await find({ user: "Robert'); DROP TABLE events;--" }), [17]);
    assert.deepEqual(await find({ q: 'robert drop' }), [17]);
    assert.deepEqual(await find({ appId: SALES, user: '%' }), [18]);
    assert.deepEqual(await find({ user: '_' }), []);
    for (const q of [
      '"',
      '*',
      '^a',
      'a*b',
      'NEAR(a b)',
      'AND',
      'NOT',
      '-',
      "'",
      '\u0000',
      '\ud800',
      '((((',
      'a'.repeat(400),
      '{a b}:c',
      '🐼🐼',
    ]) {
      const { status } = await visitor.get(`events?${new URLSearchParams({ q })}`);
      assert.equal(status, 200, q);
      assert.equal((await visitor.get(`suggest?${new URLSearchParams({ q })}`)).status, 200, q);
    }
    assert.deepEqual(await find({ q: 'near not' }), [18]);
    assert.deepEqual(await find({ to: '0002-01-01' }), [12]);
    assert.deepEqual(await find({ from: '9999-01-01' }), [13]);
  });

  it('what a client calls itself, the server’s records are its own', async () => {
    const own = (await visitor.read('events?eventType=server.viewer.*')).items.filter(
      (e: { origin: string }) => e.origin === 'client',
    );
    assert.deepEqual(ids(own), [16]);
    assert.match(
      (await visitor.read(`events/${uuid(16)}`)).sentence,
      /^a client that lies caused server\.viewer\.opened/,
    );
  });

  it('addresses that are not there, or too long, are answered', async () => {
    for (const path of [
      `events/${encodeURIComponent(SCRIPT)}`,
      `events/${encodeURIComponent('../../etc/passwd')}`,
      'transactions/%00',
      'users/%25/timeline?from=2026-01-01&to=2025-01-01',
      `screenshots/${'a'.repeat(900)}`,
    ]) {
      assert.ok([200, 404].includes((await visitor.get(path)).status), path);
    }
    assert.deepEqual(world.failures, []);
  });
});
