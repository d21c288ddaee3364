// Shows what becomes of screenshots, with a Qlik Sense of its own making.
// Usage: npm run demo:screenshots [-- SECONDS]
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { drawObjectPicture } from '../server/src/app/simulate/pictures/object-picture.ts';
import { picturedObjectIds, pictureSubject } from '../server/src/app/simulate/pictures/picture-subject.ts';
import { type QlikStandIn, startQlikStandIn } from '../server/test/support/qlik-stand-in.ts';
import {
  eventually,
  LAUNCHER,
  type RunningServer,
  runCommand,
  startServer,
} from '../server/test/support/running-server.ts';

const TOKEN = 'demo';
const SECONDS = { usual: 12, most: 3600 };

/** With every fact in the header, as the user of each event, and files at once. */
function configuration(qlik: QlikStandIn): string {
  const text = (path: string) => JSON.stringify(path);
  return `Butler-SOS:
  auditEvents:
    host: 127.0.0.1
    port: 0
    apiToken: ${TOKEN}
    eventLog: {directory: log}
    viewer: {port: 0}
    destination:
      enable: true
      type: parquet
      parquet: {exportDirectory: parquet, writeFrequency: 2000}
    screenshots:
      enable: true
      storageTargets:
        - {enable: true, type: flat, directory: screenshots}
      addInImageMetadata:
        {date: true, eventId: true, correlationId: true, selectionTxnId: true, userId: true, appId: true, appName: true, sheetName: true}
      allowedImageDownloadHosts: [localhost]
      auth:
        mode: userTicket
        sessionCache: {enable: true}
        qps:
          host: localhost
          port: ${qlik.qpsPort}
          cert:
            clientCert: ${text(qlik.clientCertPath)}
            clientCertKey: ${text(qlik.clientKeyPath)}
            clientCertCA: ${text(qlik.caPath)}
`;
}

async function simulate(url: string, screenshotHost: string, seconds: number, stopped: AbortSignal): Promise<void> {
  const run = ['--users', '12', '--rate', '20', '--duration', String(seconds)];
  const where = ['--url', url, '--token', TOKEN, '--screenshot-host', screenshotHost];
  const child = spawn(process.execPath, [LAUNCHER, 'simulate', ...where, ...run], { stdio: 'inherit' });
  const end = () => void child.kill();
  stopped.addEventListener('abort', end);
  const [code] = (await once(child, 'close')) as [number | null];
  stopped.removeEventListener('abort', end);
  if (code !== 0 && !stopped.aborted) throw new Error('the users could not be played; what they said is above');
}

async function settled(server: RunningServer, stopped: AbortSignal): Promise<void> {
  const isOver = async () => {
    const answer = await fetch(`${server.viewerUrl}/api/v1/status`);
    const { screenshots } = (await answer.json()) as { screenshots: { waiting: number | null } };
    return screenshots.waiting === 0;
  };
  await eventually(async () => stopped.aborted || (await isOver().catch(() => stopped.aborted)) || undefined, 60_000);
}

async function show(folder: string): Promise<number> {
  const pictures = readdirSync(folder, { recursive: true }).filter((name) => String(name).endsWith('.png'));
  if (pictures.length === 0) {
    process.stdout.write('\nNo picture came. Let it run longer: npm run demo:screenshots -- 30\n');
    return 0;
  }
  const query = `select to_timestamp(timestamp / 1000) as moment, userId, appName,
  json_extract_string(tags, '$.screenshotStatus') as status,
  unnest(coalesce(from_json(screenshotSavedPaths, '["VARCHAR"]'),
    [json_extract_string(tags, '$.screenshotReason')])) as file_or_reason
from '${join(folder.replaceAll(/[[*?]/g, '[$&]'), 'parquet', '*.parquet').replaceAll("'", "''")}'
where screenshotUrl is not null order by moment desc, file_or_reason`;
  process.stdout.write(`\nPictures: ${pictures.length} files in
${join(folder, 'screenshots')}
  …_<correlationId>.png            what the user saw
  …_<correlationId>_metadata.png   the same with a header that explains it
  …_<correlationId>_downloaded.png as it came from Qlik Sense, where a part of
                                   it was cut out

They are found from the rows, with DuckDB (https://duckdb.org) say:

${query};

`);
  const database = await DuckDBInstance.create();
  const connection = await database.connect();
  const rows = (await connection.runAndReadAll(`${query} limit 12`)).getRowsJson();
  connection.closeSync();
  database.closeSync();
  let above = '';
  for (const row of rows) {
    const event = row.slice(0, -1).join(' | ');
    process.stdout.write(`${event === above ? '' : `${event}\n`}    ${row.at(-1)}\n`);
    above = event;
  }
  process.stdout.write(
    '\nThe user of the directory INTERNAL is denied on purpose: no ticket is ever asked for\nsuch users.\n',
  );
  return pictures.length;
}

/** A folder of this run's own, also when two are started in one second. */
function makeFolder(): string {
  const above = resolve(process.env.INIT_CWD ?? '.', 'audit-events');
  const stamp = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '');
  mkdirSync(above, { recursive: true });
  for (let run = 1; ; run++) {
    const folder = join(above, `demo-${stamp}${run === 1 ? '' : `-${run}`}`);
    try {
      mkdirSync(folder);
      return folder;
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown;
    }
  }
}

async function startQlik(): Promise<QlikStandIn> {
  const pictures = new Map<string, Buffer>();
  for (const id of picturedObjectIds()) {
    const subject = pictureSubject(id, []);
    if (subject !== undefined) pictures.set(id, await drawObjectPicture(subject));
  }
  const qlik = await startQlikStandIn({ pictureOf: (path) => pictures.get(basename(path, '.png')) });
  // its keys, however this ends
  process.on('exit', () => rmSync(dirname(qlik.caPath), { recursive: true, force: true }));
  return qlik;
}

/** @returns the exit code */
async function demo(seconds: number, stopped: AbortSignal): Promise<number> {
  const folder = makeFolder();
  const qlik = await startQlik();
  try {
    await play(folder, qlik, seconds, stopped);
  } finally {
    await qlik.close();
  }
  if (!stopped.aborted) return (await show(folder)) > 0 ? 0 : 1;
  process.stdout.write(`Stopped early. What came until then is in\n${folder}\n`);
  return 130;
}

async function play(folder: string, qlik: QlikStandIn, seconds: number, stopped: AbortSignal): Promise<void> {
  const configFile = join(folder, 'demo.yaml');
  writeFileSync(configFile, configuration(qlik));
  const home = { root: folder, configFile, log: '', parquet: '', objectData: '', remove: () => {} };
  const server = await startServer(home);
  process.stdout.write(`A Qlik Sense for show, and a server that keeps its data in\n${folder}\n`);
  try {
    if (!stopped.aborted) await simulate(server.url, `https://localhost:${qlik.httpsPort}`, seconds, stopped);
    await settled(server, stopped);
  } finally {
    await runCommand(home, ['stop']); // a signal would end it in the middle on Windows
    await server.exit();
  }
}

function explained(thrown: unknown): string {
  const { code, syscall, path, message } = thrown as NodeJS.ErrnoException;
  if (syscall === 'mkdtemp') return `no folder can be made in ${tmpdir()} (${code}): set TMPDIR, on Windows TEMP`;
  if (path === undefined) return message;
  return `${path} cannot be written (${code}): start it where you may write, and where there is room`;
}

const [given = String(SECONDS.usual)] = process.argv.slice(2);
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (stop.signal.aborted) process.exit(130);
    process.stdout.write('\nStopping; once more ends at once.\n');
    stop.abort();
  });
}
if (!(Number(given) >= 1 && Number(given) <= SECONDS.most)) {
  process.stderr.write(
    `Usage: npm run demo:screenshots [-- SECONDS], from 1 to ${SECONDS.most}; ${SECONDS.usual} without.\n`,
  );
  process.exitCode = 2;
} else {
  process.exitCode = await demo(Number(given), stop.signal).catch((thrown: unknown) => {
    if (stop.signal.aborted) return 130;
    process.stderr.write(`The demo could not go on: ${explained(thrown)}.\n`);
    return 1;
  });
}
