import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { findTool, INFLUXDB_ONE, INFLUXDB_TWO, skipWithout } from '../support/external-tools.ts';
import {
  type AskedRange,
  type Chosen,
  type DashboardFile,
  dashboardFiles,
  queriesOf,
  withTime,
  withVariables,
} from '../support/grafana.ts';
import { ADMIN, InfluxdbOne, type InfluxRow } from '../support/influxdb-one.ts';
import { InfluxdbTwo, OPERATOR_TOKEN, ORG } from '../support/influxdb-two.ts';
import { deliverTo, EVENT_RANGE, queueRange, SIMULATED, TRANSACTION } from './dashboard-world.ts';

const PROFILES = ['documented', 'low-cardinality'] as const;
const USERS = ['UserDirectory=LAB; UserId=łukasz.żak', 'UserDirectory=ACME; UserId=o’brien; contractor'];
const APPS = ['Finance 🚀 FY26 <draft> & "notes"', 'Łódź – logistyka i żegluga'];

/** Asks as Grafana would. */
type Ask = (text: string, range: AskedRange) => Promise<readonly InfluxRow[]>;

const isQueue = ({ path }: DashboardFile) => path.endsWith('queue.json');
const rangeOf = (file: DashboardFile) => (isQueue(file) ? queueRange() : EVENT_RANGE);

async function everyQueryAnswers(folder: string, ask: Ask, chosen: Chosen): Promise<void> {
  const files = dashboardFiles(folder);
  assert.equal(files.length, 4);
  for (const file of files) {
    for (const { where, text } of queriesOf(file)) {
      const asked = withVariables(text, file.board, chosen);
      const rows = await ask(asked, rangeOf(file)).catch((error: unknown) =>
        assert.fail(`${where}: ${error}\n${asked}`),
      );
      assert.ok(rows.length > 0, `${where}: no rows\n${asked}`);
    }
  }
}

/** The rows of one panel. */
async function panel(folder: string, name: string, title: string, ask: Ask, chosen: Chosen = {}) {
  const file = dashboardFiles(folder).find(({ path }) => path.endsWith(`${name}.json`));
  assert.ok(file !== undefined);
  const query = queriesOf(file).find((one) => one.panel?.title === title);
  assert.ok(query !== undefined, title);
  return ask(withVariables(query.text, file.board, chosen), rangeOf(file));
}

const OF_TRANSACTION = SIMULATED.filter(({ payload }) => payload.event.selectionTxnId === TRANSACTION);
const VIEWS = SIMULATED.filter(({ type }) => type === 'object.view.duration');
const total = (events: typeof VIEWS) => events.reduce((sum, { payload }) => sum + Number(payload.event.duration), 0);

/** What stands in some panels, against what was sent. */
async function figuresAreRight(folder: string, ask: Ask, profile: Chosen): Promise<void> {
  const steps = await panel(folder, 'trail', 'What happened', ask, { ...profile, txn: TRANSACTION });
  assert.deepEqual(steps.map(({ eventId }) => eventId).sort(), OF_TRANSACTION.map(({ eventId }) => eventId).sort());
  assert.deepEqual(
    steps.map(({ eventType }) => eventType),
    OF_TRANSACTION.map(({ type }) => type),
  );
  const [span] = await panel(folder, 'trail', 'From the first to the last', ask, { ...profile, txn: TRANSACTION });
  const [first, last] = [OF_TRANSACTION[0], OF_TRANSACTION.at(-1)].map((event) => Date.parse(event?.timestamp ?? ''));
  assert.equal(Number(span?.spanMs), Number(last) - Number(first));
  for (const txn of ['', 'none', '"', "'"]) {
    assert.deepEqual(await panel(folder, 'trail', 'What happened', ask, { ...profile, txn }), [], txn);
  }

  const [all] = await panel(folder, 'activity', 'Events', ask);
  assert.equal(Number(all?.events), SIMULATED.length);
  const chosen = SIMULATED.filter(({ payload: { context } }) => USERS.includes(context.user));
  const [some] = await panel(folder, 'activity', 'Events', ask, { user: USERS });
  assert.ok(chosen.length > 0);
  assert.equal(Number(some?.events), chosen.length);
  const users = await panel(folder, 'activity', 'Users', ask, { app: APPS });
  assert.equal(
    Number(users[0]?.users),
    new Set(
      SIMULATED.filter(({ payload }) => APPS.includes(payload.context.appName)).map(
        ({ payload }) => payload.context.user,
      ),
    ).size,
  );

  const [viewed] = await panel(folder, 'viewing', 'Viewed in all', ask);
  assert.equal(Number(viewed?.total), total(VIEWS));
  const one = await panel(folder, 'viewing', 'Viewed in all', ask, { user: 'UserDirectory=LAB; UserId=goran' });
  assert.equal(
    Number(one[0]?.total),
    total(VIEWS.filter(({ payload }) => payload.context.user === 'UserDirectory=LAB; UserId=goran')),
  );
}

describe('dashboards for InfluxDB 1, asked of a real one', { skip: skipWithout(INFLUXDB_ONE) }, () => {
  let server: InfluxdbOne;
  before(async () => {
    server = await InfluxdbOne.start(findTool(INFLUXDB_ONE) ?? '');
  });
  after(() => server.remove());

  for (const tagProfile of PROFILES) {
    it(`tagProfile ${tagProfile}: every query answers, and rightly`, async () => {
      const dbName = `audit ${tagProfile}`;
      await deliverTo({
        port: server.port,
        version: 1,
        tagProfile,
        v1Config: { dbName, auth: { enable: true, ...ADMIN } },
      });
      const ask: Ask = (text, range) => server.query(withTime.influxql(text, range), dbName);
      await everyQueryAnswers('influxdb-1', ask, { txn: TRANSACTION });
      await figuresAreRight('influxdb-1', ask, {});
    });
  }
});

describe('dashboards for InfluxDB 2, asked of a real one', { skip: skipWithout(INFLUXDB_TWO) }, () => {
  let server: InfluxdbTwo;
  before(async () => {
    server = await InfluxdbTwo.start(findTool(INFLUXDB_TWO) ?? '');
  });
  after(() => server.remove());

  for (const profile of PROFILES) {
    it(`tagProfile ${profile}: every query answers, and rightly`, async () => {
      const bucket = `audit ${profile}`;
      const v2Config = { org: ORG, bucket, token: OPERATOR_TOKEN };
      await deliverTo({ port: server.port, version: 2, tagProfile: profile, v2Config });
      const ask: Ask = async (text, range) => csvRows(await server.flux(withTime.flux(text, range, bucket)));
      await everyQueryAnswers('influxdb-2', ask, { txn: TRANSACTION, profile });
      await figuresAreRight('influxdb-2', ask, { profile });
    });
  }
});

/** Rows of a CSV answer, of all its tables; texts with line ends do not occur in what is asked for. */
function csvRows(csv: string): readonly InfluxRow[] {
  const rows: InfluxRow[] = [];
  let header: readonly string[] | undefined;
  for (const line of csv.split('\r\n')) {
    const cells = cellsOf(line);
    if (line === '') header = undefined;
    else if (header === undefined) header = cells;
    else if (header.includes('error')) throw new Error(line);
    else rows.push(Object.fromEntries(header.map((name, i) => [name, cells[i] ?? null])));
  }
  return rows;
}

function cellsOf(line: string): readonly string[] {
  return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '',
  );
}
