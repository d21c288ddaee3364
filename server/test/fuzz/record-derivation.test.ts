import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { encodeObjectData } from '../../src/adapters/destinations/json/encode.ts';
import { encodeParquet } from '../../src/adapters/destinations/parquet/encode.ts';
import { type AuditRecord, auditRecordOf } from '../../src/domain/audit-record.ts';
import { NumberText } from '../../src/domain/exact-json.ts';
import { sequence } from '../../src/domain/sequence.ts';
import { type FieldSet, tableColumns } from '../../src/domain/table-row.ts';
import { duckdb } from '../support/duckdb.ts';
import { storedEvent } from '../support/stored-event.ts';

const FIELD_SETS: readonly FieldSet[] = ['documented', 'extended'];
const FACTS = {
  product: { name: 'p', version: '1' },
  from: { range: { first: sequence(1), last: sequence(1) } },
};

/** Any sequence of UTF-16 units: lone surrogates, zero bytes, control characters. */
const anyText = fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) });
const anyNumber = fc.oneof(
  fc.constantFrom('1e19', '-1e19', '1e300', '1e999', '-0', '9007199254740993', '9223372036854775807', '1.5e0', '0.5'),
  fc.bigInt().map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
);
const anyValue = fc.oneof(
  anyText,
  anyNumber.map((text) => new NumberText(text)),
  fc.boolean(),
  fc.constantFrom('true', '2016-12-31T23:59:60Z', 'N/A', 'LAB\\x', 'UserId=;', null),
  fc.jsonValue({ maxDepth: 4 }),
);
const MEMBERS =
  'appId appName user userId sheetId sheetName objectId objectType objectData vizType selectionTxnId durationMs duration ' +
  'visible enteredAt leftAt dataStateId details selectionDetails screenshotUrl enterSelectionTxnId leaveSelectionTxnId ' +
  'status reason files subjectEventId correlationId __proto__ constructor toString';
const anyPlace = fc.oneof(anyValue, fc.dictionary(fc.constantFrom(...MEMBERS.split(' ')), anyValue, { maxKeys: 12 }));
const anyPayload = fc
  .tuple(anyPlace, anyPlace, anyPlace)
  .map(([payload, context, event]) =>
    typeof payload === 'object' && payload !== null && !Array.isArray(payload)
      ? { ...payload, context, event }
      : payload,
  );
const shaped = fc
  .record(
    { eventId: anyValue, correlationId: anyValue, timestamp: anyValue, type: anyValue, payload: anyPayload },
    { requiredKeys: [] },
  )
  .map((envelope) => JSON.stringify(envelope));
const anyEnvelope = fc.oneof({ weight: 4, arbitrary: shaped }, { weight: 1, arbitrary: fc.json() });
const anyOrigin = fc.constantFrom('client' as const, 'server' as const);
const anyRecord = fc
  .tuple(anyEnvelope, anyOrigin, anyEnvelope, fc.boolean())
  .map(([text, origin, outcomeText, settled]) => {
    const type = origin === 'server' ? 'server.screenshot.saved' : 'x';
    const outcome = storedEvent(outcomeText, { origin: 'server', type: 'server.screenshot.saved' });
    return auditRecordOf(storedEvent(text, { origin, type }), settled ? outcome : undefined);
  });

describe('arbitrary JSON as an envelope', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'audit-fuzz-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('derives a record whose fields have their types, and tags that are JSON', () => {
    fc.assert(fc.property(anyRecord, assertTyped), { numRuns: 3000 });
  });

  it('encodes as an object data file that is JSON', () => {
    fc.assert(
      fc.property(anyRecord, fc.constantFrom(...FIELD_SETS), (record, fieldSet) => {
        JSON.parse(encodeObjectData(record, '{}', fieldSet));
      }),
      { numRuns: 1000 },
    );
  });

  it('encodes as Parquet that an independent reader reads back, tags as JSON', async () => {
    const batches = fc.sample(fc.array(anyRecord, { minLength: 1, maxLength: 60 }), { numRuns: 20, seed: 7 });
    for (const [i, records] of batches.entries()) {
      for (const fieldSet of FIELD_SETS) {
        const file = join(folder, `${i}_${fieldSet}.parquet`);
        writeFileSync(file, encodeParquet(tableColumns(fieldSet, []), records, FACTS));
        await assertReadBack(file, records, fieldSet);
      }
    }
  });
});

function assertTyped(record: AuditRecord): void {
  for (const { name, kind, value } of tableColumns('extended', [])) {
    const cell = value(record);
    if (cell === null) continue;
    if (kind === 'text') assert.ok(typeof cell === 'string' && cell.isWellFormed(), name);
    else if (kind === 'int64' || kind === 'timestamp') assert.equal(cell, BigInt.asIntN(64, BigInt(cell)), name);
    else if (kind === 'boolean') assert.equal(typeof cell, 'boolean', name);
    else assert.ok(Number.isSafeInteger(cell), name);
  }
  assert.ok(record.date === null || /^\d{8}$/.test(record.date));
  for (const json of [record.selectionDetails, record.objectData, record.screenshotSavedPaths]) {
    if (json !== null) JSON.parse(json);
  }
}

async function assertReadBack(file: string, records: readonly AuditRecord[], fieldSet: FieldSet): Promise<void> {
  const columns = tableColumns(fieldSet, []).filter(({ kind }) => kind === 'text' || kind === 'int64');
  const rows = await duckdb(`select *, json_valid(tags) as valid from '${file}' order by file_row_number`);
  assert.equal(rows.length, records.length);
  for (const [i, row] of rows.entries()) {
    assert.equal(row.valid, true);
    for (const { name, value } of columns) {
      const cell = value(records[i] as AuditRecord);
      assert.deepEqual(row[name], typeof cell === 'bigint' ? String(cell) : cell, name);
    }
  }
}
