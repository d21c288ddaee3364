import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { jsonDestination } from '../../src/adapters/destinations/json/index.ts';
import { auditRecordOf } from '../../src/domain/audit-record.ts';
import { sequence } from '../../src/domain/sequence.ts';
import type { FieldSet } from '../../src/domain/table-row.ts';
import { type DeliveryRow, type Destination, defineDestination } from '../../src/pipeline/ports/destination.ts';
import { destinationConformance, plainRows, type RowReadBack, rowOf } from '../conformance/destination.ts';
import { duckdb } from '../support/duckdb.ts';
import { AttemptMemory } from '../support/file-attempts.ts';
import { FilePlace } from '../support/file-place.ts';
import { storedEvent } from '../support/stored-event.ts';

const registered = defineDestination(jsonDestination);
const NEVER = new AbortController().signal;

function open(place: FilePlace, fieldSet: FieldSet = 'documented', enable = true): Destination {
  const staticTags = [{ name: 'env', value: 'test' }];
  return jsonDestination.create({ exportDirectory: 'export', staticTags, fieldSet, enable }, place.context('json'));
}

const TEXTS = [
  'eventId',
  'correlationId',
  'eventType',
  'userId',
  'appId',
  'appName',
  'sheetId',
  'sheetName',
  'objectId',
];
const TYPES = [
  ...[...TEXTS, 'objectType', 'selectionTxnId', 'enteredAt', 'leftAt', 'screenshotUrl'].map((name) => [
    name,
    'VARCHAR',
  ]),
  ['durationMs', 'BIGINT'],
  ['visible', 'BOOLEAN'],
  ['dataStateId', 'BIGINT'],
] as const;

async function readBack(place: FilePlace): Promise<readonly RowReadBack[]> {
  if (!readdirSync(place.directory).some((name) => name.endsWith('.json'))) return [];
  const columns = TYPES.map(([name, type]) => `${name}: '${type}'`).join(', ');
  const rows = await duckdb(
    `select * exclude (tags), (tags->>'sequence')::int as seq
     from read_json('${place.directory}/*.json', format = 'unstructured', columns = {${columns}, tags: 'JSON'}) order by seq`,
  );
  return rows.map(({ seq, ...fields }) => ({ sequence: Number(seq), fields: fields as RowReadBack['fields'] }));
}

destinationConformance('json', async () => {
  const place = new FilePlace();
  return {
    open: () => open(place),
    readBack: () => readBack(place),
    breakPlace: () => place.break(),
    mendPlace: () => place.mend(),
    logger: place.logger,
    attempts: new AttemptMemory(),
    secrets: [],
    retriesShowOnce: true,
    overlapsShowOnce: true,
    close: async () => place.remove(),
  };
});

describe('json destination', () => {
  let place: FilePlace;
  beforeEach(() => {
    place = new FilePlace();
  });
  afterEach(() => place.remove());
  const deliver = (rows: readonly DeliveryRow[], destination = open(place)) =>
    destination.deliver(new AttemptMemory().batch(rows), NEVER);
  const files = (): readonly string[] => readdirSync(place.directory).sort();
  const read = (name: string): string => readFileSync(join(place.directory, name), 'utf8');

  it('names files like screenshots and writes them pretty, the members in the documented order', async () => {
    await deliver([
      rowOf(3, '"objectData":{"objectType":"table","n":[1.50,12345678901234567890]},"details":[{"a":1}]'),
    ]);
    const name = '20251227T054640.337Z_a0000000-0000-4000-8000-000000000003_0346f48f-0abb-4786-b1ce-52f8672f6a1b.json';
    assert.deepEqual(files(), [name]);
    assert.equal(
      read(name),
      `{
  "eventId": "a0000000-0000-4000-8000-000000000003",
  "correlationId": "0346f48f-0abb-4786-b1ce-52f8672f6a1b",
  "timestamp": "2025-12-27T05:46:40.337Z",
  "eventType": "object.view.duration",
  "userId": "UserDirectory=LAB; UserId=anna.öberg",
  "appId": "7d5f6e2a-1111-4222-8333-444444444444",
  "appName": "Försäljning 数据",
  "sheetId": "a1b2c3d4-e5f6-7890-abcd-ef0123456789",
  "sheetName": "Übersicht",
  "objectId": "WpLRKj",
  "objectType": "table",
  "selectionTxnId": "0346f48f-0abb-4786-b1ce-52f8672f6a1b",
  "durationMs": 20000,
  "visible": false,
  "enteredAt": "2025-12-27T05:46:20.337Z",
  "leftAt": "2025-12-27T05:46:40.337Z",
  "dataStateId": null,
  "screenshotUrl": null,
  "screenshotSavedPaths": null,
  "selectionDetails": [
    {
      "a": 1
    }
  ],
  "objectData": {
    "objectType": "table",
    "n": [
      1.50,
      12345678901234567890
    ]
  },
  "tags": {
    "env": "test",
    "receivedAt": "2026-11-23T07:00:00.123Z",
    "sequence": 3
  }
}
`,
    );
  });

  it('extended appends the rest of what is known', async () => {
    await deliver(plainRows(1, 1), open(place, 'extended'));
    const file = JSON.parse(read(files()[0] ?? ''));
    assert.deepEqual([file.userName, file.sequence, file.receivedAt], ['anna.öberg', 1, '2026-11-23T07:00:00.123Z']);
    assert.equal(JSON.parse(file.rawEnvelope).eventId, file.eventId);
  });

  it('writes nothing for an event without object data, and nothing at all when not enabled', async () => {
    assert.equal((await deliver([rowOf(1, '"x":1'), rowOf(2, '"objectData":null')])).kind, 'delivered');
    assert.equal((await deliver(plainRows(1, 2), open(place, 'documented', false))).kind, 'delivered');
    assert.deepEqual(readdirSync(place.root), []);
  });

  it('confines hostile ids to their folder', async () => {
    const envelope = (eventId: unknown, correlationId: unknown): DeliveryRow => ({
      position: sequence(1),
      record: auditRecordOf(
        storedEvent(
          JSON.stringify({
            eventId,
            correlationId,
            timestamp: '2026-01-02T03:04:05Z',
            payload: { event: { objectData: {} } },
          }),
          { id: 'line' },
        ),
      ),
    });
    await deliver([
      envelope('../../../etc/passwd', '..\\..\\con'),
      envelope('A'.repeat(5000), '😀'.repeat(5000)),
      envelope('nul', 'a:b*c?"<>|\u0000\n'),
      envelope(7, undefined),
      envelope('', ''),
    ]);
    assert.deepEqual(files(), [
      '20260102T030405.000Z_.._.._.._etc_passwd_.._.._con.json',
      `20260102T030405.000Z_${'a'.repeat(100)}_${'_'.repeat(100)}.json`,
      '20260102T030405.000Z_line_none.json',
      '20260102T030405.000Z_none_none.json',
      '20260102T030405.000Z_nul_a_b_c_______.json',
    ]);
    assert.deepEqual(readdirSync(place.root), ['export']);
  });

  it('never overwrites the file of a different event, and finds its own on repetition', async () => {
    const rows = ['a/b', 'a_b', 'a?b'].map((correlationId, i) => {
      const row = plainRows(1, 1)[0];
      assert.ok(row !== undefined);
      return { position: sequence(i + 1), record: { ...row.record, correlationId } };
    });
    const name = '20251227T054640.337Z_a0000000-0000-4000-8000-000000000001_a_b';
    for (const row of rows) await deliver([row]);
    for (const row of rows) await deliver([row], open(place, 'extended'));
    assert.deepEqual(files(), [`${name}.json`, `${name}_2.json`, `${name}_3.json`]);
    const ids = files().map((file) => JSON.parse(read(file)).correlationId);
    assert.deepEqual(ids, ['a/b', 'a_b', 'a?b']);
    writeFileSync(join(place.directory, files()[0] ?? ''), 'foreign');
    await deliver(rows.slice(0, 1));
    assert.equal(read(`${name}.json`), 'foreign');
    assert.equal(JSON.parse(read(`${name}_4.json`)).correlationId, 'a/b');
  });

  it('an event that came later under the same id, with other contents, gets a file of its own', async () => {
    const [row] = plainRows(1, 1);
    assert.ok(row !== undefined);
    const conflict = { ...row.record, objectData: '{"other":1}', sequence: sequence(2) };
    await deliver([row]);
    await deliver([{ position: sequence(2), record: conflict }]);
    await deliver([{ position: sequence(2), record: conflict }]);
    assert.equal(files().length, 2);
    assert.ok(files().some((file) => read(file).includes('"other"')));
  });

  it('takes object data that is nested too deeply to be indented', async () => {
    const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
    const [row] = plainRows(1, 1);
    assert.ok(row !== undefined);
    await deliver([{ ...row, record: { ...row.record, objectData: deep } }]);
    assert.ok(read(files()[0] ?? '').includes(deep));
  });

  it('rule 21: a replay writes to the folder that it names, every file again', async () => {
    const objectdata = { enable: true, exportDirectory: 'export', staticTags: null, fieldSet: 'documented' };
    const { destination: usual } = registered.open({ objectdata }, place.context('json'));
    await deliver(plainRows(1, 2), usual);
    const { destination: replay } = registered.open({ objectdata, exportDirectory: 'again' }, place.context('replay'));
    await deliver(plainRows(1, 2), replay);
    assert.deepEqual(readdirSync(join(place.root, 'again')).sort(), files());
  });
});
