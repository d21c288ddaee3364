import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { QvdReader } from 'qvd-codec';
import { envelope, postEvent } from '../support/audit-client.ts';
import { duckdb } from '../support/duckdb.ts';
import { PYTHON_READERS, STRACE, skipWithout } from '../support/external-tools.ts';
import { readQvdFiles } from '../support/qvd-rows.ts';
import {
  createHome,
  eventually,
  type RunningServer,
  runCommand,
  type ServerHome,
  startServer,
} from '../support/running-server.ts';
import { withClockAt } from '../support/stepped-clock.ts';
import { tampered } from '../support/straced-server.ts';

const DAY_MS = 86_400_000;
const KINDS = ['parquet', 'qvd'] as const;
type Kind = (typeof KINDS)[number];

const DESTINATIONS = `    destination:
      enable: true
      type: parquet, qvd
      parquet:
        exportDirectory: parts/parquet
        maxBatchSize: 7
        writeFrequency: 0
        dailyMerge: true
      qvd:
        exportDirectory: parts/qvd
        maxBatchSize: 5
        writeFrequency: 0
        fieldSet: extended
        dailyMerge: true
        dailyDirectory: days
`;
const WAL = 'log/durable.sqlite-wal';

function directories(home: ServerHome, kind: Kind): { readonly parts: string; readonly daily: string } {
  const daily = kind === 'parquet' ? join(home.root, 'parts', 'daily') : join(home.root, 'days');
  return { parts: join(home.root, 'parts', kind), daily };
}

function filesIn(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder).sort() : [];
}

/** Parts in the order of their numbers, which is that of the log. */
function partsOf(home: ServerHome, kind: Kind, day: string): readonly string[] {
  const { parts } = directories(home, kind);
  const number = (name: string) => Number(/_part(\d+)/.exec(name)?.[1]);
  const names = filesIn(parts).filter((name) => name.startsWith(`${day}_part`));
  return names.sort((a, b) => number(a) - number(b)).map((name) => join(parts, name));
}

function utcDay(at: number): string {
  return new Date(at).toISOString().slice(0, 10).replaceAll('-', '');
}

async function postSome(server: RunningServer, acknowledged: Set<string>, count: number): Promise<void> {
  for (let i = 0; i < count && server.child.signalCode === null; i++) {
    const event = envelope();
    const reply = await postEvent(server.url, event).catch(() => undefined);
    if (reply?.status === 202) acknowledged.add(String(event.eventId));
  }
}

/** All columns of all rows, and for Parquet the types, by readers that share no code with us. */
async function read(kind: Kind, files: readonly string[]): Promise<readonly unknown[]> {
  if (kind === 'qvd') return readQvdFiles(files).flatMap(({ columns, rows }) => rows.map((row) => ({ columns, row })));
  const perFile = files.map((file) => duckdb(`select *, typeof(timestamp) as t, typeof(visible) as v from '${file}'`));
  return (await Promise.all(perFile)).flat();
}

async function eventIds(kind: Kind, files: readonly string[]): Promise<readonly string[]> {
  const ids: string[] = [];
  for (const file of files) {
    if (kind === 'parquet') {
      for (const { eventId } of await duckdb(`select eventId from '${file}'`)) ids.push(String(eventId));
      continue;
    }
    const reader = await QvdReader.open(file);
    for (const id of await reader.column('eventId')) ids.push(String(id));
    await reader.close();
  }
  return ids;
}

test('the program makes yesterday’s file of yesterday’s parts, and says so', {
  skip: skipWithout(PYTHON_READERS),
}, async (t) => {
  const home = createHome({ destination: DESTINATIONS });
  t.after(() => home.remove());
  const acknowledged = new Set<string>();
  const yesterday = await startServer(home, withClockAt(-DAY_MS));
  await postSome(yesterday, acknowledged, 40);
  assert.equal(await yesterday.stop(), 0, yesterday.output());
  for (const kind of KINDS) assert.deepEqual(filesIn(directories(home, kind).daily), []);
  const day = utcDay(Date.now() - DAY_MS);

  const today = await startServer(home);
  t.after(() => today.kill());
  for (const kind of KINDS) {
    const { daily } = directories(home, kind);
    await eventually(() => (filesIn(daily).includes(`${day}.${kind}`) ? true : undefined));
    assert.deepEqual(filesIn(daily), [`${day}.${kind}`]);
    const parts = partsOf(home, kind, day);
    assert.ok(parts.length > 3, `${parts.length} parts`);
    assert.deepEqual(await read(kind, [join(daily, `${day}.${kind}`)]), await read(kind, parts));
    assert.deepEqual((await eventIds(kind, [join(daily, `${day}.${kind}`)])).toSorted(), [...acknowledged].sort());
  }
  await eventually(() => (today.output().match(/The parts of a day are one file/g)?.length === 2 ? true : undefined));
  for (const kind of KINDS) assert.ok(today.output().includes(directories(home, kind).daily), 'printed at start');
  const { stdout } = await runCommand(home, ['status', '--json']);
  const states = (JSON.parse(stdout).destinations as { dailyMerge: { lastMergedDay: string } }[]).map(
    ({ dailyMerge }) => dailyMerge.lastMergedDay,
  );
  assert.deepEqual(states, [day, day]);
  assert.equal(await today.stop(), 0, today.output());
});

/** The days of which there are parts and that are over, as the names of their daily files. */
function expectedFiles(home: ServerHome, kind: Kind, today: string): readonly string[] {
  const days = new Set(filesIn(directories(home, kind).parts).map((name) => name.slice(0, 8)));
  return [...days]
    .filter((day) => day < today)
    .sort()
    .map((day) => `${day}.${kind}`);
}

async function hasDeliveredAll({ viewerUrl }: RunningServer): Promise<boolean> {
  const status: unknown = await (await fetch(`${viewerUrl}/api/v1/status`)).json();
  const { destinations } = status as { destinations: readonly { lagEvents: number }[] };
  return destinations.length === KINDS.length && destinations.every(({ lagEvents }) => lagEvents === 0);
}

interface Step {
  readonly name: string;
  readonly calls: string;
  readonly from: number;
  readonly path?: string;
}

/** In turn: the folder is made; the temporary file is written, linked and removed; the database says so. */
const STEPS: readonly Step[] = [
  { name: 'before the folder is made', calls: '?mkdir,mkdirat', from: 1, path: 'days' },
  ...[1, 2, 3].map((from) => ({ name: `sync ${from} of the folder`, calls: 'fsync', from, path: 'days' })),
  ...[1, 2].map((from) => ({ name: `sync ${from} of the other folder`, calls: 'fsync', from, path: 'parts/daily' })),
  ...[1, 2].map((from) => ({ name: `link ${from}`, calls: '?link,linkat', from })),
  ...[1, 2].map((from) => ({ name: `unlink ${from}`, calls: '?unlink,unlinkat', from })),
  ...[4, 5, 6, 7, 8].map((from) => ({ name: `sync ${from} of the database`, calls: 'fsync', from, path: WAL })),
];

test('rule 19: killed while daily files are made, a day each: every day whole, once, no stray file', {
  skip: skipWithout(STRACE) || skipWithout(PYTHON_READERS),
}, async (t) => {
  const home = createHome({ destination: DESTINATIONS });
  t.after(() => home.remove());
  const acknowledged = new Set<string>();
  const now = Date.now();
  /** A day of which there are parts, whatever is left from the day before. */
  const deliverSome = async (daysAgo: number) => {
    const server = await startServer(home, withClockAt(-daysAgo * DAY_MS));
    await postSome(server, acknowledged, 12);
    const day = utcDay(now - daysAgo * DAY_MS);
    await eventually(() => KINDS.every((kind) => partsOf(home, kind, day).length > 0) || undefined, 40_000);
    await server.kill();
  };
  await deliverSome(STEPS.length + 1);
  const survived: string[] = [];
  for (const [i, { name, calls, from, path }] of STEPS.entries()) {
    const daysAgo = STEPS.length - i;
    const paths = path === undefined ? [] : [join(home.root, path)];
    const trace = tampered([{ calls, effect: 'signal=SIGKILL', when: `${from}+` }], paths);
    const server = await startServer(home, withClockAt(-daysAgo * DAY_MS, trace)).catch(() => undefined);
    if (server !== undefined) {
      await postSome(server, acknowledged, 12);
      // a busy machine comes to the step later
      for (let wait = 0; wait < 50 && server.child.signalCode === null; wait++) {
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      if (server.child.signalCode === null) survived.push(name);
      await server.kill();
    }
    // more than a day is left to be made at most of the kills
    if (i % 3 === 2) await deliverSome(daysAgo);
  }
  assert.ok(survived.length <= 2, `not killed: ${survived}`);

  const server = await startServer(home);
  t.after(() => server.kill());
  const today = utcDay(now);
  // not only as many: one that is being written has another name
  const hasAllFiles = () =>
    KINDS.every((kind) => isDeepStrictEqual(filesIn(directories(home, kind).daily), expectedFiles(home, kind, today)));
  await eventually(async () => ((await hasDeliveredAll(server)) && hasAllFiles()) || undefined, 40_000);
  for (const kind of KINDS) {
    const { daily } = directories(home, kind);
    const files = filesIn(daily);
    assert.deepEqual(files, expectedFiles(home, kind, today));
    assert.ok(files.length >= 5, `${files.length} days`);
    for (const file of files) {
      const parts = partsOf(home, kind, file.slice(0, 8));
      assert.deepEqual(await read(kind, [join(daily, file)]), await read(kind, parts), file);
    }
    const open = partsOf(home, kind, today);
    const ids = await eventIds(kind, [...files.map((file) => join(daily, file)), ...open]);
    assert.equal(new Set(ids).size, ids.length, 'doubled');
    assert.deepEqual(
      [...acknowledged].filter((id) => !ids.includes(id)),
      [],
      'lost',
    );
  }
  assert.equal(await server.stop(), 0, server.output());
});
