import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { parquetDestination } from '../../src/adapters/destinations/parquet/index.ts';
import { sha256Of } from '../../src/adapters/shared/durable-file.ts';
import { sequence } from '../../src/domain/sequence.ts';
import type { FieldSet } from '../../src/domain/table-row.ts';
import type { Destination } from '../../src/pipeline/ports/destination.ts';
import { destinationConformance, plainRows, type RowReadBack } from '../conformance/destination.ts';
import { duckdb } from '../support/duckdb.ts';
import { AttemptMemory } from '../support/file-attempts.ts';
import { FilePlace } from '../support/file-place.ts';

const NEVER = new AbortController().signal;

function open(place: FilePlace, fieldSet: FieldSet = 'documented', tags: Record<string, string> = {}): Destination {
  const staticTags = Object.entries(tags).map(([name, value]) => ({ name, value }));
  const options = { exportDirectory: 'export', staticTags, fieldSet, maxBatchSize: 1000, writeFrequencyMs: 0 };
  return parquetDestination.create(options, place.context('parquet'));
}

async function readBack(place: FilePlace, columns: readonly string[]): Promise<readonly RowReadBack[]> {
  if (!readdirSync(place.directory).some((name) => name.endsWith('.parquet'))) return [];
  const rows = await duckdb(
    `select ${columns.map((c) => `"${c}"`).join(',')}, tags->>'sequence' as seq
     from read_parquet('${place.directory}/*.parquet', filename = true)
     order by regexp_extract(filename, '(\\d{8})_part', 1), regexp_extract(filename, 'part(\\d+)', 1)::int, file_row_number`,
  );
  return rows.map(({ seq, ...fields }) => ({ sequence: Number(seq), fields: fields as RowReadBack['fields'] }));
}

const DOCUMENTED: readonly (readonly [name: string, type: string])[] = [
  ['timestamp', 'INT64'],
  ['date', 'UTF8'],
  ['eventId', 'UTF8'],
  ['correlationId', 'UTF8'],
  ['eventType', 'UTF8'],
  ['userId', 'UTF8'],
  ['appId', 'UTF8'],
  ['appName', 'UTF8'],
  ['sheetId', 'UTF8'],
  ['sheetName', 'UTF8'],
  ['objectId', 'UTF8'],
  ['selectionTxnId', 'UTF8'],
  ['durationMs', 'INT64'],
  ['visible', 'BOOLEAN'],
  ['enteredAt', 'UTF8'],
  ['leftAt', 'UTF8'],
  ['dataStateId', 'INT64'],
  ['selectionDetails', 'UTF8'],
  ['screenshotUrl', 'UTF8'],
  ['screenshotSavedPaths', 'UTF8'],
  ['tags', 'UTF8'],
];
const COMPARED = DOCUMENTED.map(([name]) => name).filter((name) => name !== 'tags');

destinationConformance('parquet', async () => {
  const place = new FilePlace();
  return {
    open: () => open(place),
    readBack: () => readBack(place, COMPARED),
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

describe('parquet destination', () => {
  let place: FilePlace;
  let attempts: AttemptMemory;
  beforeEach(() => {
    place = new FilePlace();
    attempts = new AttemptMemory();
  });
  afterEach(() => place.remove());
  const files = (): readonly string[] => readdirSync(place.directory).sort();
  const only = (name: string): string => join(place.directory, name);

  it('writes the documented schema: names, order, types, all nullable', async () => {
    await open(place).deliver(attempts.batch(plainRows(1, 3)), NEVER);
    const schema = await duckdb(
      `select name, coalesce(converted_type, type) as type, repetition_type as nullable
       from parquet_schema('${only('20261123_part1.parquet')}') where num_children is null`,
    );
    assert.deepEqual(
      schema.map((column) => [column.name, column.type]),
      DOCUMENTED,
    );
    for (const column of schema) assert.equal(column.nullable, 'OPTIONAL');
  });

  it('compresses with zstd and has statistics and who wrote which part of the log', async () => {
    await open(place).deliver(attempts.batch(plainRows(11, 3)), NEVER);
    const file = only('20261123_part1.parquet');
    const meta = await duckdb(`select * from parquet_metadata('${file}') where path_in_schema = 'timestamp'`);
    assert.equal(meta.length, 1);
    assert.equal(meta[0]?.compression, 'ZSTD');
    assert.equal(meta[0]?.stats_min_value, '1766814400337');
    const facts = await duckdb(`select decode(key) k, decode(value) v from parquet_kv_metadata('${file}')`);
    assert.deepEqual(Object.fromEntries(facts.map(({ k, v }) => [k, v])), {
      product: 'butler-sos-audit',
      version: '15.0.0',
      logId: '11111111-2222-4333-8444-555555555555',
      firstSequence: '11',
      lastSequence: '13',
    });
  });

  it('puts static tags and what the server knows into tags', async () => {
    await open(place, 'documented', { env: 'dev "x"', sequence: 'no' }).deliver(attempts.batch(plainRows(7, 1)), NEVER);
    const [row] = await duckdb(`select tags from '${only('20261123_part1.parquet')}'`);
    assert.deepEqual(JSON.parse(String(row?.tags)), {
      env: 'dev "x"',
      receivedAt: '2026-11-23T07:00:00.123Z',
      sequence: 7,
    });
  });

  it('extended appends real types', async () => {
    await open(place, 'extended').deliver(attempts.batch(plainRows(1, 1)), NEVER);
    const [row] = await duckdb(
      `select userDirectory, userName, objectType, objectData, sequence, eventHour, eventDate = date '2025-12-27' as day,
        epoch_ms(eventTime) as ms, epoch_ms(receivedAt) as received, rawEnvelope->>'type' as type
       from '${only('20261123_part1.parquet')}'`,
    );
    assert.deepEqual(row, {
      userDirectory: 'LAB',
      userName: 'anna.öberg',
      objectType: 'barchart',
      objectData: '{"objectType":"barchart","measures":[{"values":["1.5","ö"]}]}',
      sequence: '1',
      eventHour: '5',
      day: true,
      ms: '1766814400337',
      received: String(Date.UTC(2026, 10, 23, 7, 0, 0, 123)),
      type: 'object.view.duration',
    });
  });

  it('the same rows give the same bytes', async () => {
    const hashes = [1, 2].map(async (part) => {
      const memory = new AttemptMemory();
      await open(place).deliver(memory.batch(plainRows(1, 50), `2026112${part}`), NEVER);
      return sha256Of(readFileSync(only(`2026112${part}_part1.parquet`)));
    });
    const [first, second] = await Promise.all(hashes);
    assert.equal(first, second);
  });

  it('holds 10,000 rows in one row group', async () => {
    const [row] = plainRows(1, 1);
    assert.ok(row !== undefined);
    const rows = Array.from({ length: 10_000 }, (_, i) => ({ ...row, position: sequence(i + 1) }));
    await open(place).deliver(attempts.batch(rows), NEVER);
    const file = only('20261123_part1.parquet');
    assert.deepEqual(await duckdb(`select count(*)::int n, count(distinct eventId)::int ids from '${file}'`), [
      { n: 10_000, ids: 1 },
    ]);
    assert.deepEqual(await duckdb(`select num_row_groups::int g from parquet_file_metadata('${file}')`), [{ g: 1 }]);
  });

  it('rule 19: numbers the parts of each day, the day of begin', async () => {
    const destination = open(place);
    for (const day of ['20261123', '20261123', '20261124']) {
      await destination.deliver(attempts.batch(plainRows(1, 1), day), NEVER);
      attempts.commit();
    }
    assert.deepEqual(files(), ['20261123_part1.parquet', '20261123_part2.parquet', '20261124_part1.parquet']);
  });

  it('rule 19: a foreign file keeps its name; ours takes the next part after those that are there', async () => {
    const destination = open(place);
    await destination.check(NEVER);
    writeFileSync(only('20261123_part1.parquet'), 'foreign');
    writeFileSync(only('20261123_part4.parquet'), 'foreign');
    assert.equal((await destination.deliver(attempts.batch(plainRows(1, 1)), NEVER)).kind, 'delivered');
    attempts.commit();
    assert.equal(readFileSync(only('20261123_part1.parquet'), 'utf8'), 'foreign');
    assert.deepEqual(files(), ['20261123_part1.parquet', '20261123_part4.parquet', '20261123_part5.parquet']);
    assert.equal(place.logger.at('warn').length, 1);
    writeFileSync(only('20261123_part6.parquet'), 'foreign');
    await destination.deliver(attempts.batch(plainRows(2, 1)), NEVER);
    assert.ok(files().includes('20261123_part7.parquet'));
  });

  it('rule 19: a file with the same bytes is ours and done', async () => {
    await open(place).deliver(attempts.batch(plainRows(1, 2)), NEVER);
    // the durable database was restored from before this attempt
    await open(place).deliver(new AttemptMemory().batch(plainRows(1, 2)), NEVER);
    assert.deepEqual(files(), ['20261123_part1.parquet']);
  });

  it('rule 19: once prepared it is never encoded again, whatever the configuration says by then', async () => {
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
    const later = open(place, 'extended', { env: 'other' });
    assert.equal((await later.deliver(attempts.batch(plainRows(1, 2)), NEVER)).kind, 'delivered');
    assert.deepEqual(files(), ['20261123_part1.parquet']);
    assert.equal(sha256Of(readFileSync(only('20261123_part1.parquet'))), bytes);
  });

  it('rule 19: a published file that its reader has taken is not written again', async () => {
    await open(place).deliver(attempts.batch(plainRows(1, 2)), NEVER);
    renameSync(only('20261123_part1.parquet'), join(place.root, 'taken'));
    assert.equal((await open(place).deliver(attempts.batch(plainRows(1, 2)), NEVER)).kind, 'delivered');
    assert.deepEqual(files(), []);
  });

  it('rule 19: without its folder nobody can tell whether a prepared file was published', async () => {
    await open(place).deliver(attempts.batch(plainRows(1, 2)), NEVER);
    rmSync(place.directory, { recursive: true });
    assert.equal((await open(place).deliver(attempts.batch(plainRows(1, 2)), NEVER)).kind, 'retry');
  });

  it('rule 19: stops when somebody changed a prepared file', async () => {
    const batch = attempts.batch(plainRows(1, 2));
    const stopped = {
      ...batch,
      prepare: (file: Parameters<typeof batch.prepare>[0]) => {
        batch.prepare(file);
        writeFileSync(file.temporaryPath, 'changed');
        throw new Error('stopped here');
      },
    };
    await assert.rejects(open(place).deliver(stopped, NEVER), /stopped here/);
    const outcome = await open(place).deliver(attempts.batch(plainRows(1, 2)), NEVER);
    assert.equal(outcome.kind === 'stopped' && outcome.error.code, 'EXPORT_FILE_ALTERED');
  });

  it('rows that cannot be encoded are refused', async () => {
    const [row] = plainRows(1, 1);
    assert.ok(row !== undefined);
    const bad = { ...row, record: { ...row.record, durationMs: 2n ** 63n } };
    const outcome = await open(place).deliver(attempts.batch([bad]), NEVER);
    assert.equal(outcome.kind === 'refused' && outcome.error.code, 'ROW_NOT_ENCODABLE');
    assert.ok(!existsSync(place.directory) || files().length === 0);
  });
});
