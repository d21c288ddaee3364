import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { envelopeText, storedEvent } from '../../test/support/stored-event.ts';
import { auditRecordOf } from '../domain/audit-record.ts';
import { CodedError } from '../domain/errors.ts';
import { sequence } from '../domain/sequence.ts';
import { type BatchPart, PendingBatch, rejectionsOf, rowsOf } from './batching.ts';
import { halve } from './bisect-refused-batch.ts';
import type { DeliveryEntry } from './delivery-reader.ts';

const TEXT = envelopeText();

function row(position: number): DeliveryEntry {
  return {
    kind: 'row',
    row: { position: sequence(position), record: auditRecordOf(storedEvent(TEXT, { seq: position })) },
  };
}
function rejection(first: number, last = first): DeliveryEntry {
  const error = new CodedError('EVENT_LOG_DAMAGED', 'damaged');
  return { kind: 'rejection', rejection: { range: { first: sequence(first), last: sequence(last) }, error } };
}
function limits(maxBatchSize: number, maxBatchBytes = 1e9, writeFrequencyMs = 100) {
  return { maxBatchSize, maxBatchBytes, writeFrequencyMs };
}
function shape(part: BatchPart): string {
  const rows = rowsOf(part).map((r) => r.position);
  const rejected = rejectionsOf(part).map((r) => `${r.range.first}-${r.range.last}`);
  return `${part.range.first}-${part.range.last} rows ${rows} rejected ${rejected}`;
}

describe('PendingBatch', () => {
  it('takes what fits and leaves the rest to be read again', () => {
    const pending = new PendingBatch(sequence(10), limits(2));
    pending.add({ entries: [row(12), row(15), row(18)], readTo: sequence(20) }, 0);
    assert.equal(pending.dueInMs(0), 0);
    assert.equal(pending.readTo, 17);
    assert.equal(shape(pending.cut()), '11-17 rows 12,15 rejected ');
  });

  it('covers positions without rows up to where it was read', () => {
    const pending = new PendingBatch(sequence(0), limits(5));
    pending.add({ entries: [row(1)], readTo: sequence(4) }, 0);
    assert.equal(shape(pending.cut()), '1-4 rows 1 rejected ');
  });

  it('counts rejections like rows, so that their number is bounded too', () => {
    const pending = new PendingBatch(sequence(0), limits(2));
    pending.add({ entries: [rejection(1, 5), row(6), rejection(7)], readTo: sequence(9) }, 0);
    assert.equal(shape(pending.cut()), '1-6 rows 6 rejected 1-5');
  });

  it('cuts before the row that would make it too large; a single row always fits', () => {
    const pending = new PendingBatch(sequence(0), limits(9, TEXT.length * 2 + 1));
    pending.add({ entries: [row(1), row(2), row(3)], readTo: sequence(3) }, 0);
    assert.equal(shape(pending.cut()), '1-2 rows 1,2 rejected ');
    const small = new PendingBatch(sequence(0), limits(9, 1));
    small.add({ entries: [row(1), row(2)], readTo: sequence(2) }, 0);
    assert.equal(shape(small.cut()), '1-1 rows 1 rejected ');
  });

  it('is due writeFrequencyMs after the oldest was seen, whatever came later', () => {
    const pending = new PendingBatch(sequence(0), limits(9));
    assert.equal(pending.dueInMs(0), Number.POSITIVE_INFINITY);
    pending.add({ entries: [row(1)], readTo: sequence(1) }, 1000);
    pending.add({ entries: [row(2)], readTo: sequence(2) }, 1090);
    assert.equal(pending.dueInMs(1090), 10);
    assert.equal(pending.dueInMs(1500), 0);
  });

  it('asks for no more than fits, and for one event at least', () => {
    const pending = new PendingBatch(sequence(0), limits(3, 10));
    assert.deepEqual(pending.room, { events: 3, bytes: 10 });
    pending.add({ entries: [row(1)], readTo: sequence(1) }, 0);
    assert.deepEqual(pending.room, { events: 2, bytes: 1 });
    assert.ok(new PendingBatch(sequence(0), limits(1e6)).room.events <= 1000);
  });
});

describe('rule 20: halve', () => {
  it('two parts that make up the whole, rejections in their places', () => {
    const part = {
      range: { first: sequence(1), last: sequence(20) },
      entries: [rejection(1, 2), row(5), row(9), rejection(10), row(12), rejection(18)],
    };
    const [left, right] = halve(part) ?? assert.fail();
    assert.equal(shape(left), '1-9 rows 5,9 rejected 1-2');
    assert.equal(shape(right), '10-20 rows 12 rejected 10-10,18-18');
    const [one, other] = halve(left) ?? assert.fail();
    assert.equal(shape(one), '1-5 rows 5 rejected 1-2');
    assert.equal(shape(other), '6-9 rows 9 rejected ');
  });

  it('one row cannot be halved', () => {
    assert.equal(halve({ range: { first: sequence(1), last: sequence(2) }, entries: [row(2)] }), undefined);
  });
});
