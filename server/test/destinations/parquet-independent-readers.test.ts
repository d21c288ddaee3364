import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parquetDestination } from '../../src/adapters/destinations/parquet/index.ts';
import { generateEnvelopes } from '../../src/app/simulate/event-stream.ts';
import { auditRecordOf } from '../../src/domain/audit-record.ts';
import { sequence } from '../../src/domain/sequence.ts';
import { type FieldSet, tableColumns } from '../../src/domain/table-row.ts';
import type { DeliveryRow } from '../../src/pipeline/ports/destination.ts';
import { runPython } from '../support/external-readers.ts';
import { PYTHON_READERS, requireTool } from '../support/external-tools.ts';
import { AttemptMemory } from '../support/file-attempts.ts';
import { FilePlace } from '../support/file-place.ts';
import { envelopeText, storedEvent } from '../support/stored-event.ts';

/** What 64-bit columns, texts and booleans can hold at their ends. */
const EXTREMES = [
  '"duration":9007199254740993,"dataStateId":-9223372036854775808',
  '"duration":9223372036854775807,"dataStateId":9223372036854775808,"visible":null',
  '"objectId":"","objectType":"\\u0000 \\ud83d \\"quoted\\"","visible":true',
];

const READ_WITH_BOTH = `
import datetime, json, sys
import duckdb, pyarrow.parquet as parquet

def plain(value):
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, datetime.datetime):
        return str(round(value.astimezone(datetime.timezone.utc).timestamp() * 1000))
    return str(value)

path = sys.argv[1]
file = parquet.ParquetFile(path)
arrow = file.read().to_pylist()
cursor = duckdb.execute("set timezone = 'UTC'; select * from read_parquet(?)", [path])
names = [column[0] for column in cursor.description]
chunk = file.metadata.row_group(0).column(names.index('timestamp'))
print(json.dumps({
    'arrow': [{name: plain(value) for name, value in row.items()} for row in arrow],
    'duckdb': [{name: plain(value) for name, value in zip(names, row)} for row in cursor.fetchall()],
    'types': {field.name: str(field.type) for field in file.schema_arrow},
    'compression': chunk.compression,
    'least': str(chunk.statistics.min),
    'greatest': str(chunk.statistics.max),
    'metadata': {key.decode(): value.decode() for key, value in file.metadata.metadata.items() if key != b'ARROW:schema'},
}))
`;

interface ReadBack {
  readonly arrow: readonly Readonly<Record<string, unknown>>[];
  readonly duckdb: readonly Readonly<Record<string, unknown>>[];
  readonly types: Readonly<Record<string, string>>;
  readonly compression: string;
  readonly least: string;
  readonly greatest: string;
  readonly metadata: Readonly<Record<string, string>>;
}

function realisticRows(): DeliveryRow[] {
  const extremes = EXTREMES.map((members) => envelopeText().replace(/"dataStateId":\d+/, members));
  return [...generateEnvelopes(400, 11), ...extremes].map((text, i) => {
    const { eventId, type } = JSON.parse(text);
    return {
      position: sequence(i + 1),
      record: auditRecordOf(storedEvent(text, { seq: i + 1, id: eventId, type })),
    };
  });
}

async function writeFile(place: FilePlace, rows: readonly DeliveryRow[], fieldSet: FieldSet): Promise<string> {
  const destination = parquetDestination.create(
    { exportDirectory: 'export', staticTags: [], fieldSet, maxBatchSize: 1000, writeFrequencyMs: 0 },
    place.context('parquet'),
  );
  const outcome = await destination.deliver(new AttemptMemory().batch(rows), new AbortController().signal);
  assert.deepEqual(outcome, { kind: 'delivered', rejected: [] });
  await destination.close();
  const [name = ''] = readdirSync(place.directory);
  return join(place.directory, name);
}

for (const fieldSet of ['documented', 'extended'] as const) {
  test(`pyarrow and DuckDB for Python read every value of a Parquet file (${fieldSet})`, async (t) => {
    const python = requireTool(t, PYTHON_READERS);
    if (python === undefined) return;
    const place = new FilePlace();
    t.after(() => place.remove());
    const rows = realisticRows();
    const read = runPython(python, READ_WITH_BOTH, [await writeFile(place, rows, fieldSet)]) as ReadBack;
    assert.deepEqual(read.arrow, read.duckdb);
    assert.deepEqual(read.arrow.length, rows.length);
    const columns = tableColumns(fieldSet, []);
    assert.deepEqual(
      Object.keys(read.types),
      columns.map((column) => column.name),
    );
    for (const [i, row] of rows.entries()) {
      const expected = Object.fromEntries(columns.map((column) => [column.name, plain(column.value(row.record))]));
      const { eventDate: readDate, ...fields } = read.arrow[i] ?? {};
      const { eventDate, ...values } = expected;
      assert.deepEqual(fields, values);
      if (eventDate !== undefined) assert.equal(readDate, isoDay(String(eventDate)));
    }
    assert.equal(read.compression, 'ZSTD');
    const times = rows.map(({ record }) => record.timestamp ?? 0n).sort((a, b) => Number(a - b));
    assert.deepEqual([read.least, read.greatest], [String(times[0]), String(times.at(-1))]);
    assert.equal(read.metadata.firstSequence, '1');
    assert.equal(read.metadata.lastSequence, String(rows.length));
  });
}

/** As the Python script prints it: integers as decimal text; half a character becomes what UTF-8 has for it. */
function plain(value: unknown): unknown {
  if (typeof value === 'string') return value.toWellFormed();
  return typeof value === 'bigint' || typeof value === 'number' ? String(value) : value;
}

/** From days since 1970. */
function isoDay(days: string): string {
  return new Date(Number(days) * 86_400_000).toISOString().slice(0, 10);
}
