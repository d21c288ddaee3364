import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { hashPassword } from '../../src/adapters/viewer-access/password-hash.ts';
import { uuid } from '../state/array-log.ts';
import { eventLine, FINANCE, ids, SALES, START, savedLine } from './sample-events.ts';
import { TrailWorld, type Visitor } from './trail-world.ts';

const SALES_TXN = '0346f48f-0abb-4786-b1ce-52f8672f6a1b';
const FINANCE_TXN = '0346f48f-0abb-4786-b1ce-52f8672f6a1c';
const PASSWORD = 'a long enough password';
/** Must not be in any answer to a reader of Sales: only Finance has it. */
const SECRETS = [
  FINANCE,
  'Finance',
  'Payroll',
  'berta',
  'secret-sheet',
  'secret-object',
  'Grade',
  'Chairman',
  FINANCE_TXN,
];
const PNG = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');

describe('limits of readers', () => {
  let world: TrailWorld;
  let sales: Visitor;
  let blind: Visitor;
  let dataless: Visitor;
  let nobody: Visitor;
  before(async () => {
    const passwordHash = await hashPassword(PASSWORD);
    const reader = { passwordHash, role: 'reader', pictures: true, objectData: true } as const;
    world = await TrailWorld.start({
      users: [
        { ...reader, name: 'sales', apps: [SALES.toUpperCase()] },
        { ...reader, name: 'blind', pictures: false },
        { ...reader, name: 'dataless', objectData: false },
        { ...reader, name: 'nobody', apps: [] },
      ],
      smallTable: 1,
    });
    const file = (name: string, role: string) => {
      const path = join(world.folder, name);
      writeFileSync(path, PNG);
      const sha256 = createHash('sha256').update(PNG).digest('hex');
      return { path, role, sha256, bytes: PNG.length, width: 1, height: 1 };
    };
    const objectData = { dimensions: [{ label: 'Region', values: ['Top-secret region'] }] };
    const finance = {
      app: FINANCE,
      user: 'UserDirectory=HR; UserId=berta',
      sheet: 'secret-sheet',
      sheetName: 'Payroll',
    };
    await world.add(
      eventLine({
        id: 1,
        txn: SALES_TXN,
        awaits: true,
        screenshotUrl: 'https://qlik/picture.png',
        type: 'screenshot.url.received',
      }),
      savedLine(2, 1, [file('seen.png', 'seen'), file('annotated.png', 'annotated')], SALES_TXN),
      eventLine({ id: 3, txn: SALES_TXN, durationMs: 10, object: 'chart', objectData }),
      eventLine({
        ...finance,
        id: 4,
        txn: FINANCE_TXN,
        awaits: true,
        screenshotUrl: 'https://qlik/payroll.png',
        type: 'screenshot.url.received',
      }),
      savedLine(5, 4, [file('payroll.png', 'seen')], FINANCE_TXN),
      eventLine({ ...finance, id: 6, txn: FINANCE_TXN, durationMs: 5000, object: 'secret-object', objectData }),
      eventLine({
        ...finance,
        id: 7,
        txn: FINANCE_TXN,
        type: 'selection.state.changed',
        details: [{ qField: 'Grade', qSelectedCount: 1, qSelected: 'Chairman' }],
      }),
      // the same transaction in both apps, as a client may claim
      eventLine({ ...finance, id: 8, txn: SALES_TXN, durationMs: 7777, object: 'secret-object' }),
      eventLine({ id: 9, app: null, user: 'UserDirectory=HR; UserId=berta', type: 'app.opened' }),
      { id: 10, origin: 'server', type: 'server.destination.added', text: '{"payload":{"destination":"Payroll"}}' },
    );
    sales = await world.loggedIn('sales', PASSWORD);
    blind = await world.loggedIn('blind', PASSWORD);
    dataless = await world.loggedIn('dataless', PASSWORD);
    nobody = await world.loggedIn('nobody', PASSWORD);
  });
  after(() => world.stop());

  const EVERY_LIST = [
    'events',
    'events?eventType=*',
    'events?eventType=server.*',
    'events?user=berta',
    `events?appId=${FINANCE}`,
    `events?appId=${FINANCE}&appId=${SALES}`,
    'events?sheetId=secret-sheet',
    'events?objectId=secret-object',
    `events?selectionTxnId=${FINANCE_TXN}`,
    `events?correlationId=${FINANCE_TXN}`,
    'events?q=payroll',
    'events?q=be',
    'events?q=chairman',
    `events?q=${uuid(6)}`,
    `events?q=${FINANCE}`,
    `events/${uuid(1)}`,
    `events/${uuid(3)}`,
    `transactions/${SALES_TXN}`,
    'users',
    'users?q=berta',
    'apps',
    'apps?user=berta',
    'users/anna.öberg/timeline',
    ...['app', 'sheet', 'object', 'user', 'hour', 'weekday', 'day', 'eventType', 'first-open'].flatMap((by) => [
      `summary?by=${by}`,
      `summary?by=${by}&from=2026-11-20&to=2026-11-26`,
      `summary?by=${by}&q=o`,
    ]),
    'histogram',
    'suggest?q=pay',
    'suggest?q=finance',
    'suggest?q=berta',
    `suggest?q=${uuid(6)}`,
    `suggest?q=${FINANCE_TXN}`,
    'export?format=ndjson',
    'export?format=csv',
    'export?format=ndjson&eventType=*',
  ];

  it('a reader of one app learns nothing of another from any answer', async () => {
    for (const path of EVERY_LIST) {
      const { bytes, status } = await sales.get(path);
      assert.equal(status, 200, path);
      const text = bytes.toString();
      for (const secret of SECRETS) {
        // what was asked for may be repeated
        if (!path.includes(secret))
          assert.ok(!text.includes(secret), `${path} tells of ${secret}: ${text.slice(0, 300)}`);
      }
      assert.ok(!text.includes('7777'), path);
    }
    const operator = await world.operator();
    const texts = await Promise.all(EVERY_LIST.map(async (path) => (await operator.get(path)).bytes.toString()));
    for (const secret of SECRETS)
      assert.ok(
        texts.some((text) => text.includes(secret)),
        `${secret} is nowhere: the test is blind`,
      );
  });

  it('a reader of one app gets 404 for what is of another', async () => {
    for (const path of [
      `events/${uuid(4)}`,
      `events/${uuid(6)}?sequence=6`,
      `events/${uuid(5)}`,
      `events/${uuid(9)}`,
      `events/${uuid(10)}`,
      `transactions/${FINANCE_TXN}`,
      'users/berta/timeline',
      `screenshots/${uuid(4)}`,
    ]) {
      assert.equal((await sales.get(path)).status, 404, path);
    }
    assert.equal((await sales.get(`screenshots/${uuid(1)}`)).status, 200);
  });

  it('counts are those of the reader’s app', async () => {
    assert.equal((await sales.read('histogram')).total, 2);
    const app = (await sales.read('summary?by=app')).rows;
    assert.deepEqual([app.length, app[0].events, app[0].totalMs, app[0].users], [1, 2, 10, 1]);
    const hours = (await sales.read('summary?by=hour')).rows;
    assert.deepEqual([hours.length, hours[0].events, hours[0].users], [1, 2, 1]);
    const types = (await sales.read('summary?by=eventType')).rows;
    assert.deepEqual(
      types.map(({ users }: { users: number }) => users),
      [1, 1],
    );
    assert.deepEqual(
      ids((await sales.read(`transactions/${SALES_TXN}`)).steps.map((s: { event: object }) => s.event)),
      [1, 3],
    );
    assert.deepEqual(ids((await sales.read(`events/${uuid(1)}`)).neighbours), [3]);
  });

  it('names of other apps do not crowd out those of the reader’s own', async () => {
    const crowded = await TrailWorld.start({
      users: [
        {
          name: 'sales',
          passwordHash: await hashPassword(PASSWORD),
          role: 'reader',
          apps: [SALES],
          pictures: true,
          objectData: true,
        },
      ],
    });
    try {
      const others = Array.from({ length: 450 }, (_, i) =>
        eventLine({ id: 100 + i, app: FINANCE, user: `LAB\\other${i}`, sheet: `s${i}`, sheetName: `lab ${i}` }),
      );
      await crowded.add(...others, eventLine({ id: 1000, user: 'LAB\\mine' }));
      const reader = await crowded.loggedIn('sales', PASSWORD);
      const users = (await reader.read('users?q=lab')).items.map(({ name }: { name: string }) => name);
      assert.deepEqual(users, ['mine']);
      const suggested = (await reader.read('suggest?q=lab')).items.map(({ label }: { label: string }) => label);
      assert.deepEqual(suggested, ['mine']);
      const all = await (await crowded.operator()).read('users?q=lab&limit=200');
      assert.equal(all.items.length, 200);
    } finally {
      await crowded.stop();
    }
  });

  it('a binary export holds only the reader’s app', async () => {
    for (const format of ['parquet', 'qvd']) {
      const { bytes } = await sales.get(`export?format=${format}`);
      for (const secret of [FINANCE, 'Payroll', 'berta', FINANCE_TXN])
        assert.ok(!bytes.includes(secret), `${format}: ${secret}`);
    }
  });

  it('live: only the reader’s app comes', async () => {
    const response = await fetch(`${world.url}/api/v1/trail/live?eventType=*`, {
      headers: { cookie: sales.cookie ?? '', 'last-event-id': '0' },
    });
    let text = '';
    const reader = response.body?.getReader();
    assert.ok(reader !== undefined);
    while (!text.includes('id: 3\n')) text += Buffer.from((await reader.read()).value ?? []).toString();
    await world.add(eventLine({ id: 20, app: FINANCE, user: 'berta', at: START }), eventLine({ id: 21, at: START }));
    while (!text.includes(uuid(21))) text += Buffer.from((await reader.read()).value ?? []).toString();
    await reader.cancel();
    for (const secret of ['berta', FINANCE, 'server.']) assert.ok(!text.includes(secret), secret);
  });

  it('a reader without apps sees nothing at all', async () => {
    assert.deepEqual((await nobody.read('events?eventType=*')).items, []);
    assert.equal((await nobody.read('histogram')).total, 0);
    assert.deepEqual((await nobody.read('apps')).items, []);
    assert.equal((await nobody.get('export?format=ndjson')).bytes.length, 0);
  });

  it('a reader without pictures gets no picture, no path and no address of one', async () => {
    assert.equal((await blind.get(`screenshots/${uuid(1)}`)).status, 403);
    for (const path of [
      'events',
      'events?eventType=*',
      `events/${uuid(1)}`,
      `events/${uuid(2)}`,
      `transactions/${SALES_TXN}`,
      'users/anna.öberg/timeline',
      'export?format=ndjson&eventType=*',
      'export?format=csv&eventType=*',
      'live?lastEventId=0',
    ]) {
      const text = path.startsWith('live') ? await firstOf(blind, path) : (await blind.get(path)).bytes.toString();
      for (const secret of ['seen.png', 'annotated.png', 'https://qlik', '/screenshots/']) {
        assert.ok(!text.includes(secret), `${path} tells of ${secret}`);
      }
    }
    assert.equal((await blind.read(`events/${uuid(1)}`)).event.screenshot.status, 'saved');
    assert.equal((await blind.read(`events/${uuid(3)}`)).objectData.totalRows, 1);
  });

  it('a reader without object data gets none, neither as a table nor in envelope, record and export', async () => {
    for (const path of [
      `events/${uuid(3)}`,
      `events/${uuid(6)}`,
      'events?q=top-secret',
      'export?format=ndjson',
      'export?format=csv',
      'export?format=qvd',
    ]) {
      const { bytes } = await dataless.get(path);
      assert.ok(!bytes.includes('Top-secret'), path);
    }
    assert.equal((await dataless.read(`events/${uuid(3)}`)).objectData, null);
    assert.equal((await dataless.get(`screenshots/${uuid(1)}`)).status, 200);
    assert.ok((await sales.get('export?format=csv')).bytes.includes('Top-secret'));
  });

  it('what is for administrators is for nobody else', async () => {
    for (const visitor of [sales, blind]) {
      assert.equal((await visitor.get('system')).status, 403);
      assert.equal((await visitor.get('dead-letters')).status, 403);
      assert.equal((await visitor.post('dead-letters/retry', { destination: 'parquet' })).status, 403);
    }
    assert.equal(world.state.requests.list(10).length, 0);
  });

  async function firstOf(visitor: Visitor, path: string): Promise<string> {
    const response = await fetch(`${world.url}/api/v1/trail/${path}`, { headers: { cookie: visitor.cookie ?? '' } });
    const reader = response.body?.getReader();
    assert.ok(reader !== undefined);
    let text = '';
    while (!text.includes('id: 8\n')) text += Buffer.from((await reader.read()).value ?? []).toString();
    await reader.cancel();
    return text;
  }
});
