import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';
import { type TestContext, test } from 'node:test';
import sharp from 'sharp';
import type { TrailEvent, TrailEventDetail, TrailTransaction } from '../../src/domain/trail.ts';
import { parquetRows } from '../support/parquet-rows.ts';
import { createHome, eventually, LAUNCHER, runCommand, startServer } from '../support/running-server.ts';
import { Visitor } from '../trail/trail-world.ts';

/** From where, and only from where, pictures come without a configuration file. */
const PICTURE_PORT = 8184;

interface Program {
  readonly output: () => string;
  readonly exit: Promise<number | null>;
  readonly stop: () => void;
}

/** In an empty folder, without a configuration file, as `npm start` and `npm run simulate` do. */
function start(t: TestContext, root: string, ...args: readonly string[]): Program {
  const child = spawn(process.execPath, [LAUNCHER, ...args], {
    cwd: root,
    env: { ...process.env, INIT_CWD: root },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
  const exit = once(child, 'close').then(([code]) => code as number | null);
  const stop = () => {
    // there a signal ends a process by force
    if (process.platform === 'win32') spawnSync(process.execPath, [LAUNCHER, 'stop', '--root', root]);
    else child.kill('SIGTERM');
  };
  return { output: () => output, exit, stop };
}

function folder(t: TestContext): string {
  const root = mkdtempSync(join(tmpdir(), 'audit-first-minute-'));
  t.after(() => rmSync(root, { recursive: true, force: true, maxRetries: 5 }));
  return root;
}

/** Undefined: somebody listens there. */
function occupy(port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

/** Another simulation on this machine gives it back within a minute. */
async function waitForPicturePort(): Promise<void> {
  await eventually(async () => {
    const server = await occupy(PICTURE_PORT);
    if (server === undefined) return undefined;
    await new Promise((resolve) => server.close(resolve));
    return true;
  }, 60_000).catch(() => assert.fail(`Another program has port ${PICTURE_PORT} of 127.0.0.1: end it for this test.`));
}

test('without a configuration file: a selection, its picture, and how long it was on the screen', async (t) => {
  await waitForPicturePort();
  const root = folder(t);
  const server = start(t, root, 'serve', '--port', '0', '--viewer-port', '0');
  const found = (pattern: RegExp) => pattern.exec(server.output())?.[1];
  const link = await eventually(() => found(/Open, once\s+(\S+)/)).catch(() => assert.fail(server.output()));
  const url = found(/POST events to\s+(http:\/\/\S+?)\/api/) ?? '';
  const pictures = join(root, 'audit-events', 'screenshots');
  assert.match(server.output(), /"from":"127\.0\.0\.1:8184".*pictures come from .*npm run simulate.* alone/);
  assert.equal(found(/^ +pictures +(.+)$/m), pictures);

  const began = Date.now();
  const run = start(t, root, ...['simulate', '--url', url, '--users', '3', '--rate', '60', '--duration', '5']);
  assert.equal(await run.exit, 0, run.output());
  assert.match(run.output(), /Pictures of what they see at http:\/\/127\.0\.0\.1:8184 /);
  assert.match(run.output(), /300 of 300 events acknowledged/);
  assert.doesNotMatch(run.output(), /did not fetch/);

  const visitor = new Visitor(new URL(link).origin);
  assert.equal((await visitor.post('session', { link: link.split('link=')[1] })).status, 200);
  const events = async (query: string): Promise<TrailEvent[]> =>
    (await visitor.read(`events?limit=200&${query}`)).items;
  const taken = await eventually(async () => {
    const all = await events('eventType=screenshot.url.received');
    return all.length > 5 && all.every(({ screenshot }) => screenshot?.status !== 'waiting') ? all : undefined;
  });
  assert.deepEqual([...new Set(taken.map(({ screenshot }) => screenshot?.status))], ['saved']);

  const { user, selectionTxnId, eventId } = await whatWasSeen(taken, events);
  const story: TrailTransaction = await visitor.read(`transactions/${selectionTxnId}`);
  const [selection] = story.steps.map(({ event }) => event);
  assert.equal(selection?.eventType, 'selection.state.changed');
  assert.equal(selection?.user?.id, user?.id);
  assert.match(selection?.selections ?? '', /^.+ = .+/);
  const durations = story.steps.filter(({ event }) => event.eventType === 'object.view.duration');
  assert.ok(durations.length > 0 && durations.every(({ event }) => event.durationMs !== null));
  await checkPictures(visitor, eventId, pictures);
  assert.ok(Date.now() - began < 60_000, 'within a minute');

  server.stop();
  assert.equal(await server.exit, 0, server.output());
  await checkRows(root);
});

/** A picture whose object was looked at, with a duration, in its selection transaction. */
async function whatWasSeen(
  taken: readonly TrailEvent[],
  events: (query: string) => Promise<readonly TrailEvent[]>,
): Promise<TrailEvent> {
  const seen = await events('eventType=object.view.duration');
  const transactions = new Set(seen.map(({ selectionTxnId }) => selectionTxnId));
  return taken.find(({ selectionTxnId }) => transactions.has(selectionTxnId)) ?? assert.fail('none has a duration');
}

/** As it came, what was seen of it, and that below a header that explains it: at the trail, and as files. */
async function checkPictures(visitor: Visitor, eventId: string, root: string): Promise<void> {
  const detail: TrailEventDetail = await visitor.read(`events/${eventId}`);
  assert.deepEqual(detail.screenshots.map(({ role }) => role).sort(), ['annotated', 'downloaded', 'seen']);
  for (const { path, bytes } of detail.screenshots) {
    assert.ok(path.startsWith(root + sep) && /[/\\]\d{4}[/\\]\d\d[/\\]\d\d[/\\][^/\\]+\.png$/.test(path), path);
    assert.equal(readFileSync(path).length, bytes);
  }
  const sizeOf = async (variant: string) => {
    const answer = await visitor.get(`screenshots/${eventId}?variant=${variant}`);
    assert.deepEqual([answer.status, answer.headers.get('content-type')], [200, 'image/png']);
    const { width, height } = await sharp(answer.bytes).metadata();
    return [width, height] as const;
  };
  assert.deepEqual(await sizeOf('original'), [624, 354]);
  const [width, height] = await sizeOf('annotated');
  assert.ok(width === 624 && height > 354 + 8 * 15, 'eight facts above it');
}

async function checkRows(root: string): Promise<void> {
  const rows = await parquetRows(join(root, 'audit-events', 'parquet'));
  assert.equal(new Set(rows.map(({ eventId }) => eventId)).size, 300);
  assert.equal(rows.length, 300);
  for (const { eventType, screenshotSavedPaths } of rows) {
    if (eventType !== 'screenshot.url.received') assert.equal(screenshotSavedPaths, null);
    else for (const path of JSON.parse(String(screenshotSavedPaths))) assert.ok(existsSync(path), path);
  }
  assert.ok(readdirSync(join(root, 'audit-events', 'objectdata')).length > 0);
}

const COMMON = ['--users', '3', '--rate', '100', '--duration', '1'];

test('simulate goes on without pictures where their port is taken, with --no-pictures, and for a server that wants none', async (t) => {
  const taken = (await occupy(0)) ?? assert.fail('no port');
  t.after(() => taken.close());
  const { port } = taken.address() as { port: number };
  const hosts = `      allowedImageDownloadHosts: ["127.0.0.1:${port}"]\n`;
  const target = '      storageTargets: [{enable: true, type: flat, directory: pictures}]\n';
  const sentence = `Port ${port} of 127.0.0.1 is in use by another program, so this run goes on without pictures.\n`;
  const cases = [
    { enable: true, more: [], says: sentence },
    { enable: true, more: ['--no-pictures'], says: '' },
    { enable: false, more: [], says: '' },
  ];
  for (const { enable, more, says } of cases) {
    const home = createHome({ extra: `    screenshots:\n      enable: ${enable}\n${target}${hosts}` });
    t.after(() => home.remove());
    const server = await startServer(home);
    t.after(() => server.kill());
    const run = await runCommand(home, ['simulate', '--url', server.url, ...COMMON, ...more]);
    assert.equal(run.code, 0, run.stderr);
    assert.equal(run.stdout.split('3 users')[0], says);
    await server.stop();
    const urls = await parquetRows(home.parquet, 'screenshotUrl');
    const origins = new Set(
      urls.flatMap((row) => (row.screenshotUrl === null ? [] : [String(row.screenshotUrl).split('/tempcontent/')[0]])),
    );
    assert.deepEqual([...origins], ['https://qlik-sense.example.invalid']);
    assert.ok(!existsSync(join(home.root, 'pictures')) || readdirSync(join(home.root, 'pictures')).length === 0);
  }
});
