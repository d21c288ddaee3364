import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { envelopeText, storedEvent } from '../../test/support/stored-event.ts';
import { type AuditRecord, auditRecordOf } from './audit-record.ts';

/** The record of an envelope whose `payload.event` has these members, given as JSON text. */
function recordOf(members: string): AuditRecord {
  return auditRecordOf(
    storedEvent(envelopeText().replace('"type":"view.duration"', `"type":"view.duration",${members}`)),
  );
}

/** Like `recordOf`, for members that `envelopeText` would already set: later duplicates win in JSON. */
function recordWith(members: string): AuditRecord {
  return auditRecordOf(storedEvent(envelopeText().replace('"dataStateId":1766814362573', members)));
}

describe('auditRecordOf', () => {
  it('fills every documented field of a view event', () => {
    const record = auditRecordOf(storedEvent(envelopeText(), { seq: 7 }));
    assert.equal(record.timestamp, 1766814400337n);
    assert.equal(record.date, '20251227');
    assert.equal(record.eventId, 'a0000000-0000-4000-8000-000000000001');
    assert.equal(record.correlationId, '0346f48f-0abb-4786-b1ce-52f8672f6a1b');
    assert.equal(record.eventType, 'object.view.duration');
    assert.equal(record.userId, 'UserDirectory=LAB; UserId=anna.öberg');
    assert.equal(record.appName, 'Försäljning 数据');
    assert.equal(record.sheetName, 'Übersicht');
    assert.equal(record.objectId, 'WpLRKj');
    assert.equal(record.durationMs, 20000n);
    assert.equal(record.visible, false);
    assert.equal(record.enteredAt, '2025-12-27T05:46:20.337Z');
    assert.equal(record.dataStateId, 1766814362573n);
    assert.equal(record.userDirectory, 'LAB');
    assert.equal(record.userName, 'anna.öberg');
    assert.equal(record.sequence, 7);
    assert.equal(record.rawEnvelope, envelopeText());
    assert.deepEqual(record.asSent, {});
  });

  it('keeps integers beyond 2^53 exactly as the text has them', () => {
    assert.equal(recordWith('"dataStateId":9007199254740993').dataStateId, 9007199254740993n);
    assert.equal(recordWith('"dataStateId":-9223372036854775808').dataStateId, -(2n ** 63n));
    assert.equal(recordWith('"dataStateId":9e18').dataStateId, 9n * 10n ** 18n);
  });

  it('makes null what int64 cannot hold, with the value as sent', () => {
    for (const text of ['1e19', '9223372036854775808', '1e300', '-1e300', '12345678901234567890']) {
      const record = recordWith(`"dataStateId":${text}`);
      assert.equal(record.dataStateId, null);
      assert.equal(record.asSent.dataStateId, text);
    }
    assert.equal(recordWith('"duration":1e300').asSent.durationMs, '1e300');
    assert.equal(recordWith('"duration":1e999').asSent.durationMs, '"1e999"');
    const text = recordWith('"dataStateId":"12"');
    assert.deepEqual([text.dataStateId, text.asSent.dataStateId], [null, '"12"']);
  });

  it('rounds fractions and takes minus zero as zero', () => {
    assert.equal(recordWith('"duration":1234.5').durationMs, 1235n);
    assert.equal(recordWith('"duration":-0').durationMs, 0n);
    assert.equal(recordWith('"duration":0.4').durationMs, 0n);
  });

  it('keeps the fraction of a duration beside it, and rounds no identifier', () => {
    assert.equal(recordWith('"duration":1234.5').durationFractionMs, 1234.5);
    assert.equal('durationFractionMs' in recordWith('"duration":1234'), false);
    const record = recordWith('"dataStateId":1.5');
    assert.deepEqual([record.dataStateId, record.asSent.dataStateId], [null, '1.5']);
  });

  it('takes a boolean for a boolean only', () => {
    const record = recordWith('"visible":"true"');
    assert.deepEqual([record.visible, record.asSent.visible], [null, '"true"']);
  });

  it('keeps JSON as sent, numbers in their spelling', () => {
    const details = '[{"qField":"Year","qSelected":"2025","qTotal":1.0,"big":12345678901234567890}]';
    assert.equal(recordOf(`"details":${details}`).selectionDetails, details);
    assert.equal(recordOf('"details":[ 1 ,\t2 ]').selectionDetails, '[1,2]');
    const record = recordOf('"objectData":{"objectType":"barchart","measures":[1.50]}');
    assert.equal(record.objectData, '{"objectType":"barchart","measures":[1.50]}');
    assert.equal(record.objectType, 'barchart');
    const twice = recordOf('"other":[1,null],"details":[1.0,1e400],"objectData":1.0');
    assert.deepEqual([twice.selectionDetails, twice.objectData], ['[1.0,1e400]', '1.0']);
  });

  it('counts a leap second as the start of the next minute', () => {
    const text = envelopeText().replace('"timestamp":"2025-12-27T05:46:40.337Z"', '"timestamp":"2016-12-31T23:59:60Z"');
    const record = auditRecordOf(storedEvent(text));
    assert.equal(record.timestamp, BigInt(Date.UTC(2017, 0, 1)));
    assert.equal(record.date, '20170101');
  });

  it('replaces a lone surrogate and keeps it as sent, readable for every JSON reader', () => {
    const record = recordWith('"objectId":"a\\ud800b"');
    assert.equal(record.objectId, 'a\ufffdb');
    assert.equal(JSON.parse(JSON.parse(record.asSent.objectId ?? '')), 'a\ud800b');
  });

  it('looks in each place in the documented order', () => {
    const at = (payload: unknown): AuditRecord => auditRecordOf(storedEvent(JSON.stringify({ payload })));
    assert.equal(at({ event: { objectId: 'e' }, objectId: 'p', context: { objectId: 'c' } }).objectId, 'e');
    assert.equal(at({ event: { objectId: null }, objectId: 'p', context: { objectId: 'c' } }).objectId, 'p');
    assert.equal(at({ context: { objectId: 'c' } }).objectId, 'c');
    assert.equal(at({ event: { appId: 'e' }, appId: 'p', context: { appId: 'c' } }).appId, 'c');
    assert.equal(at({ context: { userId: 'i', user: 'u' } }).userId, 'u');
    assert.equal(at({ context: { userId: 'i' } }).userId, 'i');
    assert.equal(at({ event: { durationMs: 5 } }).durationMs, 5n);
  });

  it('takes id and type from the line where the envelope has none', () => {
    const record = auditRecordOf(storedEvent('{"eventId":5}', { id: 'x', type: 't' }));
    assert.deepEqual([record.eventId, record.eventType, record.asSent.eventId], ['x', 't', '5']);
  });

  it('rule 14: carries the first outcome of its screenshot', () => {
    const saved = storedEvent(
      JSON.stringify({ payload: { status: 'saved', files: [{ path: 'a.png', role: 'seen' }, { path: 'b.png' }] } }),
      { origin: 'server', type: 'server.screenshot.saved' },
    );
    const record = auditRecordOf(storedEvent(envelopeText()), saved);
    assert.equal(record.screenshotSavedPaths, '["a.png","b.png"]');
    assert.deepEqual([record.screenshotStatus, record.screenshotReason], ['saved', null]);
    const failed = storedEvent('{"payload":{"reason":"gone"}}', { origin: 'server', type: 'server.screenshot.failed' });
    const without = auditRecordOf(storedEvent(envelopeText()), failed);
    assert.deepEqual([without.screenshotStatus, without.screenshotReason], ['failed', 'gone']);
    assert.equal(without.screenshotSavedPaths, null);
  });

  it('rule 14: makes a late picture a row of its own', () => {
    const payload = {
      subjectEventId: 'e',
      correlationId: 'c',
      selectionTxnId: 's',
      status: 'saved',
      files: [{ path: 'p' }],
    };
    const record = auditRecordOf(
      storedEvent(JSON.stringify({ payload }), {
        origin: 'server',
        type: 'server.screenshot.saved',
        id: 'late',
        seq: 9,
      }),
    );
    assert.equal(record.eventType, 'server.screenshot.saved');
    assert.deepEqual([record.eventId, record.correlationId, record.selectionTxnId], ['late', 'c', 's']);
    assert.deepEqual([record.screenshotSavedPaths, record.sequence], ['["p"]', 9]);
    assert.equal(record.timestamp, BigInt(Date.UTC(2026, 10, 23, 7, 0, 0, 123)));
  });

  it('leaves what an erasure left', () => {
    const record = auditRecordOf(storedEvent(envelopeText(), { erased: true, id: 'gone', type: 't' }));
    assert.deepEqual([record.eventId, record.eventType, record.userId, record.rawEnvelope], ['gone', 't', null, null]);
  });

  it('survives envelopes nested beyond the stack', () => {
    const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
    const record = auditRecordOf(storedEvent(`{"payload":{"event":{"details":${deep},"objectId":${deep}}}}`));
    assert.equal(record.objectId, null);
    assert.match(record.asSent.objectId ?? '', /event log/);
  });
});
