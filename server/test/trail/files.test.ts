import assert from 'node:assert/strict';
import { createHash, hash } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { QvdReader } from 'qvd-codec';
import { AccessFile } from '../../src/adapters/viewer-access/access-file.ts';
import { tableColumns } from '../../src/domain/table-row.ts';
import { uuid } from '../state/array-log.ts';
import { duckdb } from '../support/duckdb.ts';
import { eventLine, ids, START, savedLine } from './sample-events.ts';
import { TrailWorld, type Visitor } from './trail-world.ts';

const COLUMNS = tableColumns('extended', []).map(({ name }) => name);
const FORMULAS = [
  '=1+1',
  '+1',
  '-1',
  '@SUM(A1)',
  '\t=1',
  '\r=1',
  ' =1',
  '＝1',
  '"=1"',
  'a,b',
  'two\r\nlines',
  'plain',
  "'quoted",
  'a;=1+1',
  'a;"=1+1',
  'a\n@x; -1',
  'a; b=c;d',
];
const PNG = Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), Buffer.from('a picture')]);

describe('files from the trail', () => {
  let world: TrailWorld;
  let visitor: Visitor;
  before(async () => {
    world = await TrailWorld.start();
    const events = Array.from({ length: 1234 }, (_, i) =>
      eventLine({ id: i + 1, at: START + i, durationMs: i, appName: FORMULAS[i % FORMULAS.length] ?? '' }),
    );
    await world.add(...events, eventLine({ id: 5000, more: { dataStateId: 1 }, durationMs: -5 }));
    await world.add({ id: 6000, text: '{"eventId":"x","payload":{"event":{"duration":9007199254740993}}}' });
    visitor = await world.operator();
  });
  after(() => world.stop());

  const download = async (query: string, name: string) => {
    const { status, bytes, headers } = await visitor.get(`export?${query}`);
    assert.equal(status, 200);
    assert.match(headers.get('content-disposition') ?? '', /^attachment; filename="audit-trail-\d{8}T\d{6}Z\.\w+"$/);
    const path = join(world.folder, name);
    writeFileSync(path, bytes);
    return { path, bytes };
  };

  it('ndjson: one line of JSON for each event, newest first, with the documented members', async () => {
    const { bytes } = await download('format=ndjson', 'x.ndjson');
    const rows = bytes
      .toString()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.equal(rows.length, 1236);
    assert.deepEqual(Object.keys(rows[0]), COLUMNS);
    const listed = (await visitor.read('events?limit=1000')).items;
    assert.deepEqual(ids(rows.slice(0, 1000)), ids(listed));
    assert.equal(rows.find(({ sequence }) => sequence === 1236).durationMs, '9007199254740993');
  });

  it('csv: read back by another reader; what a spreadsheet would calculate is text', async () => {
    const { path, bytes } = await download('format=csv', 'x.csv');
    assert.deepEqual([...bytes.subarray(0, 3)], [0xef, 0xbb, 0xbf]);
    const rows = await duckdb(`SELECT * FROM read_csv('${path}', all_varchar = true, new_line = '\\r\\n')`);
    assert.equal(rows.length, 1236);
    assert.deepEqual(Object.keys(rows[0] ?? {}), COLUMNS);
    for (const row of rows) {
      for (const [name, cell] of Object.entries(row)) {
        const isNumber = /^-?\d+$/.test(String(cell));
        assert.ok(cell === null || isNumber || !/^\s*[=+\-@\t\r＝＋－＠]/.test(String(cell)), `${name}: ${cell}`);
      }
    }
    const names = new Set(rows.map((row) => row.appName));
    for (const name of [
      "'=1+1",
      "'+1",
      "'-1",
      "'@SUM(A1)",
      "'\t'=1",
      "'\r'=1",
      "' =1",
      "'＝1",
      '"=1"',
      'a,b',
      'two\r\nlines',
      'plain',
      "'quoted",
      "a;'=1+1",
      'a;"\'=1+1',
      "a\n'@x; '-1",
      'a; b=c;d',
    ]) {
      assert.ok(names.has(name), JSON.stringify(name));
    }
    assert.deepEqual(rows.filter((row) => row.durationMs === '-5').length, 1);
  });

  it('parquet: read back by DuckDB', async () => {
    const { path } = await download('format=parquet', 'x.parquet');
    const rows = await duckdb(
      `SELECT count(*) AS n, count(DISTINCT eventId) AS ids, max(durationMs) AS most FROM '${path}'`,
    );
    assert.deepEqual(rows, [{ n: '1236', ids: '1236', most: '9007199254740993' }]);
    const described = await duckdb(`DESCRIBE SELECT * FROM '${path}'`);
    assert.deepEqual(
      described.map((row) => row.column_name),
      COLUMNS,
    );
  });

  it('qvd: read back by the codec', async () => {
    const { path } = await download('format=qvd', 'x.qvd');
    const reader = await QvdReader.open(path);
    assert.equal(reader.header.rowCount, 1236);
    assert.deepEqual(
      reader.header.fields.map(({ name }) => name),
      COLUMNS,
    );
    await reader.close();
  });

  it('a filter filters, nothing is a file without rows', async () => {
    const { bytes } = await download(`format=ndjson&q=plain&to=${new Date(START + 30).toISOString()}`, 'x.ndjson');
    assert.equal(bytes.toString().trimEnd().split('\n').length, 2);
    assert.equal((await download('format=ndjson&user=nobody', 'x.ndjson')).bytes.length, 0);
    assert.equal((await download('format=csv&user=nobody', 'x.csv')).bytes.toString().split('\r\n').length, 2);
    const { path } = await download('format=parquet&user=nobody', 'x.parquet');
    assert.deepEqual(await duckdb(`SELECT count(*) AS n FROM '${path}'`), [{ n: '0' }]);
    assert.equal((await visitor.get('export?format=xlsx')).status, 400);
    assert.equal((await visitor.get('export?format=csv&usr=anna')).status, 400);
  });

  it('pages are answered while an export runs, and one that is broken off leaves nothing behind', async () => {
    // more than sockets take on their own
    const objectData = { dimensions: [{ values: ['x'.repeat(100_000)] }] };
    await world.add(...Array.from({ length: 200 }, (_, i) => eventLine({ id: 8000 + i, objectData })));
    const abort = new AbortController();
    const headers = { cookie: visitor.cookie ?? '' };
    for (let i = 0; i < 10; i++) {
      const response = await fetch(`${world.url}/api/v1/trail/export?format=ndjson`, {
        headers,
        signal: AbortSignal.any([abort.signal]),
      });
      await response.body?.getReader().read();
      if (i < 4) continue;
      // the fifth and later ones find no room until those before are gone
      assert.equal(response.status, 503);
      break;
    }
    assert.equal((await visitor.get('events')).status, 200);
    abort.abort();
    for (let i = 0; ; i++) {
      const { status } = await visitor.get('export?format=ndjson&user=nobody');
      if (status === 200) break;
      assert.ok(i < 100, 'the exports that were broken off still run');
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assert.deepEqual(world.failures, []);
  });

  it('an export ends when the right to see it is taken away', async () => {
    const access = new AccessFile(world.folder);
    const secret = 'a-secret';
    const token = { name: 'script', role: 'admin', pictures: true, objectData: true, createdAt: '' } as const;
    access.change((entries) => ({ ...entries, tokens: [{ ...token, sha256: hash('sha256', secret, 'hex') }] }));
    const real = world.trail.records;
    world.trail.records = async function* () {
      for (;;) yield [];
    };
    try {
      const headers = { authorization: `Bearer ${secret}` };
      const response = await fetch(`${world.url}/api/v1/trail/export?format=csv`, { headers });
      const reader = response.body?.getReader();
      assert.match(Buffer.from((await reader?.read())?.value ?? []).toString(), /timestamp,/);
      access.change((entries) => ({ ...entries, tokens: [] }));
      await assert.rejects(reader?.read() ?? Promise.resolve());
      assert.deepEqual(world.failures, []);
    } finally {
      world.trail.records = real;
    }
  });

  it('qvd: what finds no room is refused before anything is sent; who goes meanwhile leaves the room free', async (t) => {
    const narrow = await TrailWorld.start({ qvdBytes: 2_000_000 });
    t.after(() => narrow.stop());
    const objectData = { dimensions: [{ values: ['x'.repeat(5000)] }] };
    await narrow.add(...Array.from({ length: 1000 }, (_, i) => eventLine({ id: i + 1, objectData })));
    const operator = await narrow.operator();
    for (let i = 0; i < 5; i++) {
      const { status, body } = await operator.get('export?format=qvd');
      assert.deepEqual([status, body.error.code], [422, 'TOO_MANY_EVENTS']);
    }
    for (let i = 0; i < 5; i++) {
      const abort = new AbortController();
      const asked = fetch(`${narrow.url}/api/v1/trail/export?format=qvd`, {
        headers: { cookie: operator.cookie ?? '' },
        signal: abort.signal,
      });
      setImmediate(() => abort.abort());
      await asked.then(
        (response) => response.body?.cancel(),
        () => {},
      );
    }
    assert.equal((await operator.get(`export?format=qvd&q=${uuid(7)}`)).status, 200);
    assert.deepEqual(narrow.failures, []);
  });

  it('pictures: only the bytes that an outcome record vouches for, as what they are', async () => {
    const picture = (name: string, content: Buffer, role = 'seen', sha256?: string) => {
      const path = join(world.folder, name);
      writeFileSync(path, content);
      const digest = sha256 ?? createHash('sha256').update(content).digest('hex');
      return { path, role, sha256: digest, bytes: content.length, width: 1, height: 1 };
    };
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>');
    const missing = { ...picture('gone.png', PNG), path: join(world.folder, 'not-there.png') };
    const outcomes = [
      [picture('a.png', PNG), picture('b.png', Buffer.concat([PNG, PNG]), 'annotated')],
      [picture('c.png', PNG, 'seen', 'f'.repeat(64))],
      [picture('d.svg', svg)],
      [missing],
      [missing, picture('e.png', PNG)],
      [picture('f.png', PNG, 'downloaded')],
    ];
    const base = world.log.head();
    await world.add(
      ...outcomes.map((_, i) => eventLine({ id: 7000 + i, type: 'screenshot.url.received', awaits: true })),
      ...outcomes.map((files, i) => savedLine(7100 + i, base + 1 + i, files)),
    );
    const get = (i: number, variant = 'original') => visitor.get(`screenshots/${uuid(7000 + i)}?variant=${variant}`);
    const seen = await get(0);
    assert.deepEqual([seen.status, seen.bytes], [200, PNG]);
    assert.deepEqual(
      ['content-type', 'x-content-type-options', 'content-security-policy', 'cross-origin-resource-policy'].map(
        (name) => seen.headers.get(name),
      ),
      ['image/png', 'nosniff', "default-src 'none'; sandbox", 'same-origin'],
    );
    assert.equal((await get(0, 'annotated')).bytes.length, 2 * PNG.length);
    assert.deepEqual([(await get(1)).status, (await get(2)).status, (await get(3)).status], [410, 410, 410]);
    assert.equal((await get(4)).status, 200);
    assert.deepEqual([(await get(5)).status, (await get(0, 'other')).status], [404, 400]);
    assert.deepEqual((await get(5, 'downloaded')).bytes, PNG);
    const { screenshots } = await visitor.read(`events/${uuid(7005)}`);
    assert.equal(screenshots[0].url, `/api/v1/trail/screenshots/${uuid(7005)}?variant=downloaded`);
    assert.deepEqual(
      (await Promise.all([1, 2, 3].map((i) => get(i)))).map(({ body }) => body.error.code),
      ['PICTURE_CHANGED', 'PICTURE_UNKNOWN', 'PICTURE_GONE'],
    );
    assert.equal((await visitor.get(`screenshots/${uuid(1)}`)).status, 404);
    assert.equal((await visitor.get('screenshots/..%2f..%2fetc%2fpasswd')).status, 404);
    rmSync(join(world.folder, 'a.png'));
    assert.equal((await get(0)).body.error.code, 'PICTURE_GONE');
  });

  it('a line that was changed or damaged: its event says so, and an export has a row for it', async () => {
    const damagedWorld = await TrailWorld.start();
    try {
      await damagedWorld.add(...[1, 2, 3].map((id) => eventLine({ id, durationMs: 5, sheetName: 'Plan' })));
      const { log } = damagedWorld;
      log.items = log.items.map((item) =>
        item.kind === 'event' && item.seq === 2
          ? { kind: 'damaged', first: item.seq, last: item.seq, reason: 'the digest differs' }
          : item,
      );
      const officer = await damagedWorld.operator();
      const { status, body } = await officer.get(`events/${uuid(2)}`);
      assert.deepEqual([status, body.error.code], [410, 'EVENT_LOG_DAMAGED']);
      assert.match(body.error.message, /position 2 .*the digest differs/);
      assert.equal((await officer.get(`events/${uuid(9)}`)).status, 404);
      const rows = (await officer.get('export?format=ndjson')).bytes
        .toString()
        .trimEnd()
        .split('\n')
        .map((l) => JSON.parse(l));
      assert.deepEqual(ids(rows), [3, 2, 1]);
      const told = rows.map((row) => [row.sheetName, row.eventType, JSON.parse(row.tags).damaged]);
      const whole = ['Plan', 'object.view.duration', undefined];
      assert.deepEqual(told, [whole, [null, 'object.view.duration', 'the digest differs'], whole]);
      assert.equal(rows[1].timestamp, START + 2000);
      for (const format of ['csv', 'parquet', 'qvd']) {
        assert.equal((await officer.get(`export?format=${format}`)).status, 200);
      }
    } finally {
      await damagedWorld.stop();
    }
  });
});
