import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { epochMillis } from '../../src/domain/epoch-millis.ts';
import { CodedError } from '../../src/domain/errors.ts';
import type { NewLogEntry, StoredEvent } from '../../src/domain/log-entry.ts';
import { BEFORE_FIRST, sequence } from '../../src/domain/sequence.ts';
import { destinationAddedRecord } from '../../src/domain/server-record.ts';
import type { EventLogWriter } from '../../src/pipeline/ports/event-log.ts';

export interface LogUnderTest {
  readonly log: EventLogWriter;
  remove(): Promise<void>;
}

const AT = epochMillis(Date.UTC(2026, 10, 23, 7, 0, 0, 123));
const ALL = { events: 1000, bytes: 1e7 };
const NEVER = new AbortController().signal;

function client(n: number, more: Partial<NewLogEntry> = {}): NewLogEntry {
  const id = `a0000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
  return { origin: 'client', id, type: 'audit.event', at: AT, envelope: JSON.stringify({ n }), ...more };
}

/** What every event log does, the one in memory included. */
export function eventLogConformance(name: string, open: () => Promise<LogUnderTest>): void {
  const withLog = (what: string, body: (log: EventLogWriter) => Promise<void>) =>
    test(what, async () => {
      const { log, remove } = await open();
      try {
        await body(log);
      } finally {
        await log.close();
        await remove();
      }
    });

  describe(`event log: ${name}`, () => {
    withLog('begins empty', async (log) => {
      assert.equal(log.head(), 0);
      assert.equal(await log.firstRetained(), 1);
      assert.deepEqual(await log.read(BEFORE_FIRST, ALL), []);
    });

    withLog('gives consecutive sequences in the order of the entries, and of the calls', async (log) => {
      const receipts = await Promise.all([log.append([client(1), client(2)]), log.append([client(3)]), log.append([])]);
      assert.deepEqual(receipts, [[{ seq: 1 }, { seq: 2 }], [{ seq: 3 }], []]);
      assert.equal(log.head(), 3);
      const ids = (await log.read(BEFORE_FIRST, ALL)).map((item) => item.kind === 'event' && item.id.slice(-1));
      assert.deepEqual(ids, ['1', '2', '3']);
    });

    withLog('rule 1: gives everything back as it came', async (log) => {
      const envelope = '{"b": 1e400, "a":"\\u00e5 å \u{1f600} ,\\"digest\\":\\"", "b":2}';
      const type = 'event."quoted"\\ å\u2028';
      const entry = client(1, { type, envelope, awaits: 'screenshot', ip: '::1', auditQsVersion: '0.3.1"' });
      await log.append([entry]);
      const [item] = await log.read(BEFORE_FIRST, ALL);
      assert.equal(item?.kind, 'event');
      const { private: privatePart, digest, ...head } = item as StoredEvent;
      assert.deepEqual(
        { seq: head.seq, at: head.at, origin: head.origin, id: head.id, type: head.type, awaits: head.awaits },
        { seq: 1, at: AT, origin: 'client', id: entry.id, type, awaits: 'screenshot' },
      );
      assert.match(digest, /^[\w-]{43}$/);
      assert.equal(privatePart()?.envelopeText, envelope);
      assert.deepEqual(privatePart()?.envelope, JSON.parse(envelope));
      assert.deepEqual([privatePart()?.ip, privatePart()?.auditQsVersion], ['::1', '0.3.1"']);
    });

    withLog('rule 3: server records say what they are about, who caused them and by what', async (log) => {
      const facts = { logId: 'x', destination: 'parquet', destinationType: 'parquet', startFrom: 'now' as const };
      const record = destinationAddedRecord({ ...facts, after: sequence(0), at: AT });
      await log.append([{ ...record, subject: sequence(1), request: 'r' }]);
      const [item] = await log.read(BEFORE_FIRST, ALL);
      assert.ok(item?.kind === 'event');
      assert.deepEqual([item.origin, item.subject, item.type], ['server', 1, 'server.destination.added']);
      assert.deepEqual([item.private()?.actor, item.private()?.request], ['server', 'r']);
    });

    withLog('what no reader could take for a line is refused as a defect, and nothing is stored', async (log) => {
      const defects = [
        client(1, { envelope: '{\n}' }),
        client(1, { type: 'server.synced' }),
        client(1, { type: '' }),
        { ...client(1), origin: 'server' as const },
      ];
      for (const entry of defects) {
        await assert.rejects(log.append([client(2), entry]), (e) => e instanceof CodedError && e.code === 'DEFECT');
      }
      assert.equal(log.head(), 0);
    });

    withLog('reads in pieces: at most so many, about so many bytes, always at least one', async (log) => {
      await log.append(Array.from({ length: 20 }, (_, i) => client(i, { envelope: `"${'x'.repeat(5000)}"` })));
      assert.equal((await log.read(BEFORE_FIRST, { events: 3, bytes: 1e9 })).length, 3);
      assert.equal((await log.read(sequence(19), { events: 3, bytes: 1 })).length, 1);
      const some = await log.read(BEFORE_FIRST, { events: 1000, bytes: 20_000 });
      assert.ok(some.length >= 2 && some.length <= 6, `${some.length}`);
      assert.deepEqual(await log.read(sequence(20), ALL), []);
    });

    withLog('several readers at different positions do not disturb each other', async (log) => {
      await log.append(Array.from({ length: 50 }, (_, i) => client(i)));
      const follow = async (events: number) => {
        const seqs: number[] = [];
        for (let after = BEFORE_FIRST; ; ) {
          const items = await log.read(after, { events, bytes: 1e6 });
          const last = items.at(-1);
          if (last?.kind !== 'event') return seqs;
          seqs.push(...items.map((item) => (item.kind === 'event' ? item.seq : 0)));
          after = last.seq;
        }
      };
      const expected = Array.from({ length: 50 }, (_, i) => i + 1);
      for (const seqs of await Promise.all([1, 2, 7, 50].map(follow))) assert.deepEqual(seqs, expected);
    });

    withLog('wakes those who wait once there is more, or when they give up', async (log) => {
      const given = new AbortController();
      const order: string[] = [];
      const first = log.waitPast(BEFORE_FIRST, NEVER).then(() => order.push('past 0'));
      const later = log.waitPast(sequence(5), given.signal).then(() => order.push('gave up'));
      await log.append([client(1)]);
      await first;
      given.abort();
      await later;
      assert.deepEqual(order, ['past 0', 'gave up']);
      await log.waitPast(BEFORE_FIRST, NEVER);
      await log.waitPast(sequence(5), given.signal);
    });

    withLog('is closed once and for all, twice if need be', async (log) => {
      await log.append([client(1)]);
      await Promise.all([log.close(), log.close()]);
      await assert.rejects(
        log.append([client(2)]),
        (error) => error instanceof CodedError && error.code === 'EVENT_LOG_CLOSED',
      );
    });
  });
}
