import assert from 'node:assert/strict';
import { test } from 'node:test';
import { envelopeText, storedEvent } from '../../test/support/stored-event.ts';
import { auditRecordOf } from './audit-record.ts';
import { annotationLines, IMAGE_FACTS, type ImageFact } from './screenshot-annotation.ts';

const NONE = Object.fromEntries(IMAGE_FACTS.map((fact) => [fact, false])) as Record<ImageFact, boolean>;
const ALL = Object.fromEntries(IMAGE_FACTS.map((fact) => [fact, true])) as Record<ImageFact, boolean>;
const record = auditRecordOf(storedEvent(envelopeText()));
const inStockholm = () => 60;

test('all facts stand there in the documented order, the time in UTC and in server time with its offset', () => {
  assert.deepEqual(
    annotationLines(record, ALL, inStockholm).map(({ label, value }) => `${label}: ${value}`),
    [
      'Time (UTC): 2025-12-27 05:46:40.337 UTC',
      'Time (server): 2025-12-27 06:46:40.337 +01:00',
      'Event ID: a0000000-0000-4000-8000-000000000001',
      'Correlation ID: 0346f48f-0abb-4786-b1ce-52f8672f6a1b',
      'Selection transaction ID: 0346f48f-0abb-4786-b1ce-52f8672f6a1b',
      'User: UserDirectory=LAB; UserId=anna.öberg',
      'App ID: 7d5f6e2a-1111-4222-8333-444444444444',
      'App: Försäljning 数据',
      'Sheet: Übersicht',
      'Viewing duration: 20 s',
    ],
  );
});

test('only what is wanted, and nothing for what the event does not have', () => {
  assert.deepEqual(annotationLines(record, NONE, inStockholm), []);
  const withoutDuration = auditRecordOf(storedEvent(envelopeText({ duration: null })));
  assert.deepEqual(annotationLines(withoutDuration, { ...NONE, viewingDuration: true }, inStockholm), []);
  const labels = annotationLines({ ...record, appName: ' ' }, { ...NONE, appName: true, appId: true }, inStockholm);
  assert.deepEqual(
    labels.map(({ label }) => label),
    ['App ID'],
  );
});

test('offsets west of Greenwich and of half hours; the time of receipt where the event has none', () => {
  const date = { ...NONE, date: true };
  const serverTime = (minutes: number) => annotationLines(record, date, () => minutes)[1]?.value;
  assert.equal(serverTime(-210), '2025-12-27 02:16:40.337 -03:30');
  assert.equal(serverTime(345), '2025-12-27 11:31:40.337 +05:45');
  assert.equal(serverTime(0), '2025-12-27 05:46:40.337 +00:00');
  const received = annotationLines({ ...record, timestamp: null }, date, inStockholm)[0]?.value;
  assert.equal(received, '2026-11-23 07:00:00.123 UTC');
});

test('long looks are given in hours and minutes as well', () => {
  const text = (ms: bigint) =>
    annotationLines({ ...record, durationMs: ms }, { ...NONE, viewingDuration: true }, inStockholm)[0]?.value;
  assert.equal(text(0n), '0 s');
  assert.equal(text(1050n), '1.05 s');
  assert.equal(text(65_500n), '1 min 5.5 s (65.5 s)');
  assert.equal(text(3_725_000n), '1 h 2 min 5 s (3725 s)');
});
