import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { envelopeText, storedEvent } from '../../test/support/stored-event.ts';
import { type AuditRecord, auditRecordOf } from './audit-record.ts';
import { type FieldSet, type StaticTag, tableColumns } from './table-row.ts';

const DOCUMENTED =
  'timestamp date eventId correlationId eventType userId appId appName sheetId sheetName objectId selectionTxnId ' +
  'durationMs visible enteredAt leftAt dataStateId selectionDetails screenshotUrl screenshotSavedPaths tags';
const EXTENDED =
  'userDirectory userName objectType objectData enterSelectionTxnId leaveSelectionTxnId receivedAt sequence eventTime ' +
  'eventDate eventHour rawEnvelope';

const record = auditRecordOf(storedEvent(envelopeText(), { seq: 7 }));

function cell(
  of: AuditRecord,
  name: string,
  fieldSet: FieldSet = 'extended',
  tags: readonly StaticTag[] = [],
): unknown {
  return tableColumns(fieldSet, tags)
    .find((column) => column.name === name)
    ?.value(of);
}

describe('tableColumns', () => {
  it('has the documented fields in their order, and appends the extended ones', () => {
    const names = (fieldSet: FieldSet): string =>
      tableColumns(fieldSet, [])
        .map((column) => column.name)
        .join(' ');
    assert.equal(names('documented'), DOCUMENTED);
    assert.equal(names('extended'), `${DOCUMENTED} ${EXTENDED}`);
  });

  it('gives real timestamps, dates and hours in UTC, before 1970 too', () => {
    assert.equal(cell(record, 'eventTime'), 1766814400337n);
    assert.equal(cell(record, 'eventDate'), 20449);
    assert.equal(cell(record, 'eventHour'), 5n);
    const old = { ...record, timestamp: -1n };
    assert.deepEqual([cell(old, 'eventDate'), cell(old, 'eventHour')], [-1, 23n]);
    const none = { ...record, timestamp: null };
    assert.deepEqual([cell(none, 'eventDate'), cell(none, 'eventHour')], [null, null]);
  });

  it('puts static tags, the clock of the server and what did not fit into tags', () => {
    const tags = (of: AuditRecord, ...constants: StaticTag[]): unknown =>
      JSON.parse(String(cell(of, 'tags', 'documented', constants)));
    assert.deepEqual(tags(record), { receivedAt: '2026-11-23T07:00:00.123Z', sequence: 7 });
    const rich = {
      ...record,
      screenshotStatus: 'failed',
      screenshotReason: 'a "reason"',
      asSent: { durationMs: '1e300', objectId: '{"a":[1]}' },
    };
    assert.deepEqual(tags(rich, { name: 'env', value: 'pröd' }, { name: 'sequence', value: 'mine' }), {
      env: 'pröd',
      receivedAt: '2026-11-23T07:00:00.123Z',
      sequence: 7,
      screenshotStatus: 'failed',
      screenshotReason: 'a "reason"',
      asSent: { durationMs: 1e300, objectId: { a: [1] } },
    });
  });
});
