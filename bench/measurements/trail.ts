import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SqliteSearchIndex } from '../../server/src/adapters/state-sqlite/sqlite-search-index.ts';
import { SqliteTrailIndex } from '../../server/src/adapters/state-sqlite/sqlite-trail-index.ts';
import type { SearchEntry } from '../../server/src/pipeline/ports/search-index.ts';
import { histogramOf } from '../../server/src/pipeline/trail/histogram.ts';
import {
  ANYTHING,
  type LimitedFilter,
  limitedTo,
  type TrailQuestion,
} from '../../server/src/pipeline/trail/limited-filter.ts';
import type { TrailReader } from '../../server/src/pipeline/trail/reader.ts';
import { RecordingLogger } from '../../server/test/support/recording-logger.ts';
import { type BenchOptions, type Measurement, perSecond, type Row, whole } from '../measurement.ts';
import { appOf, objectOf, sheetOf, TENANT, trailEvents, userOf } from '../trail-events.ts';

/** As the indexer cuts them. */
const BATCH = 250;
const ROUNDS = 12;
const PAGE = 51;
const ADMIN: TrailReader = { name: 'a', role: 'admin', apps: null, maySeePictures: true, maySeeObjectData: true };
const READER: TrailReader = { ...ADMIN, role: 'reader', apps: [appOf(3), appOf(14), appOf(15)] };
const DAY_MS = 86_400_000;
const NEWEST = Date.UTC(2026, 10, 30);

interface Case {
  readonly name: string;
  readonly filter: (n: number, any: (below: number) => number) => LimitedFilter;
}

const asked = (question: Partial<TrailQuestion>, reader = ADMIN) => limitedTo(reader, { ...ANYTHING, ...question });
const days = (first: number, count: number) => ({
  from: (NEWEST - first * DAY_MS) as never,
  to: (NEWEST - (first - count) * DAY_MS) as never,
});

/** Selective and broad ones, alone and together, found and not found, at the end of the trail and in its depths. */
const CASES: readonly Case[] = [
  { name: 'everything', filter: () => asked({}) },
  { name: 'a week of last year', filter: (_n, any) => asked(days(300 - any(60), 7)) },
  { name: 'one user', filter: (_n, any) => asked({ user: [userOf(any(TENANT.users))] }) },
  { name: 'one app', filter: (_n, any) => asked({ appId: [appOf(any(TENANT.apps))] }) },
  { name: 'one sheet', filter: (_n, any) => asked({ sheetId: [sheetOf(any(TENANT.apps * TENANT.sheetsOfApp))] }) },
  { name: 'one object', filter: (_n, any) => asked({ objectId: [objectOf(any(6400))] }) },
  { name: 'one type', filter: () => asked({ eventType: ['selection.state.changed'] }) },
  {
    name: 'a user who never used the app',
    filter: (n) => asked({ user: [userOf(n)], appId: [appOf((n * 7 + 60) % 100)] }),
  },
  {
    name: 'user, app and type',
    filter: (n) => asked({ user: [userOf(n)], appId: [appOf((n * 7) % 100)], eventType: ['event.bookmark'] }),
  },
  { name: 'app and hour and weekday', filter: (n) => asked({ appId: [appOf(n)], hour: [n % 24], weekday: [6, 7] }) },
  { name: 'broad word', filter: () => asked({ q: 'sales' }) },
  { name: 'one letter', filter: () => asked({ q: 'o' }) },
  { name: 'three letters that 1,000 words begin with', filter: () => asked({ q: 'customer 19' }) },
  { name: 'rare word', filter: (_n, any) => asked({ q: `${15_000 + any(5000)}` }) },
  { name: 'broad word and rare user', filter: (n) => asked({ q: 'finance', user: [userOf(1900 + n)] }) },
  { name: 'two broad words that hardly meet', filter: () => asked({ q: 'payroll logistics' }) },
  { name: 'words and a week in the depths', filter: (n) => asked({ q: 'anna sales', ...days(340 - n, 7) }) },
  {
    name: 'five users, four apps',
    filter: (n) => asked({ user: [1, 2, 3, 4, 5].map((u) => userOf(u * 31 + n)), appId: [1, 2, 3, 4].map(appOf) }),
  },
  { name: 'unknown transaction', filter: () => asked({ selectionTxnId: [crypto.randomUUID()] }) },
  { name: 'reader of three apps', filter: () => asked({}, READER) },
  { name: 'reader of three apps, broad word', filter: () => asked({ q: 'overview' }, READER) },
  { name: 'reader of three apps, a user of others', filter: (n) => asked({ user: [userOf(n)] }, READER) },
];

export const trail: Measurement = {
  name: 'trail',
  about:
    'the audit trail: indexing, first pages, deep pages, sums; --events 10000000 for the budget (about 5 GB of disk)',
  async run(options) {
    const folder = mkdtempSync(join(process.env.BENCH_DIRECTORY ?? tmpdir(), 'bench-trail-'));
    const path = join(folder, 'search.sqlite');
    try {
      const rows = [fill(path, options)];
      const index = new SqliteTrailIndex(path);
      rows.push(...firstPages(index, options), deepPages(index), ...(await sums(index)));
      index.close();
      return rows;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

function fill(path: string, { events, say }: BenchOptions): Row {
  const index = new SqliteSearchIndex({ path, logId: 'bench', logger: new RecordingLogger() });
  const before = process.threadCpuUsage();
  const start = performance.now();
  let batch: SearchEntry[] = [];
  for (const entry of trailEvents(events)) {
    batch.push(entry);
    if (batch.length < BATCH && entry.sequence < events) continue;
    index.record({ entries: batch, pictures: [], position: entry.sequence });
    batch = [];
    if (entry.sequence % 500_000 === 0) say(`  ${whole(entry.sequence)} events indexed`);
  }
  const rate = perSecond(events, performance.now() - start);
  const { user, system } = process.threadCpuUsage(before);
  index.close();
  const bytes = statSync(path).size;
  return {
    what: `trail: ${whole(events)} events indexed, with making them up`,
    result: `${whole(rate)}/s, ${((user + system) / events).toFixed(1)} µs/event, ${whole(bytes / events)} bytes/event`,
    budget: '≥ 5,000/s',
    met: rate >= 5000,
  };
}

function firstPages(index: SqliteTrailIndex, { say }: BenchOptions): readonly Row[] {
  let seed = 1;
  const any = (below: number) => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  const all: number[] = [];
  let slowest = { name: '', ms: 0 };
  for (const { name, filter } of CASES) {
    const times = Array.from({ length: ROUNDS }, (_, n) => timed(() => index.page(filter(n, any), undefined, PAGE)));
    const worst = percentile(times, 0.95);
    say(`  ${name}: p50 ${percentile(times, 0.5).toFixed(1)} ms, p95 ${worst.toFixed(1)} ms`);
    if (worst > slowest.ms) slowest = { name, ms: worst };
    all.push(...times);
  }
  const p95 = percentile(all, 0.95);
  return [
    {
      what: `trail: first page of ${CASES.length} kinds of filters`,
      result: `p50 ${percentile(all, 0.5).toFixed(1)} ms, p95 ${p95.toFixed(1)} ms`,
      budget: 'p95 ≤ 100 ms',
      met: p95 <= 100,
    },
    {
      what: `trail: the slowest kind: ${slowest.name}`,
      result: `p95 ${slowest.ms.toFixed(1)} ms`,
      budget: 'p95 ≤ 100 ms',
      met: slowest.ms <= 100,
    },
  ];
}

function deepPages(index: SqliteTrailIndex): Row {
  const filter = asked({ q: 'overview' });
  let cursor: Parameters<SqliteTrailIndex['page']>[1];
  const times: number[] = [];
  for (let page = 0; page < 200; page++) {
    times.push(
      timed(() => {
        cursor = index.page(filter, cursor, 200).at(-1)?.key;
      }),
    );
  }
  const p95 = percentile(times, 0.95);
  return {
    what: 'trail: pages 1 to 200 of 200 events',
    result: `p50 ${percentile(times, 0.5).toFixed(1)} ms, p95 ${p95.toFixed(1)} ms`,
    budget: 'p95 ≤ 100 ms',
    met: p95 <= 100,
  };
}

async function sums(index: SqliteTrailIndex): Promise<readonly Row[]> {
  const rows: Row[] = [];
  const measure = async (what: string, work: () => Promise<unknown>) => {
    const start = performance.now();
    let longestMs = 0;
    let last = start;
    const watch = setInterval(() => {
      longestMs = Math.max(longestMs, performance.now() - last);
      last = performance.now();
    }, 1);
    await work();
    clearInterval(watch);
    longestMs = Math.max(longestMs, performance.now() - last);
    const result = `${whole(performance.now() - start)} ms, others wait ${whole(longestMs)} ms at most`;
    rows.push({ what: `trail: ${what}`, result, budget: '' });
  };
  const anything = asked({});
  for (const by of ['app', 'sheet', 'object', 'user', 'hour', 'eventType', 'first-open'] as const) {
    await measure(`summary of everything by ${by}`, () => index.counts(anything, by, 20));
  }
  await measure('summary of 90 days by sheet', () => index.counts(asked(days(90, 90)), 'sheet', 20));
  await measure('summary of 90 days by app', () => index.counts(asked(days(90, 90)), 'app', 20));
  await measure('summary of one type by user', () =>
    index.counts(asked({ eventType: ['event.bookmark'] }), 'user', 20),
  );
  await measure('histogram of everything', () => histogramOf(index, anything, 60));
  await measure('histogram of a broad word', () => histogramOf(index, asked({ q: 'sales' }), 60));
  await measure('histogram of one user', () => histogramOf(index, asked({ user: [userOf(7)] }), 60));
  return rows;
}

function timed(work: () => unknown): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}

function percentile(times: readonly number[], part: number): number {
  const sorted = times.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
}
