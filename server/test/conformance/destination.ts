import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { inspect } from 'node:util';
import { type AuditRecord, auditRecordOf } from '../../src/domain/audit-record.ts';
import { CodedError } from '../../src/domain/errors.ts';
import { sequence } from '../../src/domain/sequence.ts';
import type { DeliveryOutcome, DeliveryRow, Destination } from '../../src/pipeline/ports/destination.ts';
import type { AttemptMemory } from '../support/file-attempts.ts';
import type { RecordingLogger } from '../support/recording-logger.ts';
import { envelopeText, storedEvent } from '../support/stored-event.ts';

/** What came out at the other end, in the order in which a reader meets it; numbers as decimal text. */
export interface RowReadBack {
  readonly sequence: number;
  /** The record's fields by name, those that this destination has. */
  readonly fields: Readonly<Record<string, string | number | boolean | null>>;
}

export interface DestinationUnderTest {
  /** A new instance over the same place, as after a restart. */
  open(): Destination;
  /** Reads through an independent reader, never through code of the destination. */
  readBack(): Promise<readonly RowReadBack[]>;
  /** Makes the place unreachable, and reachable again. */
  breakPlace(): Promise<void>;
  mendPlace(): Promise<void>;
  readonly logger: RecordingLogger;
  readonly attempts: AttemptMemory;
  /** Strings that may appear in no log line and no error. */
  readonly secrets: readonly string[];
  /** An attempt that is repeated before its commit shows once (files by rule 19, servers that can tell). */
  readonly retriesShowOnce: boolean;
  /** A reader sees an event once even when it comes in two different batches. */
  readonly overlapsShowOnce: boolean;
  close(): Promise<void>;
}

const NEVER = new AbortController().signal;

/** What every destination promises the delivery worker. */
export function destinationConformance(name: string, setUp: () => Promise<DestinationUnderTest>): void {
  describe(`destination contract: ${name}`, () => {
    let place: DestinationUnderTest;
    let destination: Destination;
    beforeEach(async () => {
      place = await setUp();
      destination = place.open();
      await destination.check(NEVER);
    });
    afterEach(async () => {
      await destination.close();
      await place.close();
    });
    const deliver = (rows: readonly DeliveryRow[], signal = NEVER): Promise<DeliveryOutcome> =>
      destination.deliver(place.attempts.batch(rows), signal);
    const deliverAndCommit = async (rows: readonly DeliveryRow[]): Promise<void> => {
      assert.deepEqual(await deliver(rows), { kind: 'delivered', rejected: [] });
      place.attempts.commit();
    };
    const sequences = async (): Promise<readonly number[]> => (await place.readBack()).map((row) => row.sequence);

    it('delivers every event with its content, in order', async () => {
      const rows = [...plainRows(1, 5), ...plainRows(6, 3)];
      await deliverAndCommit(rows.slice(0, 5));
      await deliverAndCommit(rows.slice(5));
      const back = await place.readBack();
      assert.deepEqual(
        back.map((row) => row.sequence),
        [1, 2, 3, 4, 5, 6, 7, 8],
      );
      for (const [i, row] of back.entries()) assertSame(row, rows[i]?.record);
    });

    it('keeps awkward values, each event for itself', async () => {
      const rows = AWKWARD.map((members, i) => rowOf(i + 1, members));
      await deliverAndCommit(rows);
      const back = await place.readBack();
      assert.equal(back.length, rows.length);
      for (const [i, row] of back.entries()) assertSame(row, rows[i]?.record);
    });

    it('rule 18: the same attempt twice', async () => {
      await deliver(plainRows(1, 4));
      destination = place.open();
      await deliverAndCommit(plainRows(1, 4));
      const seen = await sequences();
      assert.deepEqual([...new Set(seen)], [1, 2, 3, 4]);
      if (place.retriesShowOnce) assert.equal(seen.length, 4);
    });

    it('an overlapping range loses nothing', async () => {
      await deliverAndCommit(plainRows(1, 4));
      await deliverAndCommit(plainRows(3, 4));
      const seen = await sequences();
      assert.deepEqual([...new Set(seen)].sort(), [1, 2, 3, 4, 5, 6]);
      if (place.overlapsShowOnce) assert.equal(seen.length, 6);
    });

    it('a batch without rows is delivered', async () => {
      await deliverAndCommit([]);
      assert.deepEqual(await sequences(), []);
    });

    it('an aborted delivery says retry, and the repetition delivers once', async () => {
      const outcome = await deliver(plainRows(1, 2), AbortSignal.abort());
      assert.equal(outcome.kind, 'retry');
      await deliverAndCommit(plainRows(1, 2));
      assert.deepEqual(await sequences(), [1, 2]);
    });

    it('an unreachable place says retry and keeps nothing back once it is reachable', async () => {
      await place.breakPlace();
      await assert.rejects(destination.check(NEVER), CodedError);
      for (let i = 0; i < 3; i++) assert.equal((await deliver(plainRows(1, 3))).kind, 'retry');
      await place.mendPlace();
      await destination.check(NEVER);
      await deliverAndCommit(plainRows(1, 3));
      assert.deepEqual(await sequences(), [1, 2, 3]);
    });

    it('may be closed twice', async () => {
      await destination.close();
      await destination.close();
    });

    it('tells no secret', async () => {
      await place.breakPlace();
      const outcome = await deliver(plainRows(1, 1));
      const failure = await destination.check(NEVER).catch((error: unknown) => error);
      const said = inspect([outcome, failure, place.logger.lines], { depth: 10 });
      for (const secret of place.secrets) assert.ok(!said.includes(secret));
    });
  });
}

/** Rows `first` … of ordinary events, each with object data. */
export function plainRows(first: number, count: number): readonly DeliveryRow[] {
  return Array.from({ length: count }, (_, i) => rowOf(first + i, OBJECT_DATA));
}

export function rowOf(seq: number, members: string): DeliveryRow {
  const text = envelopeText({ dataStateId: null }, seq).replace('"dataStateId":null', members);
  return { position: sequence(seq), record: auditRecordOf(storedEvent(text, { seq })) };
}

const OBJECT_DATA =
  '"objectData":{"objectType":"barchart","measures":[{"values":["1.5","ö"]}]},"dataStateId":1766814362573';

/** Members of `payload.event`, as JSON text. */
const AWKWARD = [
  '"dataStateId":1e19',
  '"duration":1e300',
  '"duration":1e999',
  '"dataStateId":9007199254740993,"duration":0.5',
  '"duration":-0,"dataStateId":-9223372036854775808',
  '"visible":"true","objectId":["nested",{"deep":[null]}]',
  '"objectId":"lone \\ud800 surrogate"',
  '"objectId":"zero \\u0000 byte"',
  '"objectId":"line\\nbreak\\r\\ttab \\"quote\\" back\\\\slash, comma; 😀 \\u202e"',
  '"objectId":"","enteredAt":"   "',
  '"details":[],"selectionTxnId":"not a uuid"',
  '"details":[{"qField":"__proto__","qSelected":"1, 2"}],"__proto__":{"objectId":"polluted"}',
  `"screenshotUrl":"https://example.com/${'long/'.repeat(2000)}"`,
].map((members) => `"objectData":{"n":1.50},${members}`);

/** Every field that was read back is what was sent. */
export function assertSame(row: RowReadBack, record: AuditRecord | undefined): void {
  assert.ok(record !== undefined);
  assert.equal(row.sequence, record.sequence);
  const sent = record as unknown as Readonly<Record<string, string | boolean | bigint | null>>;
  for (const [field, value] of Object.entries(row.fields)) {
    const expected = sent[field];
    assert.deepEqual(value, typeof expected === 'bigint' ? String(expected) : expected, field);
  }
}
