import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { dashboardFiles, queriesOf, withTime, withVariables } from '../support/grafana.ts';
import { InfluxdbStandIn } from '../support/influxdb-stand-in.ts';
import type { ParsedField, ParsedPoint } from '../support/line-protocol-parser.ts';
import { deliverTo, EVENT_RANGE, queueRange, SIMULATED, TRANSACTION } from './dashboard-world.ts';

/** With a quotation mark in it, and one that could end a text. */
const USERS = ['UserDirectory=LAB; UserId=łukasz.żak', "O'Brien' OR 1=1 --"];

const SQL_TYPES: Readonly<Record<ParsedField['type'], string>> = {
  string: 'VARCHAR',
  float: 'DOUBLE',
  integer: 'BIGINT',
  boolean: 'BOOLEAN',
};

/** No InfluxDB 3 is to be had: a stand-in takes the points, and DuckDB answers from a table of them. */
describe('dashboards for InfluxDB 3, with a stand-in and the SQL of DuckDB', () => {
  let connection: DuckDBConnection;
  before(async () => {
    const influxdb = new InfluxdbStandIn(3);
    influxdb.databases.add('audit');
    await influxdb.up();
    try {
      await deliverTo({ port: influxdb.port, version: 3, v3Config: { database: 'audit', token: influxdb.token } });
    } finally {
      await influxdb.down();
    }
    assert.deepEqual(influxdb.complaints, []);
    connection = await (await DuckDBInstance.create(':memory:')).connect();
    await connection.run('CREATE MACRO date_bin(width, t, origin) AS time_bucket(width, t, origin)');
    for (const measurement of ['audit_event', 'audit_events_queue']) {
      await createTable(
        connection,
        measurement,
        [...influxdb.points.values()].filter((point) => point.measurement === measurement),
      );
    }
  });
  after(() => connection.closeSync());

  const rows = async (text: string) => (await connection.runAndReadAll(text)).getRowObjects();

  for (const file of dashboardFiles('influxdb-3')) {
    it(`every query of ${file.path} answers`, async () => {
      const range = file.path.endsWith('queue.json') ? queueRange() : EVENT_RANGE;
      for (const { where, text } of queriesOf(file)) {
        const asked = withTime.sql(withVariables(text, file.board, { txn: TRANSACTION }), range);
        const found = await rows(asked).catch((error: unknown) => assert.fail(`${where}: ${error}\n${asked}`));
        assert.ok(found.length > 0, `${where}: no rows\n${asked}`);
      }
    });
  }

  it('the figures are those of what was sent', async () => {
    const ask = async (name: string, title: string, chosen = {}) => {
      const file = dashboardFiles('influxdb-3').find(({ path }) => path.endsWith(`${name}.json`));
      assert.ok(file !== undefined);
      const query = queriesOf(file).find(({ panel }) => panel?.title === title);
      return rows(withTime.sql(withVariables(query?.text ?? '', file.board, chosen), EVENT_RANGE));
    };
    const expected = SIMULATED.filter(({ payload }) => payload.event.selectionTxnId === TRANSACTION);
    const steps = await ask('trail', 'What happened', { txn: TRANSACTION });
    assert.deepEqual(
      steps.map(({ eventType }) => eventType),
      expected.map(({ type }) => type),
    );
    const gaps = steps.map(({ gapMs }) => Math.round(Number(gapMs ?? 0)));
    const times = expected.map(({ timestamp }) => Date.parse(timestamp));
    assert.deepEqual(
      gaps,
      times.map((time, i) => time - (times[i - 1] ?? time)),
    );
    const [span] = await ask('trail', 'From the first to the last', { txn: TRANSACTION });
    assert.equal(Math.round(Number(span?.spanMs)), Number(times.at(-1)) - Number(times[0]));
    assert.deepEqual(await ask('trail', 'What happened', { txn: "' OR ''='" }), []);
    const [all] = await ask('activity', 'Events');
    assert.equal(Number(all?.events), SIMULATED.length);
    const [some] = await ask('activity', 'Events', { user: USERS });
    const chosen = SIMULATED.filter(({ payload }) => USERS.includes(payload.context.user));
    assert.ok(chosen.length > 0);
    assert.equal(Number(some?.events), chosen.length);
  });
});

/** As InfluxDB 3 holds it: one column for each tag and field that any point has, and `time`. */
async function createTable(connection: DuckDBConnection, name: string, points: readonly ParsedPoint[]): Promise<void> {
  const columns = new Map<string, string>([['time', 'TIMESTAMP_NS']]);
  for (const { tags, fields } of points) {
    for (const tag of tags.keys()) columns.set(tag, 'VARCHAR');
    for (const [field, { type }] of fields) columns.set(field, SQL_TYPES[type]);
  }
  const list = [...columns].map(([column, type]) => `"${column}" ${type}`).join(', ');
  await connection.run(`CREATE TABLE "${name}" (${list})`);
  for (let i = 0; i < points.length; i += 100) {
    const values = points
      .slice(i, i + 100)
      .map((point) => `(${[...columns.keys()].map((c) => literal(point, c)).join(',')})`);
    await connection.run(`INSERT INTO "${name}" VALUES ${values.join(',')}`);
  }
}

function literal({ tags, fields, time }: ParsedPoint, column: string): string {
  if (column === 'time') return `make_timestamp_ns(${time})`;
  const value = tags.get(column) ?? fields.get(column)?.value;
  if (value === undefined) return 'NULL';
  return typeof value === 'string' ? `'${value.replaceAll("'", "''")}'` : String(value);
}
