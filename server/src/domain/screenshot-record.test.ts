import assert from 'node:assert/strict';
import { test } from 'node:test';
import { epochMillis } from './epoch-millis.ts';
import { type ScreenshotEnding, screenshotRecord } from './screenshot-record.ts';
import { sequence } from './sequence.ts';

const AT = epochMillis(Date.UTC(2026, 10, 23));
const ABOUT = { subject: sequence(3), subjectEventId: 'e', correlationId: 'c', selectionTxnId: null };
const BY_SERVER = { actor: 'server', request: 'screenshots', at: AT };
const DISABLED: ScreenshotEnding = { status: 'failed', reason: 'disabled' };
const SAVED: ScreenshotEnding = {
  status: 'saved',
  files: [{ path: '/x.png', role: 'seen', sha256: '00', bytes: 1, width: 2, height: 3 }],
};

test('rule 14: settles an event without a picture', () => {
  const failed = screenshotRecord(ABOUT, DISABLED, BY_SERVER);
  assert.deepEqual([failed.type, failed.subject, failed.actor], ['server.screenshot.failed', 3, 'server']);
  const envelope = JSON.parse(failed.envelope) as { correlationId: string; payload: unknown };
  assert.equal(envelope.correlationId, 'c');
  assert.deepEqual(envelope.payload, {
    ...{ subjectEventId: 'e', correlationId: 'c', selectionTxnId: null },
    ...{ status: 'failed', reason: 'disabled', files: [] },
  });
});

test('rules 3, 14: the same outcome has the same id, whenever and why it is learnt; a late one has its own by request', () => {
  const id = (ending: ScreenshotEnding, cause: Parameters<typeof screenshotRecord>[2]) =>
    screenshotRecord(ABOUT, ending, cause).id;
  const late = (requestId: number) => ({ ...BY_SERVER, actor: 'anna', late: { requestId } });
  assert.equal(id(SAVED, BY_SERVER), id(SAVED, { ...BY_SERVER, at: epochMillis(AT + 1) }));
  assert.equal(id(DISABLED, BY_SERVER), id({ status: 'failed', reason: 'expired' }, BY_SERVER));
  assert.equal(id(SAVED, late(1)), id(SAVED, late(1)));
  const all = [id(SAVED, BY_SERVER), id(DISABLED, BY_SERVER), id(SAVED, late(1)), id(SAVED, late(2))];
  assert.equal(new Set(all).size, 4);
});
