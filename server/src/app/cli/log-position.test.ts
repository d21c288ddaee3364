import assert from 'node:assert/strict';
import { test } from 'node:test';
import { epochMillis } from '../../domain/epoch-millis.ts';
import type { LogItem, StoredEvent } from '../../domain/log-entry.ts';
import { sequence } from '../../domain/sequence.ts';
import type { EventLogReader } from '../../pipeline/ports/event-log.ts';
import { firstAtOrAfter, lastAtOrBefore } from './log-position.ts';

const START = Date.UTC(2026, 10, 23);

/** Sequences 3 … 12, one a second from midnight. */
function tenLines(): EventLogReader {
  const lines: StoredEvent[] = Array.from({ length: 10 }, (_, index) => ({
    kind: 'event',
    seq: sequence(index + 3),
    at: epochMillis(START + index * 1000),
    origin: 'client',
    id: '',
    type: 't',
    digest: '',
    private: () => undefined,
  }));
  return {
    read: async (after, limit): Promise<readonly LogItem[]> =>
      lines.filter((l) => l.seq > after).slice(0, limit.events),
    head: () => sequence(12),
    firstRetained: async () => sequence(3),
    waitPast: async () => undefined,
  };
}

test('a number is a sequence', async () => {
  assert.equal(await firstAtOrAfter(tenLines(), '7'), 7);
  assert.equal(await lastAtOrBefore(tenLines(), '7'), 7);
});

test('a date is where its first event is, or its last', async () => {
  assert.equal(await firstAtOrAfter(tenLines(), '2026-11-23'), 3);
  assert.equal(await firstAtOrAfter(tenLines(), '2026-11-23T00:00:04Z'), 7);
  assert.equal(await firstAtOrAfter(tenLines(), '2026-11-23T00:00:04.5Z'), 8);
  assert.equal(await lastAtOrBefore(tenLines(), '2026-11-23T00:00:04Z'), 7);
  assert.equal(await lastAtOrBefore(tenLines(), '2026-11-24'), 12);
  assert.equal(await firstAtOrAfter(tenLines(), '2026-11-24'), 13);
  assert.equal(await lastAtOrBefore(tenLines(), '2026-11-22'), 2);
});

test('anything else is refused with what is expected', async () => {
  await assert.rejects(firstAtOrAfter(tenLines(), 'yesterday'), /neither a sequence .* nor a date/);
  await assert.rejects(firstAtOrAfter(tenLines(), '-1'), /neither a sequence .* nor a date/);
});
