import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { chartPicture, screenshotEvent, screenshotLines } from '../../server/test/screenshots/screenshot-home.ts';
import { parquetRows } from '../../server/test/support/parquet-rows.ts';
import { type QlikStandIn, startQlikStandIn } from '../../server/test/support/qlik-stand-in.ts';
import {
  type ChildServer,
  type Core,
  createHome,
  LOAD_CORE,
  parquetDestination,
  pinThisProcess,
  startProduct,
  TOKEN,
} from '../child-server.ts';
import { type LoadResult, runLoad } from '../load/load.ts';
import { type BenchOptions, type Measurement, type Row, whole } from '../measurement.ts';
import { delay, lagOf, untilIdle } from '../product-progress.ts';

const USERS = 20;
const PICTURES_PER_SECOND = 20;
const ORDINARY = { rate: 500, connections: 64 } as const;
const WARM_UP_MS = 3000;
const WARM_UP_PICTURES = 60;
const DELIVERED_WITHIN_MS = 60_000;

interface Run {
  readonly load: LoadResult;
  readonly endedAt: number;
}

/** The stand-in for Qlik Sense is in this process, and has its core in common with the load. */
export function screenshotsOn(core: Core): Measurement {
  const where = core === 'all' ? 'the server has all cores' : 'the server has one core';
  return {
    name: core === 'all' ? 'screenshots' : 'screenshots-one-core',
    about: `500 ordinary events/s while 20 pictures/s are fetched and annotated; ${where}`,
    run: (options) => measure(core, where, options),
  };
}

async function measure(core: Core, where: string, { durationMs, say }: BenchOptions): Promise<readonly Row[]> {
  const unpin = pinThisProcess(LOAD_CORE);
  const qlik = await startQlikStandIn();
  const home = createHome(`${parquetDestination(1000)}${screenshotSection(qlik)}`);
  try {
    for (let i = 0; i < USERS; i++) qlik.setImage(`tempcontent/${i}.png`, await chartPicture(i, 550, 300));
    const server = await startProduct(home, core);
    const load = (ms: number) => runLoad({ url: server.url, durationMs: ms, ...ORDINARY });
    await load(Math.min(WARM_UP_MS, durationMs));
    await Promise.all(postPictures(server, qlik, WARM_UP_PICTURES));
    await untilIdle(server);
    say('  without pictures');
    const idle: Run = { load: await load(durationMs), endedAt: Date.now() };
    await untilIdle(server);
    say('  with pictures');
    const began = Date.now();
    const count = Math.round((durationMs / 1000) * PICTURES_PER_SECOND);
    const pictures = Promise.all(postPictures(server, qlik, count));
    const busy: Run = { load: await load(durationMs), endedAt: Date.now() };
    const ids = new Set(await pictures);
    await untilDelivered(server);
    const delays = await deliveryDelays(home.root);
    const most = Math.max(...Array.from({ length: USERS }, (_, i) => qlik.mostSessionsOf(`LAB\\user${i}`)));
    await server.stop();
    const left = qlik.sessions().length;
    const slowest = (from: number, to: number) =>
      Math.max(0, ...delays.filter(({ at, id }) => at >= from && at <= to && !ids.has(id)).map(({ ms }) => ms));
    return [
      ...acceptRows(where, idle.load, busy.load),
      deliveryRow('  delivered after receipt, without pictures', slowest(0, idle.endedAt), undefined),
      deliveryRow('  delivered after receipt, with pictures', slowest(began, busy.endedAt), 2000),
      picturesRow({ ids, delays, most, left }),
    ];
  } finally {
    home.remove();
    await qlik.close();
    unpin();
  }
}

function screenshotSection(qlik: QlikStandIn): string {
  return `    screenshots:\n${screenshotLines(qlik)
    .map((line) => `      ${line}\n`)
    .join('')}`;
}

/** At fixed times, whatever the server does. @returns the ids of the events, each once it is accepted */
function postPictures(server: ChildServer, qlik: QlikStandIn, count: number): Promise<string>[] {
  return Array.from({ length: count }, async (_, i) => {
    await delay((i * 1000) / PICTURES_PER_SECOND);
    const id = randomUUID();
    const url = qlik.imageUrl(`tempcontent/${i % USERS}.png`);
    const response = await fetch(`${server.url}/api/v1/audit-event`, {
      method: 'POST',
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
      body: JSON.stringify(screenshotEvent(url, `LAB\\user${i % USERS}`, id)),
    });
    await response.arrayBuffer();
    if (response.status !== 202) throw new Error(`an event with a picture got ${response.status}`);
    return id;
  });
}

async function untilDelivered(server: ChildServer): Promise<void> {
  for (let waitedMs = 0; (await lagOf(server, 'parquet')) > 0; waitedMs += 100) {
    if (waitedMs > DELIVERED_WITHIN_MS) throw new Error('not everything was delivered');
    await delay(100);
  }
}

interface Delivery {
  readonly id: string;
  /** When it was received; the 202 comes a little later. */
  readonly at: number;
  /** Until its file was complete. */
  readonly ms: number;
  readonly hasPicture: boolean;
}

async function deliveryDelays(root: string): Promise<readonly Delivery[]> {
  const received = receivedAt(join(root, 'log'));
  const rows = await parquetRows(join(root, 'parquet'), 'eventId, screenshotSavedPaths, filename');
  const written = new Map<string, number>();
  return rows.map(({ eventId, screenshotSavedPaths, filename }) => {
    const [id, file] = [String(eventId), String(filename)];
    if (!written.has(file)) written.set(file, statSync(file).mtimeMs);
    const at = received.get(id) ?? Number.NaN;
    return { id, at, ms: (written.get(file) ?? Number.NaN) - at, hasPicture: screenshotSavedPaths !== null };
  });
}

/** Event ids with the times in the log (docs/event-log-format.md). */
function receivedAt(folder: string): Map<string, number> {
  const times = new Map<string, number>();
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.ndjson'))) {
    for (const line of readFileSync(join(folder, name), 'utf8').split('\n')) {
      const [at, id] = [/"at":"([^"]+)"/.exec(line)?.[1], /"origin":"client","id":"([^"]+)"/.exec(line)?.[1]];
      if (at !== undefined && id !== undefined) times.set(id, Date.parse(at));
    }
  }
  return times;
}

function acceptRows(where: string, idle: LoadResult, busy: LoadResult): readonly Row[] {
  const shown = ({ p50Ms, p99Ms, maxMs, failed, broken }: LoadResult) =>
    `p50 ${p50Ms.toFixed(2)} ms, p99 ${p99Ms.toFixed(2)} ms, max ${maxMs.toFixed(1)} ms, ${failed + broken} refused or broken`;
  const ratio = busy.p99Ms / idle.p99Ms;
  const lost = idle.failed + idle.broken + busy.failed + busy.broken;
  return [
    { what: `500 ordinary events/s; ${where}`, result: shown(idle), budget: '' },
    { what: 'the same beside 20 pictures/s', result: shown(busy), budget: '' },
    { what: '  p99, with / without', result: ratio.toFixed(2), budget: '≤ 2', met: ratio <= 2 && lost === 0 },
  ];
}

function deliveryRow(what: string, ms: number, budgetMs: number | undefined): Row {
  const result = `max ${whole(ms)} ms`;
  if (budgetMs === undefined) return { what, result, budget: '' };
  return { what, result, budget: `≤ ${whole(budgetMs)} ms`, met: ms <= budgetMs };
}

function picturesRow(found: {
  readonly ids: ReadonlySet<string>;
  readonly delays: readonly Delivery[];
  readonly most: number;
  readonly left: number;
}): Row {
  const { ids, delays, most, left } = found;
  const saved = delays.filter(({ id, hasPicture }) => ids.has(id) && hasPicture);
  const slowest = Math.max(0, ...saved.map(({ ms }) => ms));
  return {
    what: 'pictures delivered',
    result: `${saved.length} of ${ids.size}, max ${whole(slowest)} ms, ${most} session of a user at most, ${left} left after stop`,
    budget: 'all, 1, 0',
    met: saved.length === ids.size && most === 1 && left === 0,
  };
}
