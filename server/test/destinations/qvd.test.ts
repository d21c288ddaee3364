import assert from 'node:assert/strict';
import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { QvdDual, QvdReader, type QvdValue, serialToEpochMs } from 'qvd-codec';
import { qvdDestination } from '../../src/adapters/destinations/qvd/index.ts';
import { sha256Of } from '../../src/adapters/shared/durable-file.ts';
import { generateEnvelopes } from '../../src/app/simulate/event-stream.ts';
import { type AuditRecord, auditRecordOf } from '../../src/domain/audit-record.ts';
import { sequence } from '../../src/domain/sequence.ts';
import type { FieldSet } from '../../src/domain/table-row.ts';
import type { DeliveryRow, Destination } from '../../src/pipeline/ports/destination.ts';
import { destinationConformance, plainRows, type RowReadBack, rowOf } from '../conformance/destination.ts';
import { PYTHON_READERS, skipWithout } from '../support/external-tools.ts';
import { AttemptMemory } from '../support/file-attempts.ts';
import { FilePlace } from '../support/file-place.ts';
import { type QvdCell, qvdColumn, qvdFiles, readQvdFiles } from '../support/qvd-rows.ts';
import { storedEvent } from '../support/stored-event.ts';

const NEVER = new AbortController().signal;

function open(place: FilePlace, fieldSet: FieldSet = 'documented', tags: Record<string, string> = {}): Destination {
  const staticTags = Object.entries(tags).map(([name, value]) => ({ name, value }));
  const options = { exportDirectory: 'export', staticTags, fieldSet, maxBatchSize: 1000, writeFrequencyMs: 0 };
  return qvdDestination.create(options, place.context('qvd'));
}

const DOCUMENTED = [
  ['timestamp', 'INTEGER'],
  ['date', 'UNKNOWN'],
  ['eventId', 'UNKNOWN'],
  ['correlationId', 'UNKNOWN'],
  ['eventType', 'UNKNOWN'],
  ['userId', 'UNKNOWN'],
  ['appId', 'UNKNOWN'],
  ['appName', 'UNKNOWN'],
  ['sheetId', 'UNKNOWN'],
  ['sheetName', 'UNKNOWN'],
  ['objectId', 'UNKNOWN'],
  ['selectionTxnId', 'UNKNOWN'],
  ['durationMs', 'INTEGER'],
  ['visible', 'INTEGER'],
  ['enteredAt', 'UNKNOWN'],
  ['leftAt', 'UNKNOWN'],
  ['dataStateId', 'INTEGER'],
  ['selectionDetails', 'UNKNOWN'],
  ['screenshotUrl', 'UNKNOWN'],
  ['screenshotSavedPaths', 'UNKNOWN'],
  ['tags', 'UNKNOWN'],
] as const;

const EXTENDED = [
  ['userDirectory', 'UNKNOWN'],
  ['userName', 'UNKNOWN'],
  ['objectType', 'UNKNOWN'],
  ['objectData', 'UNKNOWN'],
  ['enterSelectionTxnId', 'UNKNOWN'],
  ['leaveSelectionTxnId', 'UNKNOWN'],
  ['receivedAt', 'TIMESTAMP'],
  ['sequence', 'INTEGER'],
  ['eventTime', 'TIMESTAMP'],
  ['eventDate', 'DATE'],
  ['eventHour', 'INTEGER'],
  ['rawEnvelope', 'UNKNOWN'],
] as const;

/** What the record says, from the cells of a row and, where the format cannot hold it, from `tags.asSent`. */
function recordFields(cells: Readonly<Record<string, QvdCell>>): RowReadBack {
  const tags = String(cells.tags?.[1]);
  const fields: Record<string, string | boolean | null> = {};
  for (const [name] of DOCUMENTED) {
    if (name === 'tags') continue;
    const value = cells[name]?.[1] ?? null;
    if (name === 'visible') fields[name] = value === null ? null : value === -1;
    else fields[name] = nulSent(tags, name) ?? (value === null ? null : String(value));
  }
  return { sequence: JSON.parse(tags).sequence, fields };
}

function nulSent(tags: string, name: string): string | undefined {
  const sent = JSON.parse(tags).asSent?.[name];
  return typeof sent === 'string' && sent.includes('\0') ? sent.toWellFormed() : undefined;
}

describe('read by PyQvd', { skip: skipWithout(PYTHON_READERS) }, () => {
  destinationConformance('qvd', async () => {
    const place = new FilePlace();
    return {
      open: () => open(place),
      readBack: async () =>
        readQvdFiles(qvdFiles(place.directory)).flatMap(({ columns, rows }) =>
          rows.map((row) => recordFields(Object.fromEntries(columns.map((name, i) => [name, row[i] ?? null])))),
        ),
      breakPlace: () => place.break(),
      mendPlace: () => place.mend(),
      logger: place.logger,
      attempts: new AttemptMemory(),
      secrets: [],
      retriesShowOnce: true,
      overlapsShowOnce: false,
      close: async () => place.remove(),
    };
  });
});

/** Numbers and texts at the ends of what QVD holds, and beyond. */
const EXTREMES = [
  '"duration":9007199254740991,"dataStateId":-9007199254740991',
  '"duration":9007199254740992,"dataStateId":-9223372036854775808',
  '"duration":2147483648,"dataStateId":-2147483649,"visible":null',
  '"duration":1e300,"dataStateId":"12","visible":"true"',
  '"objectId":"","enteredAt":"zero \\u0000 byte","visible":true',
  '"objectId":"lone \\ud83d \\u0000 both","leftAt":"😀\\u202e"',
];

function realisticRows(): DeliveryRow[] {
  const generated = [...generateEnvelopes(200, 11)].map((text, i) => {
    const { eventId, type } = JSON.parse(text);
    const seq = i + 1;
    return { position: sequence(seq), record: auditRecordOf(storedEvent(text, { seq, id: eventId, type })) };
  });
  const erased = auditRecordOf(storedEvent('{}', { seq: 207, erased: true }));
  const extremes = EXTREMES.map((members, i) => rowOf(201 + i, members));
  return [...generated, ...extremes, { position: sequence(207), record: erased }];
}

/** The number or text that the file must have; written down from the documents, not from the encoder. */
function expected(name: string, record: AuditRecord): number | string | null {
  if (name === 'eventDate') return record.timestamp === null ? null : serialOf(dayStart(Number(record.timestamp)));
  if (name === 'eventTime') return record.timestamp === null ? null : serialOf(Number(record.timestamp));
  if (name === 'eventHour') return record.timestamp === null ? null : new Date(Number(record.timestamp)).getUTCHours();
  if (name === 'receivedAt') return serialOf(record.receivedAt);
  const value = (record as unknown as Record<string, unknown>)[name] ?? null;
  if (typeof value === 'boolean') return value ? -1 : 0;
  if (typeof value === 'bigint') return value ** 2n < 2n ** 106n ? Number(value) : String(value);
  if (typeof value === 'string') return value.toWellFormed().replaceAll('\0', '\ufffd');
  return value as number | null;
}

const serialOf = (epochMs: number): number => epochMs / 86_400_000 + 25_569;
const dayStart = (epochMs: number): number => new Date(epochMs).setUTCHours(0, 0, 0, 0);
const plain = (value: QvdValue): number | string | null => (value instanceof QvdDual ? value.number : value);

describe('qvd destination', () => {
  let place: FilePlace;
  let attempts: AttemptMemory;
  beforeEach(() => {
    place = new FilePlace();
    attempts = new AttemptMemory();
  });
  afterEach(() => place.remove());
  const files = (): readonly string[] => readdirSync(place.directory).sort();
  const first = (): string => join(place.directory, '20261123_part1.qvd');
  async function read(path = first()): Promise<{ header: QvdReader['header']; rows: QvdValue[][] }> {
    const reader = await QvdReader.open(path);
    try {
      const rows: QvdValue[][] = [];
      for await (const row of reader.rows()) rows.push([...row]);
      return { header: reader.header, rows };
    } finally {
      await reader.close();
    }
  }

  for (const fieldSet of ['documented', 'extended'] as const) {
    const schema = fieldSet === 'documented' ? DOCUMENTED : [...DOCUMENTED, ...EXTENDED];

    it(`has every field of ${fieldSet} in order, also when all of it is NULL`, async () => {
      const record = auditRecordOf(storedEvent('{}', { erased: true }));
      await open(place, fieldSet).deliver(attempts.batch([{ position: sequence(1), record }]), NEVER);
      const { header } = await read();
      assert.deepEqual(
        header.fields.map((field) => [field.name, field.numberFormat.type]),
        schema,
      );
      assert.equal(header.fields.find(({ name }) => name === 'durationMs')?.symbolCount, 0);
    });

    it(`PyQvd and our reader find every value of ${fieldSet}`, { skip: skipWithout(PYTHON_READERS) }, async () => {
      const rows = realisticRows();
      await open(place, fieldSet).deliver(attempts.batch(rows), NEVER);
      const [theirs] = readQvdFiles([first()]);
      assert.ok(theirs !== undefined);
      const ours = await read();
      const names = schema.map(([name]) => name);
      assert.deepEqual(theirs.columns, names);
      assert.equal(theirs.rows.length, rows.length);
      for (const [i, { record }] of rows.entries()) {
        for (const [column, name] of names.entries()) {
          if (name === 'tags') continue;
          const where = `row ${i}, ${name}`;
          assert.deepEqual(theirs.rows[i]?.[column]?.[1] ?? null, expected(name, record), where);
          assert.deepEqual(plain(ours.rows[i]?.[column] ?? null), expected(name, record), where);
        }
      }
    });
  }

  it('what the format cannot hold stands in tags as it was sent', async () => {
    await open(place, 'documented', { env: 'dev "x"', sequence: 'no' }).deliver(
      attempts.batch(EXTREMES.map((members, i) => rowOf(i + 1, members))),
      NEVER,
    );
    const { rows } = await read();
    const tags = rows.map((row) => String(row[20]));
    const head = (seq: number): string =>
      `{"env":"dev \\"x\\"","receivedAt":"2026-11-23T07:00:00.123Z","sequence":${seq}`;
    assert.deepEqual(tags, [
      `${head(1)}}`,
      `${head(2)}}`,
      `${head(3)}}`,
      `${head(4)},"asSent":{"durationMs":1e300,"visible":"true","dataStateId":"12"}}`,
      `${head(5)},"asSent":{"enteredAt":"zero \\u0000 byte"}}`,
      `${head(6)},"asSent":{"objectId":"\\"lone \\\\ud83d \\\\u0000 both\\""}}`,
    ]);
  });

  it('extended has real times, which show as what they are', async () => {
    await open(place, 'extended').deliver(attempts.batch(plainRows(1, 1)), NEVER);
    const { header, rows } = await read();
    const cell = (name: string): QvdValue => rows[0]?.[header.fields.findIndex((field) => field.name === name)] ?? null;
    const time = cell('eventTime');
    assert.ok(time instanceof QvdDual);
    assert.equal(serialToEpochMs(time.number), 1766814400337);
    assert.equal(String(time), '2025-12-27 05:46:40.337');
    assert.deepEqual(cell('eventDate'), new QvdDual(46018, '2025-12-27'));
    assert.equal(cell('eventHour'), 5);
    assert.equal(String(cell('receivedAt')), '2026-11-23 07:00:00.123');
    assert.equal(header.fields.find(({ name }) => name === 'eventTime')?.comment, 'UTC');
  });

  it('names the table, who wrote it, when, and which part of the log', async () => {
    await open(place).deliver(attempts.batch(plainRows(11, 3)), NEVER);
    const { header } = await read();
    assert.equal(header.tableName, 'audit_event');
    assert.equal(header.creator, 'butler-sos-audit 15.0.0');
    assert.match(header.comment, /^Audit events 11 to 13 of the event log, written by butler-sos-audit 15\.0\.0\./);
    assert.deepEqual(header.lineage, [
      {
        discriminator: 'butler-sos-audit 15.0.0',
        statement: 'events 11 to 13 of the event log 11111111-2222-4333-8444-555555555555',
      },
    ]);
    const now = place.context('qvd').clock.now();
    assert.equal(header.createdUtc, new Date(now).toISOString().slice(0, 19).replace('T', ' '));
  });

  it('the same rows at the same time give the same bytes', async () => {
    const hashes: string[] = [];
    for (const day of ['20261121', '20261122']) {
      await open(place).deliver(new AttemptMemory().batch(plainRows(1, 50), day), NEVER);
      hashes.push(sha256Of(readFileSync(join(place.directory, `${day}_part1.qvd`))));
    }
    assert.equal(hashes[0], hashes[1]);
  });

  it('holds 10,000 rows of the extended field set', async () => {
    const rows = plainRows(1, 10_000);
    await open(place, 'extended').deliver(attempts.batch(rows), NEVER);
    assert.deepEqual(
      await qvdColumn(first(), 'sequence'),
      rows.map(({ position }) => position),
    );
  });

  it('rule 19: numbers the parts of each day, the day of begin; a foreign file keeps its name', async () => {
    const destination = open(place);
    await destination.check(NEVER);
    writeFileSync(first(), 'foreign');
    for (const day of ['20261123', '20261123', '20261124']) {
      assert.equal((await destination.deliver(attempts.batch(plainRows(1, 1), day), NEVER)).kind, 'delivered');
      attempts.commit();
    }
    assert.deepEqual(files(), ['20261123_part1.qvd', '20261123_part2.qvd', '20261123_part3.qvd', '20261124_part1.qvd']);
    assert.equal(readFileSync(first(), 'utf8'), 'foreign');
  });

  it('rule 19: once prepared it is never encoded again, and one that its reader has taken is not written again', async () => {
    let bytes = '';
    const batch = attempts.batch(plainRows(1, 2));
    const stopped = {
      ...batch,
      prepare: (file: Parameters<typeof batch.prepare>[0]) => {
        bytes = file.sha256;
        batch.prepare(file);
        throw new Error('stopped here');
      },
    };
    await assert.rejects(open(place).deliver(stopped, NEVER), /stopped here/);
    await open(place, 'extended', { env: 'other' }).deliver(attempts.batch(plainRows(1, 2)), NEVER);
    assert.equal(sha256Of(readFileSync(first())), bytes);
    renameSync(first(), join(place.root, 'taken'));
    assert.equal((await open(place).deliver(attempts.batch(plainRows(1, 2)), NEVER)).kind, 'delivered');
    assert.deepEqual(files(), []);
  });

  it('rule 11: knows how far its newest file of this log goes', async () => {
    const destination = open(place);
    await destination.check(NEVER);
    assert.equal(await destination.holdsUpTo?.(), undefined);
    for (const [seq, count] of [
      [1, 10],
      [11, 3],
    ] as const) {
      await destination.deliver(attempts.batch(plainRows(seq, count)), NEVER);
      attempts.commit();
    }
    writeFileSync(join(place.directory, '20261123_part9.qvd'), 'foreign');
    assert.equal(await destination.holdsUpTo?.(), 13);
    const options = { exportDirectory: 'export', staticTags: [], fieldSet: 'documented' } as const;
    const context = { ...place.context('qvd'), logId: 'another' };
    const other = qvdDestination.create({ ...options, maxBatchSize: 1, writeFrequencyMs: 0 }, context);
    assert.equal(await other.holdsUpTo?.(), undefined);
  });

  it('rows that cannot be encoded are refused', async () => {
    const [row] = plainRows(1, 1);
    assert.ok(row !== undefined);
    const bad = { ...row, record: { ...row.record, timestamp: 2n ** 52n } };
    const outcome = await open(place, 'extended').deliver(attempts.batch([bad]), NEVER);
    assert.equal(outcome.kind === 'refused' && outcome.error.code, 'ROW_NOT_ENCODABLE');
  });
});
